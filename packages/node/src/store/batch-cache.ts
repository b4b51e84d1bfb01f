import { type Digest, ReleasingMap } from '@novacron/base'
import { copyOfBytes } from './own-bytes.ts'

/** Of the bound: what was read before. Hardly anything is read twice, except by a peer that was a little late. */
const readShare = 1 / 8

/**
 * Batches from their append until they are read, which is when they are executed; what was read stays a little longer. Of
 * each kind the oldest leave first. Holds what it is given; small views of large buffers are copied.
 */
export class BatchCache {
  readonly #unread: BoundedBatches
  readonly #read: BoundedBatches

  constructor(bytesMax: number) {
    this.#unread = new BoundedBatches(bytesMax)
    this.#read = new BoundedBatches(bytesMax * readShare)
  }

  add(digest: Digest, batch: Uint8Array): void {
    this.delete(digest)
    const pinsTooMuch = batch.buffer.byteLength > 2 * batch.length
    this.#unread.add(digest, pinsTooMuch ? copyOfBytes(batch) : batch)
  }

  get(digest: Digest): Uint8Array | undefined {
    const batch = this.#unread.take(digest) ?? this.#read.take(digest)
    if (batch !== undefined) this.#read.add(digest, batch)
    return batch
  }

  delete(digest: Digest): void {
    this.#unread.take(digest)
    this.#read.take(digest)
  }
}

class BoundedBatches {
  readonly #bytesMax: number
  readonly #batches = new ReleasingMap<Digest, Uint8Array>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  add(digest: Digest, batch: Uint8Array): void {
    if (batch.length > this.#bytesMax) return
    this.#batches.set(digest, batch)
    this.#bytes += batch.length
    for (const oldest of this.#batches.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.take(oldest)
    }
  }

  take(digest: Digest): Uint8Array | undefined {
    const batch = this.#batches.take(digest)
    if (batch !== undefined) this.#bytes -= batch.length
    return batch
  }
}
