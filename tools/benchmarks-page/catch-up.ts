/** A result of `novacron bench catch-up --json`, as far as the page shows it. */
export interface CatchUpResult {
  readonly settings: {
    readonly nodes: number
    readonly transactionBytes: number
    readonly ratePerSecond: number
    readonly behindRounds: number
    readonly closeCommits: number
    readonly withinSeconds: number
    readonly changed: object
  }
  readonly gapAtStart: { readonly rounds: number; readonly commits: number }
  readonly secondsAway: number
  readonly secondsToAnswer: number | null
  readonly secondsToCatchUp: number | null
  readonly commitsPerSecondCaughtUp: {
    readonly mean: number | null
    readonly fifths: readonly number[]
    readonly leastOverMean: number | null
  }
  readonly snapshotAdopted: boolean
  readonly ownCpuPerSecond: number | null
  readonly others: {
    readonly before: Phase
    readonly away: Phase
    readonly during: Phase
    readonly ratio: { readonly [of in 'throughput' | 'p50' | 'p99' | 'cpu']: number | null }
  }
  readonly agreement: boolean
  readonly protocol: string
  readonly encryption: string
  readonly plane: string
  readonly environment: {
    readonly cpu: string
    readonly cores: number
    readonly node: string
    readonly date: string
    readonly loadAverage: readonly number[]
  }
}

interface Phase {
  readonly seconds: number
  readonly throughput: number
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null }
  readonly cpuPerSecond: number
  readonly roundsPerSecond: number
}

/** What catching up may cost the others. */
const costMax = 0.1

/** The section about catching up. */
export function catchUpPage(result: CatchUpResult): string {
  const { settings, gapAtStart, others, commitsPerSecondCaughtUp: speed, environment } = result
  const { before, away, during, ratio } = others
  const { nodes, ratePerSecond, transactionBytes, changed } = settings
  const load = environment.loadAverage.map(value => value.toFixed(1)).join(', ')
  const odd = Object.keys(changed).length === 0 ? '' : `, ${JSON.stringify(changed)}`
  return `## Catching up under load

\`novacron bench catch-up --json\`: ${nodes} daemons (${result.protocol}, ${result.encryption}, ${result.plane}, durable${odd}) under ${ratePerSecond} transactions of ${transactionBytes} bytes a second. One is
killed, and started again on its data when the others are ${gapAtStart.rounds} rounds (${gapAtStart.commits} commits) ahead, ${result.secondsAway} s later. It has caught up
when it lacks ${settings.closeCommits} commits at most. Clients submit to the other daemons alone. ${environment.date}, ${environment.cpu},
${environment.cores} cores for all daemons and clients (load average before ${load}), Node ${environment.node};
[catch-up.json](benchmarks/catch-up.json) has every second of it.

- ${endOf(result)}
- ${show(speed.mean)} commits a second from its first answer on; by fifths of the way ${speed.fifths.join(', ') || '-'}: the slowest has ${show(speed.leastOverMean)} of the mean
- it used ${show(result.ownCpuPerSecond)} CPU seconds a second; agreement: ${result.agreement ? 'yes' : '**no**'}

| the other daemons | s | committed tx/s | p50 ms | p99 ms | CPU s/s, together | rounds/s |
|---|---|---|---|---|---|---|
${rowOf('before, with all', before)}
${rowOf('while it was away', away)}
${rowOf('while it caught up', during)}
| during over before | | ${show(ratio.throughput)} | ${show(ratio.p50)} | ${show(ratio.p99)} | ${show(ratio.cpu)} | |

The goal is that it costs the others less than ${100 * costMax} % of what they order: ${verdictOf(ratio.throughput)}.
`
}

function endOf({
  settings,
  secondsToCatchUp,
  secondsToAnswer,
  snapshotAdopted
}: CatchUpResult): string {
  if (secondsToCatchUp === null) return `**not** caught up in ${settings.withinSeconds} s`
  const way = snapshotAdopted ? 'with a snapshot' : 'commit by commit'
  return `caught up in ${secondsToCatchUp} s, ${way}; it answered after ${show(secondsToAnswer)} s`
}

function rowOf(name: string, { seconds, throughput, latencyMs, ...phase }: Phase): string {
  const { p50, p99 } = latencyMs
  const { cpuPerSecond, roundsPerSecond } = phase
  const times = [showMs(p50), showMs(p99), cpuPerSecond.toFixed(2), roundsPerSecond.toFixed(1)]
  const cells = [name, seconds, throughput, ...times]
  return `| ${cells.join(' | ')} |`
}

function verdictOf(throughput: number | null): string {
  if (throughput === null) return '**not known**'
  return throughput > 1 - costMax ? '**reached**' : '**not reached**'
}

function show(value: number | null): string {
  return value === null ? '-' : String(value)
}

function showMs(ms: number | null): string {
  return ms === null ? 'never' : ms.toFixed(1)
}
