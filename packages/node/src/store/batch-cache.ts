import type { Digest } from '@novacron/base'
import { copyOfBytes } from './own-bytes.ts'

/** The least recently used batches leave first. Holds what it is given; small views of large buffers are copied. */
export class BatchCache {
  readonly #bytesMax: number
  readonly #batches = new Map<Digest, Uint8Array>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  add(digest: Digest, batch: Uint8Array): void {
    this.delete(digest)
    if (batch.length > this.#bytesMax) return
    const pinsTooMuch = batch.buffer.byteLength > 2 * batch.length
    this.#batches.set(digest, pinsTooMuch ? copyOfBytes(batch) : batch)
    this.#bytes += batch.length
    for (const oldest of this.#batches.keys()) {
      if (this.#bytes <= this.#bytesMax) return
      this.delete(oldest)
    }
  }

  get(digest: Digest): Uint8Array | undefined {
    const batch = this.#batches.get(digest)
    if (batch === undefined) return undefined
    this.#batches.delete(digest)
    this.#batches.set(digest, batch)
    return batch
  }

  delete(digest: Digest): void {
    const batch = this.#batches.get(digest)
    if (batch === undefined) return
    this.#batches.delete(digest)
    this.#bytes -= batch.length
  }
}
