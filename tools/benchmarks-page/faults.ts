/** What `novacron simulate bullshark --replicas 10 --seeds 1000 --json` printed, as far as the page shows it. */
export interface SeedsResult {
  readonly protocol: string
  readonly replicas: number
  readonly seeds: number
  readonly passed: number
  readonly failed: readonly { readonly seed: number; readonly verdict: string }[]
  readonly virtualSeconds: number
  readonly steps: number
  readonly traceHash: string
  readonly virtualSecondsPerSecond: number
  readonly virtualSecondsPerCpuSecond: number
  readonly workers: number
}

/** What `novacron chaos --scenario all --json` printed, as far as the page shows it. */
export interface ChaosResult {
  readonly nodes: number
  readonly seed: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly scenarios: readonly {
    readonly name: string
    readonly verdict: 'passed' | 'failed' | 'skipped'
    readonly recoveryMs: number | null
    readonly acknowledged: number
    readonly lost: number
    readonly duplicated: number
    readonly counts?: Readonly<Record<string, number>>
    readonly notes: readonly string[]
  }[]
}

/** The section about seeds of the simulator. */
export function seedsPage({ failed, ...result }: SeedsResult): string {
  const { protocol, replicas, seeds, passed, virtualSeconds, steps, traceHash } = result
  const verdicts = failed.map(({ seed, verdict }) => `seed ${seed} ${verdict}`).join(', ')
  return `## A thousand seeds

\`novacron simulate ${protocol} --replicas ${replicas} --seeds ${seeds} --json\` ([simulate-1000.json](benchmarks/simulate-1000.json)):
${passed} of ${seeds} passed${failed.length === 0 ? '' : ` (${verdicts})`}, in ${Math.round(virtualSeconds)} virtual seconds and ${steps} steps, ${result.virtualSecondsPerSecond} virtual
seconds a second with ${result.workers} workers (${result.virtualSecondsPerCpuSecond} for each second of CPU). Digest of all traces:
\`${traceHash}\`.
`
}

/** The section about real daemons that were broken. */
export function chaosPage({
  nodes,
  seed,
  passed,
  failed,
  skipped,
  scenarios
}: ChaosResult): string {
  const lost = scenarios.reduce((sum, each) => sum + each.lost, 0)
  const duplicated = scenarios.reduce((sum, each) => sum + each.duplicated, 0)
  return `## Broken on purpose

\`novacron chaos --nodes ${nodes} --scenario all --seed ${seed} --json\` ([chaos-all.json](benchmarks/chaos-all.json)): ${passed} passed,
${failed} failed, ${skipped} skipped; of what was acknowledged ${lost} lost, ${duplicated} doubled. What is asked for is in
[testing.md](testing.md); recovery in milliseconds.

| scenario | verdict | recovery | acknowledged | lost | doubled |
|---|---|---|---|---|---|
${scenarios.map(rowOf).join('\n')}
`
}

/** The paragraph about many crashes of real daemons, one after another: `novacron chaos --scenario kill-9-mid-write --json`. */
export function killsPage({ nodes, seed, scenarios }: ChaosResult): string {
  return scenarios
    .map(({ name, verdict, counts, acknowledged, lost, duplicated, recoveryMs, notes }) => {
      const how = verdict === 'passed' ? verdict : `**${verdict}** (${notes[0] ?? ''})`
      return `\`novacron chaos --nodes ${nodes} --scenario ${name} --seed ${seed} --json\` for longer ([kill-9-200.json](benchmarks/kill-9-200.json)): ${how};
${counts?.kills ?? 0} kills of real daemons, ${acknowledged} transactions acknowledged, ${lost} lost, ${duplicated} doubled, recovered in ${recoveryMs ?? '-'} ms
after the last.
`
    })
    .join('\n')
}

function rowOf(scenario: ChaosResult['scenarios'][number]): string {
  const { name, verdict, recoveryMs, acknowledged, lost, duplicated, notes } = scenario
  // Of what failed, the first note says why.
  const how = verdict === 'passed' ? verdict : `**${verdict}**: ${notes[0] ?? ''}`
  return `| ${[name, how, recoveryMs ?? '-', acknowledged, lost, duplicated].join(' | ')} |`
}
