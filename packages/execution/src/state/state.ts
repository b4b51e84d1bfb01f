import { emptyBytes, type Hash } from '@novacron/base'
import { type BucketEntry, bucketCount, bucketOf, encodeBucket } from '../buckets/bucket.ts'
import { BucketTree, type TreeImage } from '../buckets/bucket-tree.ts'
import type { ExecutionOptions } from '../options.ts'
import { type ByteKey, byteKeyOf } from './byte-key.ts'
import { OrderedKeys } from './ordered-keys.ts'

/** Charged for each entry above its bytes: about what the maps and the order cost. */
export const entryOverheadBytes = 64

/** All keys of all applications, in memory. A key's first byte is its application. */
export class State {
  readonly #options: ExecutionOptions
  readonly #hash: Hash
  readonly #buckets: (Map<ByteKey, Uint8Array> | undefined)[] = new Array(bucketCount).fill(
    undefined
  )
  readonly #charges = new Float64Array(bucketCount)
  readonly #keys = new OrderedKeys()
  readonly tree: BucketTree
  #sizeBytes = 0

  constructor(options: ExecutionOptions, hash: Hash) {
    this.#options = options
    this.#hash = hash
    this.tree = new BucketTree(hash)
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
    return this.#buckets[bucketOf(key, this.#hash)]?.get(byteKeyOf(key))
  }

  valueOf(key: ByteKey, bytes: Uint8Array): Uint8Array | undefined {
    return this.#buckets[bucketOf(bytes, this.#hash)]?.get(key)
  }

  /** Takes `value` over. False when there is no room; then nothing has changed. Shrinking always succeeds. */
  put(key: Uint8Array, value: Uint8Array): boolean {
    const bucket = bucketOf(key, this.#hash)
    const name = byteKeyOf(key)
    const added = this.#addedBytes(bucket, name, value)
    const { stateBytesMax, bucketBytesMax } = this.#options
    const fits =
      this.#sizeBytes + added <= stateBytesMax &&
      (this.#charges[bucket] as number) + added <= bucketBytesMax
    if (added > 0 && !fits) return false
    this.#set(bucket, name, value)
    return true
  }

  /** For the few entries of fixed size that the executor keeps: they find room even when the state is full. */
  putAlways(key: Uint8Array, value: Uint8Array): void {
    this.#set(bucketOf(key, this.#hash), byteKeyOf(key), value)
  }

  /** False when the key was not there. */
  delete(key: Uint8Array): boolean {
    const bucket = bucketOf(key, this.#hash)
    const name = byteKeyOf(key)
    const entries = this.#buckets[bucket]
    const old = entries?.get(name)
    if (entries === undefined || old === undefined) return false
    entries.delete(name)
    if (entries.size === 0) this.#buckets[bucket] = undefined
    this.#keys.delete(name)
    this.#charge(bucket, -chargeOf(name, old))
    this.tree.touch(bucket)
    return true
  }

  /** Keys `from <= key`, ascending; do not write while it runs. */
  keysFrom(from: ByteKey): Iterable<ByteKey> {
    return this.#keys.from(from)
  }

  seal(): TreeImage {
    return this.tree.seal(bucket => {
      const entries = this.#buckets[bucket]
      return entries === undefined ? emptyBytes : encodeBucket(entries)
    })
  }

  /** Fills an empty state with a bucket that the tree already holds. Values are copied. */
  load(bucket: number, entries: readonly BucketEntry[]): void {
    for (const { key, value } of entries) this.#insert(bucket, byteKeyOf(key), value.slice())
  }

  #set(bucket: number, name: ByteKey, value: Uint8Array): void {
    this.#insert(bucket, name, value)
    this.tree.touch(bucket)
  }

  #insert(bucket: number, name: ByteKey, value: Uint8Array): void {
    const added = this.#addedBytes(bucket, name, value)
    let entries = this.#buckets[bucket]
    if (entries === undefined) {
      entries = new Map()
      this.#buckets[bucket] = entries
    }
    if (!entries.has(name)) this.#keys.add(name)
    entries.set(name, value)
    this.#charge(bucket, added)
  }

  #addedBytes(bucket: number, name: ByteKey, value: Uint8Array): number {
    const old = this.#buckets[bucket]?.get(name)
    return old === undefined ? chargeOf(name, value) : value.length - old.length
  }

  #charge(bucket: number, bytes: number): void {
    this.#sizeBytes += bytes
    this.#charges[bucket] = (this.#charges[bucket] as number) + bytes
  }
}

function chargeOf(key: ByteKey, value: Uint8Array): number {
  return key.length + value.length + entryOverheadBytes
}
