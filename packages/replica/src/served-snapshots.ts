import type { CommitIndex, Hash } from '@novacron/base'
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

/** A snapshot can be given away once the own state at a checkpoint and a quorum's word for it are both there. */
export class ServedSnapshots {
  readonly #hash: Hash
  #own: { readonly image: CheckpointImage; readonly window: Uint8Array }[] = []
  #certificates: CheckpointCertificate[] = []
  #served: ServedSnapshot[] = []

  constructor(hash: Hash) {
    this.#hash = hash
  }

  get newestIndex(): CommitIndex {
    return this.#served.at(-1)?.certificate.checkpoint.index ?? (0 as CommitIndex)
  }

  get oldestIndex(): CommitIndex | undefined {
    return this.#served[0]?.certificate.checkpoint.index
  }

  addImage(image: CheckpointImage, window: Uint8Array): void {
    this.#own = [...this.#own, { image, window }].slice(-keptMax)
    this.#match()
  }

  addCertificate(certificate: CheckpointCertificate): void {
    this.#certificates = [...this.#certificates, certificate].slice(-keptMax)
    this.#match()
  }

  answer(request: SnapshotRequest): SnapshotAnswer {
    return answerSnapshotRequest(request, this.#served)
  }

  #match(): void {
    for (const { image, window } of this.#own) {
      const certificate = this.#certificates.find(known =>
        isSameCheckpoint(known.checkpoint, image.checkpoint)
      )
      if (certificate === undefined || certificate.checkpoint.index <= this.newestIndex) continue
      const served = serveSnapshot(certificate, image, window, this.#hash)
      this.#served = [...this.#served, served].slice(-keptMax)
    }
  }
}
