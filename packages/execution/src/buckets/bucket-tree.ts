import { assert, type Digest, emptyBytes, type Hash } from '@novacron/base'
import type { ByteKey } from '../state/byte-key.ts'
import { bucketCount, type FormerValues } from './bucket.ts'
import { leafHash, MerkleNodes } from './leaves.ts'
import type { EncodedBucket } from './namespace.ts'

/** One sealed tree: encodings and leaf hashes that belong together. Nothing in it is ever changed. */
export interface TreeImage {
  readonly root: Digest
  /** By bucket; an empty one has no bytes. Shared with the images before and after, as far as they are equal. */
  readonly buckets: readonly Uint8Array[]
  /** 4,096 hashes of 32 bytes. */
  readonly leaves: Uint8Array
}

/** Gives the encoding of a bucket: as it is now, but for what `former` says. */
export type EncodeBucket = (bucket: number, former: FormerValues | undefined) => Uint8Array

/** Must what a change replaces be kept? `isWaiting`: the bucket belongs to a seal, and is not encoded yet. */
export type KeepsFormer = (isWaiting: boolean) => boolean

export const keepsWhileWaiting: KeepsFormer = isWaiting => isWaiting

/** What one hash costs beside its bytes, in bytes that could be encoded and hashed meanwhile; about a microsecond. */
export const hashChargeBytes = 512

/** Hashes of a seal of so many buckets at most: each, and the nodes above it, of which 4,095 are all. */
export function hashesMax(buckets: number): number {
  return buckets + Math.min(Math.log2(bucketCount) * buckets, bucketCount - 1)
}

/**
 * Root hash over 4,096 buckets. It holds encodings and hashes and knows no entries: whoever owns these says which buckets
 * were touched, and encodes them when the tree is sealed.
 *
 * A seal goes in pieces, between which the owner may go on with changes. It is of the moment when it began: what a change
 * replaces in a bucket that is not encoded yet is kept until it is. A value is kept and not the whole bucket encoded, since
 * changes all over the keys would then encode everything within a few commits.
 */
export class BucketTree {
  readonly #hash: Hash
  readonly #keepsFormer: KeepsFormer
  readonly #nodes: MerkleNodes
  #buckets: readonly Uint8Array[] = new Array<Uint8Array>(bucketCount).fill(emptyBytes)
  /** Since the last seal began. */
  readonly #touched = new Set<number>()
  /** 1 for a bucket of the seal that is not encoded yet. */
  readonly #isWaiting = new Uint8Array(bucketCount)
  /** The same, descending. */
  #waiting: number[] = []
  readonly #former = new Map<number, Map<ByteKey, Uint8Array | undefined>>()
  /** The buckets of the seal in the making. */
  #sealing: Uint8Array[] | undefined
  /** Sealed, and not taken to be saved. */
  readonly #unsaved = new Map<number, Uint8Array>()

  constructor(hash: Hash, keepsFormer: KeepsFormer = keepsWhileWaiting) {
    this.#hash = hash
    this.#keepsFormer = keepsFormer
    this.#nodes = new MerkleNodes(hash)
  }

  /** Touched since the last seal began. */
  get touchedBuckets(): ReadonlySet<number> {
    return this.#touched
  }

  /** Values that are kept for the seal in the making. */
  get formerCount(): number {
    let count = 0
    for (const values of this.#former.values()) count += values.size
    return count
  }

  /** Call before each change; then `keep` what it replaces if this says so. */
  touch(bucket: number): boolean {
    this.#touched.add(bucket)
    return this.#keepsFormer(this.#isWaiting[bucket] === 1)
  }

  /** The value before a change, undefined when there was none. Only that before the first one since the seal began counts. */
  keep(bucket: number, name: ByteKey, value: Uint8Array | undefined): void {
    let values = this.#former.get(bucket)
    if (values === undefined) {
      values = new Map()
      this.#former.set(bucket, values)
    }
    if (!values.has(name)) values.set(name, value)
  }

  hasKept(bucket: number, name: ByteKey): boolean {
    return this.#former.get(bucket)?.has(name) === true
  }

  /** What is touched from now on belongs to the next seal. */
  beginSeal(): void {
    assert(this.#sealing === undefined, 'one seal at a time')
    this.#sealing = [...this.#buckets]
    this.#waiting = [...this.#touched].sort((a, b) => b - a)
    for (const bucket of this.#waiting) this.#isWaiting[bucket] = 1
    this.#touched.clear()
  }

  /**
   * Encodes and hashes about `bytesMax` bytes, by one bucket more at most; returns how many it were. Less than `bytesMax` means
   * that nothing is left: `endSeal` gives the image.
   */
  sealPiece(encode: EncodeBucket, bytesMax: number): number {
    let done = 0
    while (done < bytesMax) {
      const bucket = this.#waiting.pop()
      if (bucket === undefined) break
      done += this.#sealBucket(bucket, encode) + hashChargeBytes
    }
    if (done >= bytesMax) return done
    return (
      done + hashChargeBytes * this.#nodes.settle(Math.ceil((bytesMax - done) / hashChargeBytes))
    )
  }

  endSeal(): TreeImage {
    assert(this.#sealing !== undefined && this.#waiting.length === 0, 'a seal that is complete')
    this.#buckets = this.#sealing
    this.#sealing = undefined
    return this.image()
  }

  /** A whole seal at once. */
  seal(encode: EncodeBucket): TreeImage {
    this.beginSeal()
    this.sealPiece(encode, Number.POSITIVE_INFINITY)
    return this.endSeal()
  }

  /** What was sealed or loaded last. */
  image(): TreeImage {
    assert(this.#sealing === undefined, 'no image while a seal is in the making')
    return { root: this.#nodes.root(), buckets: this.#buckets, leaves: this.#nodes.leaves() }
  }

  /** Takes encodings as they are, in place of everything; the caller has checked them. All count as saved. */
  load(encodings: Iterable<EncodedBucket>): void {
    const buckets = [...this.#buckets]
    for (const [bucket, encoding] of encodings) {
      buckets[bucket] = encoding
      this.#nodes.setLeaf(bucket, leafHash(encoding, this.#hash))
    }
    this.#buckets = buckets
  }

  /** What was sealed and the store does not have, ascending; from then on it counts as saved. */
  takeUnsaved(): EncodedBucket[] {
    const unsaved = [...this.#unsaved].sort(([a], [b]) => a - b)
    this.#unsaved.clear()
    return unsaved
  }

  /** The store holds another tree: everything must be written. */
  forgetSaved(): void {
    for (const [bucket, encoding] of this.#buckets.entries()) {
      if (encoding.length > 0) this.#unsaved.set(bucket, encoding)
    }
  }

  #sealBucket(bucket: number, encode: EncodeBucket): number {
    const encoding = encode(bucket, this.#former.get(bucket))
    this.#isWaiting[bucket] = 0
    this.#former.delete(bucket)
    ;(this.#sealing as Uint8Array[])[bucket] = encoding
    this.#nodes.setLeaf(bucket, leafHash(encoding, this.#hash))
    this.#unsaved.set(bucket, encoding)
    return encoding.length
  }
}
