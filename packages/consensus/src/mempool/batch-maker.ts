import type { Epoch, Hash, Millis, ReplicaId } from '@novacron/base'
import { type Batch, batchHeaderBytes, batchOf, writeBatchHeader } from './batch.ts'

export interface BatchMakerNeeds {
  readonly epoch: Epoch
  readonly author: ReplicaId
  readonly hash: Hash
}

/** Packs transactions into one buffer: one copy each, no object each. */
export class BatchMaker {
  readonly #bytesMax: number
  readonly #needs: BatchMakerNeeds
  #buffer = new Uint8Array(0)
  #length = batchHeaderBytes
  #count = 0
  #sequence = 0
  #openedAt = 0

  constructor(bytesMax: number, needs: BatchMakerNeeds) {
    this.#bytesMax = bytesMax
    this.#needs = needs
  }

  get openBytes(): number {
    return this.#count === 0 ? 0 : this.#length
  }

  /** When the first transaction of the open batch came. */
  get openedAt(): number {
    return this.#openedAt
  }

  /** Appends whole transactions; returns the batch before when they no longer fit into it. */
  append(region: Uint8Array, count: number, now: Millis): Batch | undefined {
    const isFull = this.#count > 0 && this.#length + region.length > this.#bytesMax
    const sealed = isFull ? this.seal(now) : undefined
    if (this.#count === 0) this.#openedAt = now
    this.#reserve(region.length)
    this.#buffer.set(region, this.#length)
    this.#length += region.length
    this.#count += count
    return sealed
  }

  /** The open batch as bytes that nobody changes any more; undefined when it is empty. */
  seal(now: Millis): Batch | undefined {
    if (this.#count === 0) return undefined
    const { epoch, author, hash } = this.#needs
    writeBatchHeader(this.#buffer, {
      epoch,
      author,
      sequence: this.#sequence++,
      createdAt: Math.floor(now) as Millis,
      transactionCount: this.#count
    })
    const batch = batchOf(this.#buffer.slice(0, this.#length), hash)
    this.#length = batchHeaderBytes
    this.#count = 0
    return batch
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2, 16_384))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}
