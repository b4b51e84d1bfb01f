import { assert, type Digest, emptyBytes, equalBytes, type Hash, toHex } from '@novacron/base'
import { bucketCount } from './bucket.ts'

export const hashBytes = 32
/** All leaf hashes of a tree back to back. */
export const leavesBytes: number = bucketCount * hashBytes

// A leaf is never taken for an inner node (RFC 6962, section 2.1).
const leafTag = 0
const innerTag = 1

/** Hash of one encoded bucket. */
export function leafHash(encoding: Uint8Array, hash: Hash): Uint8Array {
  const tagged = new Uint8Array(1 + encoding.length)
  tagged[0] = leafTag
  tagged.set(encoding, 1)
  return hash(tagged)
}

/** The leaf of every bucket without entries. */
export function emptyLeaf(hash: Hash): Uint8Array {
  return leafHash(emptyBytes, hash)
}

export function leafOf(leaves: Uint8Array, bucket: number): Uint8Array {
  return leaves.subarray(bucket * hashBytes, (bucket + 1) * hashBytes)
}

/** Does this encoding belong into `bucket` of the tree with these leaves? */
export function isBucketOf(
  leaves: Uint8Array,
  bucket: number,
  encoding: Uint8Array,
  hash: Hash
): boolean {
  return equalBytes(leafOf(leaves, bucket), leafHash(encoding, hash))
}

/** Root over 4,096 leaf hashes. */
export function rootOfLeaves(leaves: Uint8Array, hash: Hash): Digest {
  assert(leaves.length === leavesBytes, `leaves: ${leaves.length} bytes`)
  const nodes = new MerkleNodes(hash)
  for (let bucket = 0; bucket < bucketCount; bucket++) nodes.setLeaf(bucket, leafOf(leaves, bucket))
  return nodes.root()
}

/** The nodes of a tree without entries, by hash: shared by all trees that have none yet, and copied by the first write. */
const emptyTrees = new WeakMap<Hash, Uint8Array>()

/** The binary tree over the leaves, at first of empty buckets; only what lies above a changed leaf is hashed again. */
export class MerkleNodes {
  readonly #hash: Hash
  /** Node i has the children 2i and 2i + 1; 1 is the root, the leaves begin at 4,096. */
  #nodes: Uint8Array
  #isShared = true
  readonly #pair = new Uint8Array(1 + 2 * hashBytes)
  /** Inner nodes of one level that are to be hashed again, and those of the level above. */
  #stale = new Set<number>()
  #staleAbove = new Set<number>()

  constructor(hash: Hash) {
    this.#hash = hash
    this.#pair[0] = innerTag
    let empty = emptyTrees.get(hash)
    if (empty === undefined) {
      empty = this.#filled(emptyLeaf(hash))
      emptyTrees.set(hash, empty)
    }
    this.#nodes = empty
  }

  /** All leaves equal: one hash for each level in place of one for each node. */
  #filled(leaf: Uint8Array): Uint8Array {
    const nodes = new Uint8Array(2 * bucketCount * hashBytes)
    let hash = leaf
    for (let first = bucketCount; first >= 1; first >>>= 1) {
      for (let node = first; node < 2 * first; node++) nodes.set(hash, node * hashBytes)
      this.#pair.set(hash, 1)
      this.#pair.set(hash, 1 + hashBytes)
      hash = this.#hash(this.#pair)
    }
    return nodes
  }

  setLeaf(bucket: number, leaf: Uint8Array): void {
    if (this.#isShared) this.#nodes = this.#nodes.slice()
    this.#isShared = false
    const node = bucketCount + bucket
    this.#nodes.set(leaf, node * hashBytes)
    this.#stale.add(node >>> 1)
  }

  /** A copy of all leaf hashes. */
  leaves(): Uint8Array {
    return this.#nodes.slice(bucketCount * hashBytes)
  }

  /** Hashes at most so many inner nodes above leaves that changed, and returns how many; set all leaves before. */
  settle(nodesMax: number): number {
    let done = 0
    while (this.#stale.size > 0) {
      for (const node of this.#stale) {
        if (done >= nodesMax) return done
        this.#settleOne(node)
        done++
      }
      const settled = this.#stale
      this.#stale = this.#staleAbove
      this.#staleAbove = settled
    }
    return done
  }

  root(): Digest {
    this.settle(Number.POSITIVE_INFINITY)
    return toHex(this.#nodes.subarray(hashBytes, 2 * hashBytes)) as Digest
  }

  #settleOne(node: number): void {
    const children = 2 * node * hashBytes
    this.#pair.set(this.#nodes.subarray(children, children + 2 * hashBytes), 1)
    this.#nodes.set(this.#hash(this.#pair), node * hashBytes)
    this.#stale.delete(node)
    if (node > 1) this.#staleAbove.add(node >>> 1)
  }
}
