import type { EffectProbe, Receipt } from '../machine.ts'
import type { Report } from './violation.ts'

/** What a commit did to the state. */
interface Done {
  /** Requests appended from the beginning of the log up to and with this commit. */
  readonly appended: number
  /** The last write that the commit holds, by client. */
  readonly written: ReadonlyMap<number, number>
}

/**
 * A model of the applications, kept apart from them: what a receipt calls applied must be in the state of every place that
 * has run it. Receipts and state roots alone would agree on a mistake that all replicas share.
 */
export class EffectChecker {
  readonly #report: Report
  readonly #isWrite: (sequence: number) => boolean
  /** By index - 1. */
  readonly #commits: Done[] = []
  /** The commit up to which the state of a place has been compared in this life. */
  readonly #comparedTo = new Map<number, number>()
  #compared = 0

  constructor(isWrite: (sequence: number) => boolean, report: Report) {
    this.#isWrite = isWrite
    this.#report = report
  }

  /** Reads of places' states that were compared with the model. */
  get comparedCount(): number {
    return this.#compared
  }

  /** The receipts of the next commit that nobody has run before, in the order of the log. */
  appended(receipts: readonly Receipt[]): void {
    const written = new Map<number, number>()
    let appended = this.#commits.at(-1)?.appended ?? 0
    for (const { client, sequence, isApplied, session } of receipts) {
      if (!isApplied || session !== undefined) continue
      if (this.#isWrite(sequence)) written.set(client, sequence)
      else appended++
    }
    this.#commits.push({ appended, written })
  }

  /** The place begins a life: all of its state is looked at again. */
  started(place: number): void {
    this.#comparedTo.delete(place)
  }

  /**
   * Compares what has changed since the last look. A place that has run more than it has told of is looked at when it has
   * told of it.
   */
  look(place: number, probe: EffectProbe): void {
    const { index } = probe
    const last = this.#commits[index - 1]
    const from = this.#comparedTo.get(place) ?? 0
    if (last === undefined || index <= from) return
    this.#comparedTo.set(place, index)
    const expected = new Map<number, number>()
    for (const { written } of this.#commits.slice(from, index)) {
      for (const [client, sequence] of written) expected.set(client, sequence)
    }
    const at = `place ${place} after commit ${index}`
    this.#compare(`${at}: requests appended`, probe.appendedCount(), last.appended)
    for (const [client, sequence] of expected) {
      this.#compare(`${at}: last write of client ${client}`, probe.lastWriteOf(client), sequence)
    }
  }

  #compare(what: string, found: number | undefined, expected: number): void {
    this.#compared++
    if (found === expected) return
    const verdict = found === undefined || found < expected ? 'lost' : 'duplicated'
    this.#report({ verdict, facts: `${what}: ${found}, expected ${expected}` })
  }
}
