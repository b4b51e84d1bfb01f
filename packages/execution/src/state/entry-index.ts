import type { ByteKey } from './byte-key.ts'

/** Few enough that all their heads stay in the processor's cache. */
const partCount = 64

/**
 * Numbers of entries by key, in parts by bucket: one map of all keys stops everything while it grows, for a third of a second
 * with two million, and on all replicas at the same place of the log.
 */
export class EntryIndex {
  readonly #parts = Array.from({ length: partCount }, () => new Map<ByteKey, number>())

  get(bucket: number, name: ByteKey): number | undefined {
    return this.#part(bucket).get(name)
  }

  set(bucket: number, name: ByteKey, entry: number): void {
    this.#part(bucket).set(name, entry)
  }

  delete(bucket: number, name: ByteKey): void {
    this.#part(bucket).delete(name)
  }

  #part(bucket: number): Map<ByteKey, number> {
    return this.#parts[bucket % partCount] as Map<ByteKey, number>
  }
}
