import type { BatchReader, CommitIndex, Digest } from '@novacron/base'
import {
  type BatchReference,
  type CommittedSubDag,
  type Finality,
  transactionsOf
} from '@novacron/consensus'
import type { Commit } from '@novacron/execution'

export interface QueuedCommit {
  readonly subDag: CommittedSubDag
  readonly finality: Finality
}

/** Commits in order, until all payload of the first is here and it can be run. */
export class CommitQueue {
  readonly #batches: BatchReader
  readonly #queue: QueuedCommit[] = []

  constructor(batches: BatchReader) {
    this.#batches = batches
  }

  get length(): number {
    return this.#queue.length
  }

  /** Index of the last commit queued; undefined when empty. */
  get lastIndex(): CommitIndex | undefined {
    return this.#queue.at(-1)?.subDag.index
  }

  push(commit: QueuedCommit): void {
    this.#queue.push(commit)
  }

  /** Payload of the first commit that is not here. */
  missing(): readonly BatchReference[] {
    const first = this.#queue[0]
    if (first === undefined) return []
    return payloadOf(first.subDag).filter(batch => !this.#batches.has(batch.digest))
  }

  /** Takes the first commit with all its transactions; undefined while some payload is missing or the queue is empty. */
  take(): { readonly queued: QueuedCommit; readonly commit: Commit } | undefined {
    const first = this.#queue[0]
    if (first === undefined) return undefined
    const regions: Uint8Array[] = []
    for (const { digest } of payloadOf(first.subDag)) {
      const batch = this.#batches.read(digest)
      if (batch === undefined) return undefined
      regions.push(transactionsOf(batch))
    }
    this.#queue.shift()
    const { index, digest, timestamp } = first.subDag
    return { queued: first, commit: { index, digest, timestamp, batches: regions } }
  }
}

/** Batches of a commit in the order in which they are run. */
export function payloadOf(subDag: CommittedSubDag): readonly BatchReference[] {
  return subDag.vertices.flatMap(vertex => vertex.payload)
}

export function digestsOf(subDag: CommittedSubDag): readonly Digest[] {
  return payloadOf(subDag).map(batch => batch.digest)
}
