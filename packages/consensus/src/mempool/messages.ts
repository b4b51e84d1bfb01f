import { type Digest, decodeFault, type Hash, Reader, unreachable, Writer } from '@novacron/base'
import type { MessageCodec } from '../orderer.ts'
import { type Batch, batchOf } from './batch.ts'

export type MempoolMessage =
  | { readonly type: 'batch'; readonly batch: Batch }
  | { readonly type: 'pull-batches'; readonly digests: readonly Digest[] }

export const pullBatchesLimit = 256

/** u8 kind, then the batch as it is, or the digests. The digest of a batch is computed from its bytes, never believed. */
export function mempoolCodec(hash: Hash): MessageCodec<MempoolMessage> {
  return {
    encode(message) {
      switch (message.type) {
        case 'batch':
          return new Writer(message.batch.bytes.length + 1).u8(0).raw(message.batch.bytes).finish()
        case 'pull-batches':
          return new Writer(64)
            .u8(1)
            .list(message.digests, (digest, writer) => writer.digest(digest))
            .finish()
        default:
          return unreachable(message)
      }
    },
    decode(bytes) {
      const reader = new Reader(bytes)
      const kind = reader.u8()
      if (kind === 0) return { type: 'batch', batch: batchOf(reader.raw(reader.left), hash) }
      if (kind !== 1) {
        throw decodeFault({ code: 'bad-value', field: 'mempool message kind', value: `${kind}` })
      }
      const digests = reader.list('digests', pullBatchesLimit, r => r.digest())
      reader.end()
      return { type: 'pull-batches', digests }
    }
  }
}
