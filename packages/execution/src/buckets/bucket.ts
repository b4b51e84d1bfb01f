import { compareBytes, decodeFault, emptyBytes, Reader, writeU32 } from '@novacron/base'
import type { ByteKey } from '../state/byte-key.ts'

export const bucketCount = 4_096
/** More than any bucket's charge allows in one value. */
const valueBytesMax = 0x7fff_ffff

export interface BucketEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/**
 * 12 bits of FNV-1a over the key, stirred by the finalizer of MurmurHash3 so that keys which differ in their last bytes alone are
 * spread as well. Whoever wants keys of one bucket finds them under any hash, by a few thousand trials each.
 */
export function bucketOf(key: Uint8Array): number {
  let mixed = 0x811c_9dc5
  for (let i = 0; i < key.length; i++) mixed = Math.imul(mixed ^ (key[i] as number), 0x0100_0193)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 16)) >>> 20
}

/** What changed in a bucket since its seal began, by name: the value of then, or undefined for what was not there. */
export type FormerValues = ReadonlyMap<ByteKey, Uint8Array | undefined>

/** What a bucket is made of, before it is encoded. */
export interface NamedValue {
  readonly name: ByteKey
  readonly value: Uint8Array
}

/** Beside key and value. */
export const entryHeadBytes = 6

/** Ascending by key: key length u16, key, value length u32, value. An empty bucket has no bytes. */
export function encodeBucket(entries: readonly NamedValue[]): Uint8Array {
  if (entries.length === 0) return emptyBytes
  let length = 0
  for (const { name, value } of entries) length += entryHeadBytes + name.length + value.length
  const bytes = new Uint8Array(length)
  let at = 0
  for (const { name, value } of entries.toSorted((a, b) => compareNames(a.name, b.name))) {
    at = writeEntry(bytes, at, name, value)
  }
  return bytes
}

/** One entry of an encoding; returns where the next one begins. */
export function writeEntry(
  bytes: Uint8Array,
  start: number,
  name: ByteKey,
  value: Uint8Array
): number {
  let at = start
  bytes[at] = name.length >>> 8
  bytes[at + 1] = name.length & 0xff
  at += 2
  for (let i = 0; i < name.length; i++) bytes[at + i] = name.charCodeAt(i)
  at += name.length
  writeU32(bytes, at, value.length)
  at += 4
  bytes.set(value, at)
  return at + value.length
}

/** The entries of a bucket as they were before the changes that `former` tells of. */
export function formerEntries(
  entries: readonly NamedValue[],
  former: FormerValues | undefined
): readonly NamedValue[] {
  if (former === undefined) return entries
  const before = entries.filter(({ name }) => !former.has(name))
  for (const [name, value] of former) if (value !== undefined) before.push({ name, value })
  return before
}

export function compareNames(a: ByteKey, b: ByteKey): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * The entries as views.
 *
 * @throws {Fault<DecodeFault>} unless it is the one encoding of entries that all belong into `bucket`.
 */
export function decodeBucket(bytes: Uint8Array, bucket: number): BucketEntry[] {
  const reader = new Reader(bytes)
  const entries: BucketEntry[] = []
  let last: Uint8Array | undefined
  while (reader.left > 0) {
    const key = reader.raw(reader.u16())
    const value = reader.bytes('bucket value', valueBytesMax)
    if (last !== undefined && compareBytes(last, key) >= 0) {
      throw decodeFault({ code: 'bad-value', field: 'bucket key order', value: `${bucket}` })
    }
    if (bucketOf(key) !== bucket) {
      throw decodeFault({ code: 'bad-value', field: 'bucket of key', value: `${bucket}` })
    }
    entries.push({ key, value })
    last = key
  }
  return entries
}
