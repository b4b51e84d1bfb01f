import { type BatchReader, type Digest, ReleasingMap } from '@novacron/base'
import type { Batch } from '@novacron/consensus'

/**
 * The stored batches, and those that this step has asked the driver to store: effects are performed after the step, yet
 * what the step stores must count as held within it.
 */
export class FreshBatches implements BatchReader {
  readonly #stored: BatchReader
  readonly #fresh = new ReleasingMap<Digest, Uint8Array>()

  constructor(stored: BatchReader) {
    this.#stored = stored
  }

  has(digest: Digest): boolean {
    return this.#fresh.has(digest) || this.#stored.has(digest)
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#fresh.get(digest)?.length ?? this.#stored.sizeOf(digest)
  }

  read(digest: Digest): Uint8Array | undefined {
    return this.#fresh.get(digest) ?? this.#stored.read(digest)
  }

  add(batch: Batch): void {
    this.#fresh.set(batch.digest, batch.bytes)
  }

  /** At the start of each step: the driver has performed the effects of the last. */
  clear(): void {
    this.#fresh.clear()
  }
}
