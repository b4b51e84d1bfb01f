interface BandwidthRun {
  readonly rate: number
  readonly throughput: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** What `tools/bandwidth-ratio.ts` prints. */
export interface BandwidthResult {
  readonly replicas: number
  readonly mbit: number
  readonly delayMs: number
  readonly transactionBytes: number
  readonly virtualSeconds: number
  /** By ascending rate, up to the first that is not held. */
  readonly protocols: readonly {
    readonly protocol: string
    readonly runs: readonly BandwidthRun[]
    readonly held?: BandwidthRun
  }[]
  readonly date: string
}

/** The section of `docs/benchmarks.md` about what the network alone allows. */
export function bandwidthPage(result: BandwidthResult): string {
  const { replicas, mbit, delayMs, transactionBytes, virtualSeconds, protocols, date } = result
  const lines = protocols.flatMap(({ protocol, runs }) =>
    runs.map(
      ({ rate, throughput, p50Ms, p99Ms }) =>
        `| ${protocol} | ${rate} | ${throughput} | ${p50Ms} | ${p99Ms} |`
    )
  )
  return `## Narrow interfaces, with processors that take no time

\`node -C @novacron/source tools/bandwidth-ratio.ts\`, ${date}: the same machines of the protocols in virtual time, ${replicas} replicas with
${mbit} Mbit/s each, out and in, ${delayMs} ms one way, ${transactionBytes}-byte transactions, ${virtualSeconds} s, disks and processors that take no time. It shows what the
network allows where the processors of one machine do not bear so many daemons; it is no measurement of them. Rates rise until p99 is
over 500 ms. ${ratioLine(protocols)}

| protocol | offered tx/s | answered tx/s | p50 ms | p99 ms |
|---|---|---|---|---|
${lines.join('\n')}
`
}

function ratioLine([ours, leader]: BandwidthResult['protocols']): string {
  if (ours?.held === undefined || leader?.held === undefined) return 'No rate was held.'
  const ratio = (ours.held.rate / leader.held.rate).toFixed(1)
  return `${ours.protocol} holds ${ours.held.rate} tx/s and ${leader.protocol} ${leader.held.rate}: **${ratio} times** as much.`
}
