import { joinRanges, type SequenceRange } from '@novacron/node'

export type { SequenceRange }

/** Sequences from 1: all up to one, and ranges above it in ascending order. */
export class SequenceSet {
  #contiguous = 0
  #above: SequenceRange[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a range; returns the parts of it that were not there. */
  add({ first, last }: SequenceRange): readonly SequenceRange[] {
    const fresh = this.#missing(first, last)
    if (fresh.length === 0) return fresh
    for (const range of fresh) this.#size += range.last - range.first + 1
    this.#above = joinRanges([...this.#above, ...fresh])
    const lowest = this.#above[0]
    if (lowest !== undefined && lowest.first === this.#contiguous + 1) {
      this.#contiguous = lowest.last
      this.#above.shift()
    }
    return fresh
  }

  /** What is not there, from 1 to `last`. */
  missing(last: number): readonly SequenceRange[] {
    return this.#missing(1, last)
  }

  #missing(first: number, last: number): SequenceRange[] {
    const gaps: SequenceRange[] = []
    let next = Math.max(first, this.#contiguous + 1)
    for (const range of this.#above) {
      if (range.first > last) break
      if (range.first > next) gaps.push({ first: next, last: range.first - 1 })
      next = Math.max(next, range.last + 1)
    }
    if (next <= last) gaps.push({ first: next, last })
    return gaps
  }
}
