import type { Digest, Hash } from '@novacron/base'
import {
  type BucketEntry,
  bucketCount,
  bucketOf,
  encodeBucket,
  type FormerValues,
  formerEntries,
  type NamedValue
} from '../buckets/bucket.ts'
import { BucketTree, type KeepsFormer, type TreeImage } from '../buckets/bucket-tree.ts'
import type { ExecutionOptions } from '../options.ts'
import { type ByteKey, byteKeyOf } from './byte-key.ts'
import { OrderedKeys } from './ordered-keys.ts'
import { ValueArena } from './value-arena.ts'

/** Charged for each entry above its bytes: about what the maps and the order cost. */
export const entryOverheadBytes = 64

/** A key's value, and where to find it in its bucket. */
interface Entry extends NamedValue {
  readonly bucket: number
  /** In the list of its bucket. */
  place: number
}

/** All keys of all applications, in memory. A key's first byte is its application. */
export class State {
  readonly #options: ExecutionOptions
  readonly #hash: Hash
  /** By key, which remember their bucket: only a key that is new has to be hashed. */
  readonly #entries = new Map<ByteKey, Entry>()
  readonly #buckets: (Entry[] | undefined)[] = new Array(bucketCount).fill(undefined)
  readonly #charges = new Float64Array(bucketCount)
  readonly #keys = new OrderedKeys()
  readonly #arena = new ValueArena()
  readonly tree: BucketTree
  #sizeBytes = 0

  constructor(options: ExecutionOptions, hash: Hash, keepsFormer?: KeepsFormer) {
    this.#options = options
    this.#hash = hash
    this.tree = new BucketTree(hash, keepsFormer)
  }

  /** The charge of all entries: a function of them alone, so that it survives a restore. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get keyCount(): number {
    return this.#keys.size
  }

  /** The value belongs to the state: do not change it. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.valueOf(byteKeyOf(key))
  }

  valueOf(name: ByteKey): Uint8Array | undefined {
    return this.#entries.get(name)?.value
  }

  /** A buffer for a value that is to be put; all of it is to be written. */
  makeValue(length: number): Uint8Array {
    return this.#arena.make(length)
  }

  /** Takes `value` over. False when there is no room; then nothing has changed. Shrinking always succeeds. */
  put(key: Uint8Array, value: Uint8Array): boolean {
    const name = byteKeyOf(key)
    const entry = this.#entries.get(name)
    const bucket = entry?.bucket ?? bucketOf(key)
    const added = entry === undefined ? chargeOf(name, value) : value.length - entry.value.length
    const { stateBytesMax, bucketBytesMax } = this.#options
    const fits =
      this.#sizeBytes + added <= stateBytesMax &&
      (this.#charges[bucket] as number) + added <= bucketBytesMax
    if (added > 0 && !fits) return false
    this.#write(bucket, name, entry, value)
    return true
  }

  /** For the few entries of fixed size that the executor keeps: they find room even when the state is full. */
  putAlways(key: Uint8Array, value: Uint8Array): void {
    const name = byteKeyOf(key)
    const entry = this.#entries.get(name)
    this.#write(entry?.bucket ?? bucketOf(key), name, entry, value)
  }

  /** False when the key was not there. */
  delete(key: Uint8Array): boolean {
    const name = byteKeyOf(key)
    const entry = this.#entries.get(name)
    if (entry === undefined) return false
    const { bucket, value } = entry
    if (this.tree.touch(bucket)) this.tree.keep(bucket, name, value)
    this.#entries.delete(name)
    this.#removeFromBucket(entry)
    this.#keys.delete(name)
    this.#charge(bucket, -chargeOf(name, value))
    return true
  }

  /** Keys `from <= key`, ascending; do not write while it runs. */
  keysFrom(from: ByteKey): Iterable<ByteKey> {
    return this.#keys.from(from)
  }

  /** A whole seal at once. */
  seal(): TreeImage {
    return this.tree.seal(this.encode)
  }

  /** The encoding of a bucket is about so long, and not longer. */
  readonly bytesOf = (bucket: number): number => this.#charges[bucket] as number

  /** For the tree; the values become views into what is returned. */
  readonly encode = (bucket: number, former: FormerValues | undefined): Uint8Array =>
    encodeBucket(formerEntries(this.#buckets[bucket] ?? [], former))

  /** The root of the entries as they are, from nothing but them: for checks, since it is a pass over everything. */
  root(): Digest {
    const tree = new BucketTree(this.#hash)
    tree.load(
      this.#buckets.flatMap((entries, bucket) => {
        const copies = entries?.map(({ name, value }) => ({ name, value }))
        return copies === undefined ? [] : [[bucket, encodeBucket(copies)] as const]
      })
    )
    return tree.image().root
  }

  /** Fills an empty state with a bucket that the tree already holds: the values stay views into that. */
  load(bucket: number, entries: readonly BucketEntry[]): void {
    for (const { key, value } of entries) this.#insert(bucket, byteKeyOf(key), value)
  }

  #write(bucket: number, name: ByteKey, entry: Entry | undefined, value: Uint8Array): void {
    if (this.tree.touch(bucket)) this.tree.keep(bucket, name, entry?.value)
    if (entry === undefined) this.#insert(bucket, name, value)
    else this.#replace(entry, value)
  }

  #insert(bucket: number, name: ByteKey, value: Uint8Array): void {
    let entries = this.#buckets[bucket]
    if (entries === undefined) {
      entries = []
      this.#buckets[bucket] = entries
    }
    const entry = { name, value, bucket, place: entries.length }
    entries.push(entry)
    this.#entries.set(name, entry)
    this.#keys.add(name)
    this.#charge(bucket, chargeOf(name, value))
  }

  #replace(entry: Entry, value: Uint8Array): void {
    this.#charge(entry.bucket, value.length - entry.value.length)
    entry.value = value
  }

  /** The last takes its place: the order in a bucket is made when it is encoded. */
  #removeFromBucket({ bucket, place }: Entry): void {
    const entries = this.#buckets[bucket] as Entry[]
    const last = entries.pop() as Entry
    if (place < entries.length) {
      entries[place] = last
      last.place = place
    }
    if (entries.length === 0) this.#buckets[bucket] = undefined
  }

  #charge(bucket: number, bytes: number): void {
    this.#sizeBytes += bytes
    this.#charges[bucket] = (this.#charges[bucket] as number) + bytes
  }
}

function chargeOf(key: ByteKey, value: Uint8Array): number {
  return key.length + value.length + entryOverheadBytes
}
