import { compareBytes, decodeFault, type Hash, Reader, Writer } from '@novacron/base'
import { type ByteKey, bytesOfKey } from '../state/byte-key.ts'

export const bucketCount = 4_096
/** More than any bucket's charge allows in one value. */
const valueBytesMax = 0x7fff_ffff

export interface BucketEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** The first 12 bits of SHA-256(key). */
export function bucketOf(key: Uint8Array, hash: Hash): number {
  const digest = hash(key)
  return ((digest[0] as number) << 4) | ((digest[1] as number) >>> 4)
}

/** Ascending by key: key length u16, key, value length u32, value. An empty bucket has no bytes. */
export function encodeBucket(entries: ReadonlyMap<ByteKey, Uint8Array>): Uint8Array {
  let length = 0
  for (const [key, value] of entries) length += 6 + key.length + value.length
  const writer = new Writer(length)
  for (const key of [...entries.keys()].sort(compareKeys)) {
    writer.u16(key.length).raw(bytesOfKey(key))
    writer.bytes(entries.get(key) as Uint8Array)
  }
  return writer.finish()
}

function compareKeys(a: ByteKey, b: ByteKey): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The entries as views.
 *
 * @throws {Fault<DecodeFault>} unless it is the one encoding of entries that all belong into `bucket`.
 */
export function decodeBucket(bytes: Uint8Array, bucket: number, hash: Hash): BucketEntry[] {
  const reader = new Reader(bytes)
  const entries: BucketEntry[] = []
  let last: Uint8Array | undefined
  while (reader.left > 0) {
    const key = reader.raw(reader.u16())
    const value = reader.bytes('bucket value', valueBytesMax)
    if (last !== undefined && compareBytes(last, key) >= 0) {
      throw decodeFault({ code: 'bad-value', field: 'bucket key order', value: `${bucket}` })
    }
    if (bucketOf(key, hash) !== bucket) {
      throw decodeFault({ code: 'bad-value', field: 'bucket of key', value: `${bucket}` })
    }
    entries.push({ key, value })
    last = key
  }
  return entries
}
