/** What `tools/commit-delays.ts` prints. */
export interface CommitDelays {
  readonly delayMs: number
  readonly virtualSeconds: number
  readonly rows: readonly {
    readonly replicas: number
    readonly isOneGone: boolean
    readonly mode: string
    readonly messageDelays: { readonly mean: number; readonly p50: number; readonly p99: number }
    readonly clientMs: { readonly p50: number; readonly p99: number }
    readonly commits: number
  }[]
  readonly date: string
}

/** The section of `docs/benchmarks.md` about message delays. */
export function commitDelaysPage({ delayMs, virtualSeconds, rows, date }: CommitDelays): string {
  const lines = rows.map(({ replicas, isOneGone, mode, messageDelays, clientMs, commits }) => {
    const where = isOneGone ? `${replicas}, one of them gone` : `${replicas}`
    const { mean, p50, p99 } = messageDelays
    return `| ${where} | ${mode} | ${mean.toFixed(2)} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${clientMs.p50} | ${clientMs.p99} | ${commits} |`
  })
  return `## Message delays from a header to its commit

\`node -C @novacron/source tools/commit-delays.ts\`, ${date}: virtual time in the simulator, ${delayMs} ms one way on every link, disks and
processors that take no time, one client for each replica with 50 requests a second, ${virtualSeconds} s. A delay is that of one
message; it is counted from the header's making to the moment at which each place has ordered the vertex, over all vertices and
places. The client's time is from its request to the answer, so it has the wait for the next header in it.

| replicas | mode | mean | p50 | p99 | client p50 ms | client p99 ms | commits |
|---|---|---|---|---|---|---|---|
${lines.join('\n')}
`
}
