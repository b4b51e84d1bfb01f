import type { EnvelopeRun } from './envelope-frame.ts'
import { rangeWithout } from './sequence-range.ts'

interface Pending {
  first: number
  last: number
  bytes: number
}

/** The bytes of one connection that were accepted and are not committed, by runs of sequences. */
export class InFlight {
  readonly #sessions = new Map<string, Pending[]>()
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  add({ session, first, last, bytes }: EnvelopeRun): void {
    const pending = this.#sessions.get(session) ?? []
    const tail = pending.at(-1)
    if (tail !== undefined && tail.last + 1 === first) {
      tail.last = last
      tail.bytes += bytes
    } else {
      pending.push({ first, last, bytes })
    }
    this.#sessions.set(session, pending)
    this.#bytes += bytes
  }

  /** Takes out what lies in `first..last`; a part of a run counts by its share. False when nothing did. */
  remove(session: string, first: number, last: number): boolean {
    const pending = this.#sessions.get(session)
    if (pending === undefined) return false
    const before = this.#bytes
    const kept = pending.flatMap(run => this.#cut(run, first, last))
    if (kept.length === 0) this.#sessions.delete(session)
    else this.#sessions.set(session, kept)
    return this.#bytes < before
  }

  #cut(run: Pending, first: number, last: number): Pending[] {
    if (run.last < first || run.first > last) return [run]
    const each = run.bytes / (run.last - run.first + 1)
    const parts = rangeWithout(run, { first, last }).map(part => ({
      ...part,
      bytes: Math.floor(each * (part.last - part.first + 1))
    }))
    const left = parts.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#bytes -= run.bytes - left
    return parts
  }
}
