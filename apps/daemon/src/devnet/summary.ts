import type { LoadResult } from '../load/messages.ts'
import { countOf } from '../settings.ts'
import type { Agreement } from './agreement.ts'

/** What a local network did, the one JSON object of `devnet --json`. */
export interface Summary extends LoadResult {
  readonly nodes: number
  readonly agreement: boolean
  readonly heads: Agreement['heads']
  readonly protocol: string
  /** Daemons that ended without having been asked to. */
  readonly crashed: readonly string[]
}

/** The keys in the order in which they are printed. */
export function summaryOf(found: {
  readonly nodes: number
  readonly load: LoadResult
  readonly agreed: Agreement
  readonly protocol: string
  readonly crashed: readonly string[]
}): Summary {
  const { nodes, load, agreed, protocol, crashed } = found
  const { agreement, heads } = agreed
  const { durationSeconds, submitted, committed, transactionsPerSecond, latencyMs } = load
  return {
    nodes,
    durationSeconds,
    submitted,
    committed,
    transactionsPerSecond,
    latencyMs,
    agreement,
    heads,
    protocol,
    crashed
  }
}

/** Why a run has failed; Ctrl-C before the first commit is no failure. */
export function failuresOf(
  summary: Summary,
  { isEmpty }: Agreement,
  isInterrupted: boolean
): readonly string[] {
  const { crashed, submitted, committed, agreement } = summary
  const failures: string[] = []
  if (crashed.length > 0) {
    failures.push(`${crashed.join(', ')} ended without having been told to`)
  }
  if (committed !== submitted) {
    failures.push(`${submitted - committed} of ${submitted} transactions were not committed`)
  }
  if (isEmpty && !isInterrupted) failures.push('there was nothing to compare')
  if (!agreement && !isEmpty) failures.push('not all nodes were seen to agree')
  return failures
}

export function describeSummary(summary: Summary, { compared, isEmpty }: Agreement): string {
  const { nodes, protocol, durationSeconds, submitted, committed, latencyMs, heads } = summary
  const lines = [`${countOf(nodes, 'node')}, ${protocol}, ${durationSeconds} s`]
  if (submitted > 0) {
    const rate = summary.transactionsPerSecond
    lines.push(`submitted ${submitted}, committed ${committed}, ${rate} transactions/s`)
    lines.push(`latency p50 ${showLatency(latencyMs.p50)}, p99 ${showLatency(latencyMs.p99)}`)
  }
  lines.push(
    isEmpty
      ? 'agreement unknown, there was nothing to compare'
      : `agreement ${summary.agreement ? 'yes' : 'NO'}, ${countOf(compared, 'commit')} compared`
  )
  for (const { node, index, digest } of heads) lines.push(`  ${node}  ${index}  ${digest}`)
  return lines.map(line => `${line}\n`).join('')
}

export function showLatency(ms: number | null): string {
  return ms === null ? 'never' : `${ms.toFixed(1)} ms`
}
