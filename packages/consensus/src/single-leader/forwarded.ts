import type { Digest, PeerId } from '@novacron/base'
import { type BatchReference, headerBatchesMax } from '../dag/header.ts'
import type { SingleLeaderParts } from './parts.ts'

/** Batches that the leader is to propose, by who has them, each of them in order. */
export class ForwardedBatches {
  readonly #parts: SingleLeaderParts
  readonly #queues = new Map<PeerId, BatchReference[]>()
  readonly #digests = new Set<Digest>()
  /** Who holds what is proposed and not committed, so that nobody is sent its own. */
  readonly #originOf = new Map<Digest, PeerId>()
  /** Who is asked first the next time. */
  #turn = 0

  constructor(parts: SingleLeaderParts) {
    this.#parts = parts
  }

  get digests(): Iterable<Digest> {
    return this.#digests
  }

  /** What is queued or in the log already is not taken again. */
  add(origin: PeerId, batches: readonly BatchReference[]): void {
    const { log, options } = this.#parts
    const queue = this.#queues.get(origin) ?? []
    this.#queues.set(origin, queue)
    for (const batch of batches) {
      if (queue.length >= options.forwardedBatchesMax) return
      if (this.#digests.has(batch.digest) || log.names(batch.digest)) continue
      this.#digests.add(batch.digest)
      queue.push(batch)
    }
  }

  /** Payload of one entry: of each queue what is here, in turn, as far as there is room. */
  take(): BatchReference[] {
    const { options, hasBatch } = this.#parts
    const taken: BatchReference[] = []
    let bytes = 0
    const origins = [...this.#queues.keys()]
    const start = this.#turn++
    for (let i = 0; i < origins.length; i++) {
      const origin = origins[(start + i) % origins.length] as PeerId
      const queue = this.#queues.get(origin) ?? []
      for (let batch = queue[0]; batch !== undefined; batch = queue[0]) {
        if (!hasBatch(batch.digest)) break
        const isFull = bytes + batch.sizeBytes > options.entryBytesMax
        if (taken.length > 0 && (isFull || taken.length >= headerBatchesMax)) return taken
        queue.shift()
        this.#digests.delete(batch.digest)
        this.#originOf.set(batch.digest, origin)
        taken.push(batch)
        bytes += batch.sizeBytes
      }
    }
    return taken
  }

  /** Does an entry wait to be made? */
  get isReady(): boolean {
    const { hasBatch } = this.#parts
    return [...this.#queues.values()].some(
      ([first]) => first !== undefined && hasBatch(first.digest)
    )
  }

  /** Payload that holds up its queue, by who has it. */
  missing(): { readonly origin: PeerId; readonly batches: readonly BatchReference[] }[] {
    const { hasBatch } = this.#parts
    return [...this.#queues].flatMap(([origin, queue]) => {
      const batches = queue.filter(({ digest }) => !hasBatch(digest))
      return batches.length === 0 ? [] : [{ origin, batches }]
    })
  }

  originOf(digest: Digest): PeerId | undefined {
    return this.#originOf.get(digest)
  }

  onCommitted(batches: readonly BatchReference[]): void {
    for (const { digest } of batches) this.#originOf.delete(digest)
  }
}
