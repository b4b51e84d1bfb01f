import type { Digest, Hash } from '@novacron/base'
import { bucketCount, bucketOf, decodeBucket, type FormerValues } from '../buckets/bucket.ts'
import { BucketTree, type KeepsFormer, type TreeImage } from '../buckets/bucket-tree.ts'
import type { ExecutionOptions } from '../options.ts'
import { BucketEncoder } from './bucket-encoder.ts'
import { type ByteKey, byteKeyOf } from './byte-key.ts'
import { EntryIndex } from './entry-index.ts'
import { EntryTable } from './entry-table.ts'
import { KeyOrder } from './key-order.ts'
import type { HashSeed } from './keyed-hash.ts'

/** Charged for each entry above its bytes: about what the maps and the order cost. */
export const entryOverheadBytes = 64

const startScratchBytes = 4_096

/** For simulations and tests, in which nobody searches for keys of equal hashes. */
const knownSeed: HashSeed = [0, 0]

export interface StateNeeds {
  /** Secret where strangers choose keys; it shows in nothing but in how long a key is searched for. */
  readonly hashSeed?: HashSeed
  readonly keepsFormer?: KeepsFormer
}

/** All keys of all applications, in memory. A key's first byte is its application. */
export class State {
  readonly #options: ExecutionOptions
  readonly #hash: Hash
  readonly #table = new EntryTable()
  readonly #index: EntryIndex
  /** Numbers of the table; what was sealed last is in the order of keys, and the rest behind it. */
  readonly #buckets: (number[] | undefined)[] = new Array(bucketCount).fill(undefined)
  readonly #charges = new Float64Array(bucketCount)
  readonly #order = new KeyOrder(entry => this.#table.name(entry))
  /** For the next value. */
  #scratch = new Uint8Array(startScratchBytes)
  readonly tree: BucketTree
  #sizeBytes = 0

  constructor(options: ExecutionOptions, hash: Hash, { hashSeed, keepsFormer }: StateNeeds = {}) {
    this.#options = options
    this.#hash = hash
    this.#index = new EntryIndex(hashSeed ?? knownSeed, entry => this.#table.name(entry))
    this.tree = new BucketTree(hash, keepsFormer)
  }

  /** The charge of all entries: a function of them alone, so that it survives a restore. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get keyCount(): number {
    return this.#order.size
  }

  /** The value belongs to the state: do not change it. */
  get(key: Uint8Array): Uint8Array | undefined {
    const entry = this.#index.find(this.#index.hashOf(key), key)
    return entry === undefined ? undefined : this.#table.value(entry)
  }

