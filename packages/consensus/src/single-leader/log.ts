import { assert, type CommitIndex, type Digest } from '@novacron/base'
import type { Entry } from './entry.ts'

/** The newest entries without a gap, committed or not; what lies below the first is known by its term alone. */
export class EntryLog {
  #baseIndex = 0
  #baseTerm = 0
  #entries: Entry[] = []
  /** How many entries name a batch. */
  readonly #named = new Map<Digest, number>()

  /** Entries above it are here. */
  get baseIndex(): number {
    return this.#baseIndex
  }

  get lastIndex(): CommitIndex {
    return (this.#baseIndex + this.#entries.length) as CommitIndex
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#baseTerm
  }

  at(index: number): Entry | undefined {
    return this.#entries[index - this.#baseIndex - 1]
  }

  /** Undefined where nothing is known: above the last, or below the base. */
  termAt(index: number): number | undefined {
    return index === this.#baseIndex ? this.#baseTerm : this.at(index)?.term
  }

  names(digest: Digest): boolean {
    return this.#named.has(digest)
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, 'an entry follows the last one')
    this.#entries.push(entry)
    for (const { digest } of entry.payload) {
      this.#named.set(digest, (this.#named.get(digest) ?? 0) + 1)
    }
  }

  /** Another leader has other entries above `index`. */
  truncateAfter(index: number): void {
    this.#unname(this.#entries.splice(Math.max(0, index - this.#baseIndex)))
  }

  /** Lets go of the oldest up to `index`. */
  forget(index: number): void {
    const term = this.termAt(index)
    if (index <= this.#baseIndex || term === undefined) return
    this.#unname(this.#entries.splice(0, index - this.#baseIndex))
    this.#baseIndex = index
    this.#baseTerm = term
  }

  /** Begins anew after `index`. */
  reset(index: number, term: number): void {
    this.#unname(this.#entries.splice(0))
    this.#baseIndex = index
    this.#baseTerm = term
  }

  #unname(entries: readonly Entry[]): void {
    for (const { payload } of entries) {
      for (const { digest } of payload) {
        const left = (this.#named.get(digest) ?? 1) - 1
        if (left === 0) this.#named.delete(digest)
        else this.#named.set(digest, left)
      }
    }
  }
}
