import { equalBytes, type Hash } from '@novacron/base'
import { bucketCount } from '../buckets/bucket.ts'
import { emptyLeaf, leafOf } from '../buckets/leaves.ts'
import { type EncodedBucket, type Namespace, namespaces } from '../buckets/namespace.ts'
import type { Checkpoint } from '../checkpoint.ts'
import type { SnapshotRules } from './rules.ts'

interface Tree {
  leaves: Uint8Array | undefined
  /** Without leaves, buckets of another download that may or may not fit; with them, verified ones. */
  readonly buckets: Map<number, Uint8Array>
}

export type Taken = 'taken' | 'held' | 'wrong'

/** What is there of a snapshot. Buckets that a newer checkpoint has too are kept when the target moves. */
export class SnapshotContent {
  readonly #rules: SnapshotRules
  readonly #hash: Hash
  readonly #emptyLeaf: Uint8Array
  readonly #trees: Record<Namespace, Tree> = {
    state: { leaves: undefined, buckets: new Map() },
    session: { leaves: undefined, buckets: new Map() }
  }
  #roots: Record<Namespace, string> | undefined

  constructor(rules: SnapshotRules, hash: Hash) {
    this.#rules = rules
    this.#hash = hash
    this.#emptyLeaf = emptyLeaf(hash)
  }

  get heldBuckets(): number {
    return namespaces.reduce((sum, namespace) => sum + this.#trees[namespace].buckets.size, 0)
  }

  /** A bucket kept from an earlier run, checked when the leaves are known. */
  recall(namespace: Namespace, bucket: number, encoding: Uint8Array): void {
    this.#trees[namespace].buckets.set(bucket, encoding)
  }

  retarget(checkpoint: Checkpoint): void {
    const roots = { state: checkpoint.stateRoot, session: checkpoint.sessionRoot }
    for (const namespace of namespaces) {
      if (this.#roots?.[namespace] !== roots[namespace]) this.#trees[namespace].leaves = undefined
    }
    this.#roots = roots
  }

  hasLeaves(namespace: Namespace): boolean {
    return this.#trees[namespace].leaves !== undefined
  }

  /** Takes leaves that give the root, and drops held buckets that do not belong to them. */
  takeLeaves(namespace: Namespace, leaves: Uint8Array, root: Checkpoint['stateRoot']): boolean {
    if (!this.#rules.areLeaves(root, leaves, this.#hash)) return false
    const tree = this.#trees[namespace]
    tree.leaves = leaves
    for (const [bucket, encoding] of tree.buckets) {
      if (!this.#rules.isBucket(leaves, bucket, encoding, this.#hash)) tree.buckets.delete(bucket)
    }
    return true
  }

  /** Takes a missing bucket over if it is right; `held` when it was there already. */
  takeBucket(namespace: Namespace, bucket: number, encoding: Uint8Array): Taken {
    const { leaves, buckets } = this.#trees[namespace]
    if (leaves === undefined) return 'wrong'
    if (buckets.has(bucket)) return 'held'
    if (!this.#rules.isBucket(leaves, bucket, encoding, this.#hash)) return 'wrong'
    buckets.set(bucket, encoding)
    return 'taken'
  }

  isMissing(namespace: Namespace, bucket: number): boolean {
    const { leaves, buckets } = this.#trees[namespace]
    if (leaves === undefined || buckets.has(bucket)) return false
    return !equalBytes(leafOf(leaves, bucket), this.#emptyLeaf)
  }

  firstMissing(namespace: Namespace, from: number, to: number): number | undefined {
    for (let bucket = from; bucket < to; bucket++) {
      if (this.isMissing(namespace, bucket)) return bucket
    }
    return undefined
  }

  /** The first held bucket from `from` on; `to` when there is none below it. */
  nextHeld(namespace: Namespace, from: number, to: number): number {
    const { buckets } = this.#trees[namespace]
    let bucket = from
    while (bucket < to && !buckets.has(bucket)) bucket++
    return bucket
  }

  isComplete(): boolean {
    return namespaces.every(
      namespace =>
        this.hasLeaves(namespace) && this.firstMissing(namespace, 0, bucketCount) === undefined
    )
  }

  /** Ascending. */
  bucketsOf(namespace: Namespace): EncodedBucket[] {
    return [...this.#trees[namespace].buckets].sort(([a], [b]) => a - b)
  }
}