  /** A buffer for a value that is to be put before another one is made; all of it is to be written. */
  makeValue(length: number): Uint8Array {
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length)
    return this.#scratch.subarray(0, length)
  }

  /** Copies `value`. False when there is no room; then nothing has changed. Shrinking always succeeds. */
  put(key: Uint8Array, value: Uint8Array): boolean {
    const bucket = bucketOf(key)
    const hash = this.#index.hashOf(key)
    const entry = this.#index.find(hash, key)
    const added =
      entry === undefined ? chargeOf(key, value.length) : value.length - this.#table.length(entry)
    const { stateBytesMax, bucketBytesMax } = this.#options
    const fits =
      this.#sizeBytes + added <= stateBytesMax &&
      (this.#charges[bucket] as number) + added <= bucketBytesMax
    if (added > 0 && !fits) return false
    this.#write({ key, bucket, hash, entry }, value)
    return true
  }

  /** For the few entries of fixed size that the executor keeps: they find room even when the state is full. */
  putAlways(key: Uint8Array, value: Uint8Array): void {
    const hash = this.#index.hashOf(key)
    const entry = this.#index.find(hash, key)
    this.#write({ key, bucket: bucketOf(key), hash, entry }, value)
  }

  /** False when the key was not there. */
  delete(key: Uint8Array): boolean {
    const hash = this.#index.hashOf(key)
    const entry = this.#index.find(hash, key)
    if (entry === undefined) return false
    const name = this.#table.name(entry)
    const bucket = bucketOf(key)
    if (this.tree.touch(bucket)) this.tree.keep(bucket, name, this.#table.value(entry))
    this.#index.delete(hash, entry)
    this.#removeFromBucket(bucket, entry)
    this.#order.delete(name)
    this.#charge(bucket, -chargeOf(name, this.#table.length(entry)))
    this.#table.remove(entry)
    return true
  }

  /** Entries with `from <= key`, ascending; do not write while it runs. */
  *entriesFrom(from: ByteKey): Generator<readonly [name: ByteKey, value: Uint8Array]> {
    for (const entry of this.#order.from(from)) {
      yield [this.#table.name(entry), this.#table.value(entry)]
    }
  }

  /** A whole seal at once. */
  seal(): TreeImage {
    return this.tree.seal(this.encode)
  }

  /** The encoding of a bucket is about so long, and not longer. */
  readonly bytesOf = (bucket: number): number => this.#charges[bucket] as number

  /** For the tree; what did not change since the seal began lies in what is returned from then on. */
  readonly encode = (bucket: number, former: FormerValues | undefined): Uint8Array => {
    const entries = this.#buckets[bucket] ?? []
    const encoder = new BucketEncoder(this.#table, bucket, entries, former)
    const encoding = encoder.seal()
    // In order, so that sorting them for the next seal is quick.
    const sorted = encoder.sealed()
    for (const entry of entries) {
      if (former?.has(this.#table.name(entry)) === true) sorted.push(entry)
    }
    for (const [place, entry] of sorted.entries()) this.#table.setPlace(entry, place)
    this.#buckets[bucket] = sorted.length === 0 ? undefined : sorted
    return encoding
  }

  /** The root of the entries as they are, from nothing but them: for checks, since it is a pass over everything. */
  root(): Digest {
    const tree = new BucketTree(this.#hash)
    tree.load(
      this.#buckets.flatMap((entries, bucket) =>
        entries === undefined
          ? []
          : [[bucket, new BucketEncoder(this.#table, bucket, entries).encode()] as const]
      )
    )
    return tree.image().root
  }

  /**
   * Fills an empty state with a bucket that the tree is to hold: the values stay views into `encoding`.
   *
   * @throws {Fault<DecodeFault>} unless it is the one encoding of entries that all belong into `bucket`
   */
  load(bucket: number, encoding: Uint8Array): void {
    const entries = decodeBucket(encoding, bucket)
    this.#table.setEncoding(bucket, encoding)
    for (const { key, value } of entries) {
      const name = byteKeyOf(key)
      const offset = value.byteOffset - encoding.byteOffset
      const entry = this.#table.addSealed(name, bucket, offset, value.length)
      this.#insert(bucket, this.#index.hashOf(key), entry)
    }
  }

  #write({ key, bucket, hash, entry }: Place, value: Uint8Array): void {
    if (this.tree.touch(bucket)) {
      const former = entry === undefined ? undefined : this.#table.value(entry)
      this.tree.keep(bucket, byteKeyOf(key), former)
    }
    if (entry === undefined) {
      this.#insert(bucket, hash, this.#table.add(byteKeyOf(key), value))
    } else {
      this.#charge(bucket, value.length - this.#table.length(entry))
      this.#table.replace(entry, value)
    }
  }

  #insert(bucket: number, hash: number, entry: number): void {
    const name = this.#table.name(entry)
    let entries = this.#buckets[bucket]
    if (entries === undefined) {
      entries = []
      this.#buckets[bucket] = entries
    }
    this.#table.setPlace(entry, entries.length)
    entries.push(entry)
    this.#index.add(hash, entry)
    this.#order.add(entry, name)
    this.#charge(bucket, chargeOf(name, this.#table.length(entry)))
  }

  /** The last takes its place: the order in a bucket is made when it is encoded. */
  #removeFromBucket(bucket: number, entry: number): void {
    const place = this.#table.place(entry)
    const entries = this.#buckets[bucket] as number[]
    const last = entries.pop() as number
    if (place < entries.length) {
      entries[place] = last
      this.#table.setPlace(last, place)
    }
    if (entries.length === 0) this.#buckets[bucket] = undefined
  }

  #charge(bucket: number, bytes: number): void {
    this.#sizeBytes += bytes
    this.#charges[bucket] = (this.#charges[bucket] as number) + bytes
  }
}

/** Where a key is, or would be. */
interface Place {
  readonly key: Uint8Array
  readonly bucket: number
  readonly hash: number
  readonly entry: number | undefined
}

function chargeOf(key: ByteKey | Uint8Array, valueLength: number): number {
  return key.length + valueLength + entryOverheadBytes
}
