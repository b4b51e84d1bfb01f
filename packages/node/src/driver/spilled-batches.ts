import type { BatchReader, Digest } from '@novacron/base'
import type { BatchStore } from '../store/store.ts'
import { isDiskFull } from './disk-full.ts'

/**
 * The batch store, and in memory those batches for which the disk had no room: they count as held until they can be written,
 * while the node takes no more work. Bounded by what the mempool takes from each author.
 */
export class SpilledBatches implements BatchReader {
  readonly #store: BatchStore
  readonly #spilled = new Map<Digest, Uint8Array>()

  constructor(store: BatchStore) {
    this.#store = store
  }

  get spilledCount(): number {
    return this.#spilled.size
  }

  has(digest: Digest): boolean {
    return this.#spilled.has(digest) || this.#store.has(digest)
  }

  read(digest: Digest): Uint8Array | undefined {
    return this.#spilled.get(digest) ?? this.#store.read(digest)
  }

  /** False when the disk was full. @throws {StoreFault} for any other failure */
  append(digest: Digest, bytes: Uint8Array): boolean {
    try {
      this.#store.append(digest, bytes)
      return true
    } catch (error) {
      if (!isDiskFull(error)) throw error
      this.#spilled.set(digest, bytes)
      return false
    }
  }

  drop(digests: readonly Digest[]): void {
    for (const digest of digests) this.#spilled.delete(digest)
    this.#store.drop(digests)
  }

  /** Writes what was held back; false when the disk is full again. */
  unspill(): boolean {
    for (const [digest, bytes] of this.#spilled) {
      this.#spilled.delete(digest)
      if (!this.append(digest, bytes)) return false
    }
    return true
  }
}
