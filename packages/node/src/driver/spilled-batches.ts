import { type BatchReader, type Digest, ReleasingMap } from '@novacron/base'
import type { BatchStore } from '../store/store.ts'
import { isDiskFull } from './disk-full.ts'

/** Memory for batches that the disk had no room for, unless told otherwise. */
export const spilledBytesMax = 67_108_864

/**
 * The batch store, and in memory those batches for which the disk had no room: they count as held until they can be written.
 * The driver takes nothing in while the disk is full, so that they are few; one that would exceed the bound is not held, and
 * is asked of others again when something names it.
 */
export class SpilledBatches implements BatchReader {
  readonly #store: BatchStore
  readonly #bytesMax: number
  readonly #spilled = new ReleasingMap<Digest, Uint8Array>()
  #spilledBytes = 0

  constructor(store: BatchStore, bytesMax: number = spilledBytesMax) {
    this.#store = store
    this.#bytesMax = bytesMax
  }

  get spilledCount(): number {
    return this.#spilled.size
  }

  /** Payload that waits in memory for room on the disk. */
  get spilledBytes(): number {
    return this.#spilledBytes
  }

  has(digest: Digest): boolean {
    return this.#spilled.has(digest) || this.#store.has(digest)
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#spilled.get(digest)?.length ?? this.#store.sizeOf(digest)
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
      this.#spill(digest, bytes)
      return false
    }
  }

  drop(digests: readonly Digest[]): void {
    for (const digest of digests) this.#unhold(digest)
    this.#store.drop(digests)
  }

  /** Writes what was held back; false when the disk is full again. */
  unspill(): boolean {
    for (const [digest, bytes] of this.#spilled) {
      this.#unhold(digest)
      if (!this.append(digest, bytes)) return false
    }
    return true
  }

  #spill(digest: Digest, bytes: Uint8Array): void {
    if (this.#spilled.has(digest) || this.#spilledBytes + bytes.length > this.#bytesMax) return
    this.#spilled.set(digest, bytes)
    this.#spilledBytes += bytes.length
  }

  #unhold(digest: Digest): void {
    this.#spilledBytes -= this.#spilled.take(digest)?.length ?? 0
  }
}
