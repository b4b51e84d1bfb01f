import { sessionWindow } from '@novacron/execution'
import type { EnvelopeRun } from './envelope-frame.ts'

interface Range {
  readonly first: number
  /** Included. */
  readonly last: number
}

/** Of one session. Of more the highest are forgotten: then they are refused once they have been ordered. */
const rangesMax = 256

/**
 * What the client of one connection was refused and has not sent again. While a number is missing its session runs nothing that
 * lies a window or more above: ordered all the same, it would cost every node as much as what runs, and come again after that.
 */
export class RefusedRanges {
  /** Ascending and apart. */
  readonly #sessions = new Map<string, readonly Range[]>()

  /** May these be run, in this order, as far as refusals go? */
  mayRun(runs: readonly EnvelopeRun[]): boolean {
    if (this.#sessions.size === 0) return true
    const left = new Map(this.#sessions)
    for (const run of runs) {
      const ranges = left.get(run.session)
      const lowest = ranges?.[0]
      if (ranges === undefined || lowest === undefined) continue
      if (run.first > lowest.first && run.last >= lowest.first + sessionWindow) return false
      left.set(run.session, without(ranges, run))
    }
    return true
  }

  add({ session, first, last }: EnvelopeRun): void {
    const apart = without(this.#sessions.get(session) ?? [], { first, last })
    const ranges = [...apart, { first, last }].sort((a, b) => a.first - b.first)
    const joined: Range[] = []
    for (const range of ranges) {
      const before = joined.at(-1)
      if (before?.last === range.first - 1) {
        joined[joined.length - 1] = { first: before.first, last: range.last }
      } else joined.push(range)
    }
    this.#sessions.set(session, joined.slice(0, rangesMax))
  }

  /** They have been accepted, here or elsewhere. */
  remove(session: string, range: Range): void {
    const ranges = this.#sessions.get(session)
    if (ranges === undefined) return
    const left = without(ranges, range)
    if (left.length === 0) this.#sessions.delete(session)
    else this.#sessions.set(session, left)
  }
}

function without(ranges: readonly Range[], { first, last }: Range): readonly Range[] {
  return ranges.flatMap(range => {
    if (range.last < first || range.first > last) return [range]
    const below = { first: range.first, last: first - 1 }
    const above = { first: last + 1, last: range.last }
    return [below, above].filter(part => part.first <= part.last)
  })
}
