interface BandwidthRun {
  readonly seed: number
  readonly throughput: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface BandwidthStep {
  readonly rate: number
  /** One for each seed. */
  readonly runs: readonly BandwidthRun[]
}

/** What `tools/bandwidth-ratio.ts` prints. */
export interface BandwidthResult {
  readonly replicas: number
  readonly mbit: number
  readonly delayMs: number
  readonly transactionBytes: number
  readonly virtualSeconds: number
  readonly heldP99Ms: number
  /** By ascending rate, up to the first that is not held. */
  readonly protocols: readonly {
    readonly protocol: string
    readonly steps: readonly BandwidthStep[]
  }[]
  readonly date: string
}

/** The section of `docs/benchmarks.md` about what the network alone allows. */
export function bandwidthPage(result: BandwidthResult): string {
  const { replicas, mbit, delayMs, transactionBytes, virtualSeconds, heldP99Ms, protocols } = result
  const lines = protocols.flatMap(({ protocol, steps }) =>
    steps.map(({ rate, runs }) => {
      const range = (of: (run: BandwidthRun) => number) => {
        const [low, high] = [Math.min(...runs.map(of)), Math.max(...runs.map(of))]
        return low === high ? `${low}` : `${low} to ${high}`
      }
      return `| ${protocol} | ${rate} | ${range(run => run.throughput)} | ${range(run => run.p50Ms)} | ${range(run => run.p99Ms)} |`
    })
  )
  return `## Narrow interfaces, with processors that take no time

\`node -C @novacron/source tools/bandwidth-ratio.ts\`, ${result.date}: the machines of the protocols in virtual time, ${replicas} replicas
with ${mbit} Mbit/s each, out and in, ${delayMs} ms one way, ${transactionBytes}-byte transactions for ${virtualSeconds} s, disks and processors that take no time. It
shows what the network allows where the processors of one machine do not bear so many daemons; it is no measurement of daemons, and
the goal of the ratio, which is one, is not met by it. Rates rise in equal steps until a seed has a p99 of more than ${heldP99Ms} ms.
${ratioLine(result)} The whole result is [bandwidth-ratio.json](benchmarks/bandwidth-ratio.json).

| protocol | offered tx/s | answered tx/s | p50 ms | p99 ms |
|---|---|---|---|---|
${lines.join('\n')}
`
}

/** From below: what the one holds, to the first rate that the other does not. */
export function ratioLine({ protocols }: Pick<BandwidthResult, 'protocols'>): string {
  const stepsOf = (name: string) => protocols.find(each => each.protocol === name)?.steps ?? []
  const held = stepsOf('bullshark-turbo').at(-2)?.rate
  const [leaderHeld, leaderLost] = stepsOf('single-leader').slice(-2)
  if (held === undefined || leaderHeld === undefined || leaderLost === undefined) {
    return 'No rate was held.'
  }
  const [least, most] = [held / leaderLost.rate, held / leaderHeld.rate]
  return `bullshark-turbo holds ${held} tx/s, the single leader ${leaderHeld.rate} and not ${leaderLost.rate}: **${least.toFixed(1)} to ${most.toFixed(1)} times** as much.`
}
