import { type CommitIndex, Reader, type Write, Writer } from '@novacron/base'
import { indexKey } from '@novacron/consensus'
import type { ExecutedCommit, OrdinalRange } from '@novacron/execution'

/** index -> what became of the transactions of a commit, so that readers of the log know which were applied */
export const outcomeTable = 'outcome'

const rangesMax = 65_535

/** What a reader of the log needs of an executed commit. */
export interface Outcome {
  readonly index: CommitIndex
  readonly transactions: number
  readonly appliedRanges: readonly OrdinalRange[]
}

export function outcomeWrite(executed: ExecutedCommit): Write {
  const writer = Writer.pooled(64).u32(executed.transactions)
  writer.list(boundRanges(executed.appliedRanges), range => writer.u32(range.first).u32(range.last))
  return { type: 'put', table: outcomeTable, key: indexKey(executed.index), value: writer.finish() }
}

/** Beyond the bound the last range is drawn out: a reader sees more as applied, never less. */
function boundRanges(ranges: readonly OrdinalRange[]): readonly OrdinalRange[] {
  const [drawn, last] = [ranges[rangesMax - 1], ranges.at(-1)]
  if (ranges.length <= rangesMax || drawn === undefined || last === undefined) return ranges
  return [...ranges.slice(0, rangesMax - 1), { first: drawn.first, last: last.last }]
}

/** @throws {Fault<DecodeFault>} */
export function decodeOutcome(index: CommitIndex, bytes: Uint8Array): Outcome {
  const reader = new Reader(bytes)
  const transactions = reader.u32()
  const appliedRanges = reader.list('applied ranges', rangesMax, r => ({
    first: r.u32(),
    last: r.u32()
  }))
  reader.end()
  return { index, transactions, appliedRanges }
}
