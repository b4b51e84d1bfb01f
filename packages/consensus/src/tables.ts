import { type Epoch, type ReplicaId, type Round, Writer } from '@novacron/base'

/** Tables of the consensus layer. Keys are big-endian, so that ranges sort. */
export const tables = {
  /** (epoch, round, author) -> certificate */
  certificate: 'certificate',
  /** (epoch, round, author) -> signed header that was proposed or voted for */
  header: 'header',
  /** (epoch, index, 0) -> entry of a single leader's log, committed or not */
  entry: 'entry',
  /** index -> committed sub-DAG */
  commit: 'commit',
  /** What this replica has signed last; kept in its own synced file outside the database. */
  signed: 'signed',
  /** name -> value */
  meta: 'meta'
} as const

export const emptyKey: Uint8Array = new Uint8Array(0)
/** Above every key of a table. */
export const endKey: Uint8Array = new Uint8Array(40).fill(0xff)

export function slotKey(epoch: Epoch, round: Round, author: ReplicaId): Uint8Array {
  return new Writer(18).u64(epoch).u64(round).u16(author).finish()
}

/** First key of a round. */
export function roundKey(epoch: Epoch, round: Round): Uint8Array {
  return new Writer(16).u64(epoch).u64(round).finish()
}

export function indexKey(index: number): Uint8Array {
  return new Writer(8).u64(index).finish()
}
