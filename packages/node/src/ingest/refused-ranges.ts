import { sessionWindow } from '@novacron/execution'
import type { EnvelopeRun } from './envelope-frame.ts'
import { joinRanges, rangeWithout, type SequenceRange } from './sequence-range.ts'

/** Of one session. Of more the highest are forgotten: then they are refused once they have been ordered. */
const rangesMax = 256

/**
 * What the client of one connection was refused and has not sent again. While a number is missing its session runs nothing that
 * lies a window or more above: ordered all the same, it would cost every node as much as what runs, and come again after that.
 */
export class RefusedRanges {
  /** Ascending and apart. */
  readonly #sessions = new Map<string, readonly SequenceRange[]>()

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
    const ranges = joinRanges([...(this.#sessions.get(session) ?? []), { first, last }])
    this.#sessions.set(session, ranges.slice(0, rangesMax))
  }

  /** They have been accepted, here or elsewhere. */
  remove(session: string, cut: SequenceRange): void {
    const ranges = this.#sessions.get(session)
    if (ranges === undefined) return
    const left = without(ranges, cut)
    if (left.length === 0) this.#sessions.delete(session)
    else this.#sessions.set(session, left)
  }
}

function without(ranges: readonly SequenceRange[], cut: SequenceRange): readonly SequenceRange[] {
  return ranges.flatMap(range => rangeWithout(range, cut))
}
