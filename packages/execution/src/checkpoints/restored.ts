import { Writer } from '@novacron/base'
import { type CheckpointCertificate, decodeCertificate } from '../checkpoint.ts'
import type { StateRow } from '../persistence.ts'
import { executionTables } from '../tables.ts'
import { type CheckpointVote, decodeVote } from './messages.ts'

/** What the checkpoint machine goes on from. */
export interface RestoredCheckpoints {
  /** Ascending by index. */
  readonly certificates: readonly CheckpointCertificate[]
  /** Own votes for which there was no certificate. */
  readonly votes: readonly CheckpointVote[]
}

/** Key of both checkpoint tables. */
export function checkpointKey(index: number): Uint8Array {
  return new Writer(8).u64(index).finish()
}

/**
 * From all rows of the tables `checkpoint` and `checkpoint-vote`.
 *
 * @throws {Fault<DecodeFault>} for a damaged row: a lost vote must stop the node, or it could sign another in its place
 */
export function restoreCheckpoints(rows: Iterable<StateRow>): RestoredCheckpoints {
  const certificates: CheckpointCertificate[] = []
  const votes: CheckpointVote[] = []
  for (const { table, value } of rows) {
    if (value === undefined) continue
    if (table === executionTables.checkpoint) certificates.push(decodeCertificate(value))
    if (table === executionTables.checkpointVote) votes.push(decodeVote(value))
  }
  certificates.sort((a, b) => a.checkpoint.index - b.checkpoint.index)
  return { certificates, votes }
}
