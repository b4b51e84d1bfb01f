import { type Digest, emptyBytes, type Hash } from '@novacron/base'
import { bucketCount } from './bucket.ts'
import { leafHash, MerkleNodes } from './leaves.ts'

/** One sealed tree: encodings and leaf hashes that belong together. Nothing in it is ever changed. */
export interface TreeImage {
  readonly root: Digest
  /** By bucket; an empty one has no bytes. Shared with the images before and after, as far as they are equal. */
  readonly buckets: readonly Uint8Array[]
  /** 4,096 hashes of 32 bytes. */
  readonly leaves: Uint8Array
}

/** Gives the encoding of a bucket as it is now. */
export type EncodeBucket = (bucket: number) => Uint8Array

/**
 * Root hash over 4,096 buckets. It holds encodings and hashes and knows no entries: whoever owns these says which buckets
 * were touched, and encodes them when the tree is sealed.
 */
export class BucketTree {
  readonly #hash: Hash
  readonly #nodes: MerkleNodes
  #buckets: readonly Uint8Array[] = new Array<Uint8Array>(bucketCount).fill(emptyBytes)
  readonly #touched = new Set<number>()
  readonly #unsaved = new Set<number>()

  constructor(hash: Hash) {
    this.#hash = hash
    this.#nodes = new MerkleNodes(hash)
  }

  /** Touched since the last seal. */
  get touchedBuckets(): ReadonlySet<number> {
    return this.#touched
  }

  touch(bucket: number): void {
    this.#touched.add(bucket)
  }

  /** Encodes and hashes what was touched since the last time. */
  seal(encode: EncodeBucket): TreeImage {
    if (this.#touched.size > 0) {
      const buckets = [...this.#buckets]
      for (const bucket of this.#touched) {
        const encoding = encode(bucket)
        buckets[bucket] = encoding
        this.#nodes.setLeaf(bucket, leafHash(encoding, this.#hash))
        this.#unsaved.add(bucket)
      }
      this.#buckets = buckets
      this.#touched.clear()
    }
    return { root: this.#nodes.root(), buckets: this.#buckets, leaves: this.#nodes.leaves() }
  }

  /** Takes encodings as they are, in place of everything; the caller has checked them. All count as saved. */
  load(encodings: Iterable<readonly [bucket: number, encoding: Uint8Array]>): void {
    const buckets = [...this.#buckets]
    for (const [bucket, encoding] of encodings) {
      buckets[bucket] = encoding
      this.#nodes.setLeaf(bucket, leafHash(encoding, this.#hash))
    }
    this.#buckets = buckets
  }

  /** What the store does not have, as sealed; from then on it counts as saved. */
  takeUnsaved(): (readonly [bucket: number, encoding: Uint8Array])[] {
    const unsaved = [...this.#unsaved].sort((a, b) => a - b)
    this.#unsaved.clear()
    return unsaved.map(bucket => [bucket, this.#buckets[bucket] as Uint8Array] as const)
  }

  /** The store holds another tree: every bucket must be written, the empty ones too. */
  forgetSaved(): void {
    for (let bucket = 0; bucket < bucketCount; bucket++) this.#unsaved.add(bucket)
  }
}
