import {
  type Digest,
  decodeFault,
  digestOf,
  type Epoch,
  type Hash,
  type Millis,
  Reader,
  type ReplicaId,
  Writer
} from '@novacron/base'

/** A batch is bytes: this header and transactions back to back. Its digest is what headers carry; nothing is signed. */
export interface BatchHeader {
  readonly epoch: Epoch
  readonly author: ReplicaId
  /** Counts the author's batches since its start. */
  readonly sequence: number
  readonly createdAt: Millis
  readonly transactionCount: number
}

const batchVersion = 1
export const batchHeaderBytes = 31

export interface Batch {
  readonly digest: Digest
  /** Header and transactions; wire frame, file record and hash input at once. */
  readonly bytes: Uint8Array
}

/** Fills the first `batchHeaderBytes` of `bytes` in place. */
export function writeBatchHeader(bytes: Uint8Array, header: BatchHeader): void {
  const writer = new Writer(batchHeaderBytes)
    .u8(batchVersion)
    .u64(header.epoch)
    .u16(header.author)
    .u64(header.sequence)
    .u64(header.createdAt)
    .u32(header.transactionCount)
  bytes.set(writer.finish())
}

/** @throws {Fault<DecodeFault>} when the header is cut short or of another version. */
export function readBatchHeader(bytes: Uint8Array): BatchHeader {
  const reader = new Reader(bytes)
  const version = reader.u8()
  if (version !== batchVersion) {
    throw decodeFault({ code: 'bad-value', field: 'batch version', value: `${version}` })
  }
  return {
    epoch: reader.u64() as Epoch,
    author: reader.u16() as ReplicaId,
    sequence: reader.u64(),
    createdAt: reader.u64() as Millis,
    transactionCount: reader.u32()
  }
}

/** The transactions of a batch: a view into it. */
export function transactionsOf(batch: Uint8Array): Uint8Array {
  return batch.subarray(batchHeaderBytes)
}

export function batchOf(bytes: Uint8Array, hash: Hash): Batch {
  return { digest: digestOf(hash, bytes), bytes }
}
