import type { LoadResult } from '../load/messages.ts'
import type { Agreement } from './agreement.ts'

/** What a local network did, the one JSON object of `devnet --json`. */
export interface Summary extends LoadResult {
  readonly nodes: number
  readonly agreement: boolean
  readonly heads: Agreement['heads']
  readonly protocol: string
}

/** The keys in the order in which they are printed. */
export function summaryOf(
  nodes: number,
  load: LoadResult,
  { agreement, heads }: Agreement,
  protocol: string
): Summary {
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
    protocol
  }
}

export function describeSummary(summary: Summary, compared: number): string {
  const { nodes, protocol, durationSeconds, submitted, committed, latencyMs, heads } = summary
  const lines = [`${nodes} nodes, ${protocol}, ${durationSeconds} s`]
  if (submitted > 0) {
    const rate = summary.transactionsPerSecond
    lines.push(`submitted ${submitted}, committed ${committed}, ${rate} transactions/s`)
    lines.push(`latency p50 ${showLatency(latencyMs.p50)}, p99 ${showLatency(latencyMs.p99)}`)
  }
  lines.push(`agreement ${summary.agreement ? 'yes' : 'NO'}, ${compared} commits compared`)
  for (const { node, index, digest } of heads) lines.push(`  ${node}  ${index}  ${digest}`)
  return lines.map(line => `${line}\n`).join('')
}

export function showLatency(ms: number | null): string {
  return ms === null ? 'never' : `${ms.toFixed(1)} ms`
}
