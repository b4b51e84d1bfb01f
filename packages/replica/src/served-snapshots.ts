import type { CommitIndex, Hash, Millis } from '@novacron/base'
import {
  answerSnapshotRequest,
  type CheckpointCertificate,
  type CheckpointImage,
  isSameCheckpoint,
  type ServedSnapshot,
  type SnapshotAnswer,
  type SnapshotRequest,
  serveSnapshot
} from '@novacron/execution'

/** Checkpoints, certificates and snapshots that are kept to be given away. */
const keptMax = 2
/** Nobody fetches a snapshot of which nothing was asked for so long. */
const inUseMs = 10_000

/**
 * A snapshot can be given away once the own state at a checkpoint and a quorum's word for it are both there. The newest two are
 * kept, and one older one while it is being fetched: a large state over a slow line takes longer than checkpoints do.
 */
export class ServedSnapshots {
  readonly #hash: Hash
  /** Lowest commit that others can still have from here: an older snapshot leads nowhere. */
  readonly #retainedFrom: () => CommitIndex
  #own: { readonly image: CheckpointImage; readonly window: Uint8Array }[] = []
  #certificates: CheckpointCertificate[] = []
  #served: ServedSnapshot[] = []
  #inUse: ServedSnapshot | undefined
  /** When something of a snapshot was asked for last, by its index. */
  #askedAt = new Map<CommitIndex, Millis>()

  constructor(hash: Hash, retainedFrom: () => CommitIndex) {
    this.#hash = hash
    this.#retainedFrom = retainedFrom
  }

  get newestIndex(): CommitIndex {
    const newest = this.#served.at(-1)
    return newest === undefined ? (0 as CommitIndex) : indexOf(newest)
  }

  /** Of the newest two: no commit is kept longer for the sake of who is slow. */
  get oldestIndex(): CommitIndex | undefined {
    const [oldest] = this.#served
    return oldest && indexOf(oldest)
  }

  addImage(image: CheckpointImage, window: Uint8Array, now: Millis): void {
    this.#own = [...this.#own, { image, window }].slice(-keptMax)
    this.#match(now)
  }

  addCertificate(certificate: CheckpointCertificate, now: Millis): void {
    this.#certificates = [...this.#certificates, certificate].slice(-keptMax)
    this.#match(now)
  }

  answer(request: SnapshotRequest, now: Millis): SnapshotAnswer {
    this.#letGo(now)
    const all = this.#inUse === undefined ? this.#served : [this.#inUse, ...this.#served]
    if (request.type !== 'get-manifest' && all.some(kept => indexOf(kept) === request.index)) {
      this.#askedAt.set(request.index, now)
    }
    return answerSnapshotRequest(request, all)
  }

  #match(now: Millis): void {
    this.#letGo(now)
    for (const { image, window } of this.#own) {
      const certificate = this.#certificates.find(known =>
        isSameCheckpoint(known.checkpoint, image.checkpoint)
      )
      if (certificate === undefined || certificate.checkpoint.index <= this.newestIndex) continue
      this.#served.push(serveSnapshot(certificate, image, window, this.#hash))
      if (this.#served.length > keptMax) this.#retireOldest(now)
    }
  }

  /** The first that is in use keeps its place, so that somebody comes to the end. */
  #retireOldest(now: Millis): void {
    const oldest = this.#served.shift()
    this.#inUse ??= oldest
    this.#letGo(now)
    const kept = new Set([this.#inUse, ...this.#served].map(each => each && indexOf(each)))
    for (const index of this.#askedAt.keys()) if (!kept.has(index)) this.#askedAt.delete(index)
  }

  #letGo(now: Millis): void {
    if (this.#inUse === undefined) return
    const index = indexOf(this.#inUse)
    const isAsked = now - (this.#askedAt.get(index) ?? Number.NEGATIVE_INFINITY) <= inUseMs
    if (!isAsked || index + 1 < this.#retainedFrom()) this.#inUse = undefined
  }
}

function indexOf({ certificate }: ServedSnapshot): CommitIndex {
  return certificate.checkpoint.index
}
