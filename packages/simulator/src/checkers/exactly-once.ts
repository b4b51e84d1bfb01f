import type { Receipt } from '../machine.ts'
import type { Report } from './violation.ts'

/**
 * Validity, exactly once and durability: what is applied was submitted, nothing is applied twice, and what was acknowledged
 * is in the log.
 */
export class ExactlyOnceChecker {
  readonly #report: Report
  readonly #submitted = new Set<number>()
  /** Where each transaction was applied. */
  readonly #applied = new Map<number, number>()
  /** How many each commit applied. */
  readonly #appliedIn = new Map<number, number>()
  readonly #acknowledged = new Map<number, number>()
  #lastAcknowledgedIndex = 0

  constructor(report: Report) {
    this.#report = report
  }

  get appliedCount(): number {
    return this.#applied.size
  }

  get acknowledgedCount(): number {
    return this.#acknowledged.size
  }

  get submittedCount(): number {
    return this.#submitted.size
  }

  /** Every log must reach this far. */
  get lastAcknowledgedIndex(): number {
    return this.#lastAcknowledgedIndex
  }

  submitted(client: number, sequence: number): void {
    this.#submitted.add(idOf(client, sequence))
  }

  /** The receipts of a commit that nobody has run before. */
  appended(index: number, receipts: readonly Receipt[]): void {
    for (const { client, sequence, isApplied, session } of receipts) {
      const id = idOf(client, sequence)
      if (!this.#submitted.has(id)) {
        this.#report({ verdict: 'invented', facts: `commit ${index} runs ${wordsOf(id)}` })
      }
      if (!isApplied || session !== undefined) continue
      const before = this.#applied.get(id)
      if (before !== undefined) {
        this.#report({
          verdict: 'duplicated',
          facts: `${wordsOf(id)} applied in ${before} and ${index}`
        })
      }
      this.#applied.set(id, index)
      this.#appliedIn.set(index, (this.#appliedIn.get(index) ?? 0) + 1)
    }
  }

  /** The receipts of a commit that another place has run before. */
  repeated(place: number, index: number, receipts: readonly Receipt[]): void {
    let applied = 0
    for (const { client, sequence, isApplied, session } of receipts) {
      if (!isApplied || session !== undefined) continue
      applied++
      const id = idOf(client, sequence)
      const elsewhere = this.#applied.get(id)
      if (elsewhere === index) continue
      this.#report({
        verdict: 'duplicated',
        facts: `place ${place}: ${wordsOf(id)} applied in ${index}, elsewhere in ${elsewhere}`
      })
    }
    const expected = this.#appliedIn.get(index) ?? 0
    if (applied === expected) return
    this.#report({
      verdict: 'lost',
      facts: `place ${place}: commit ${index} applied ${applied}, elsewhere ${expected}`
    })
  }

  acknowledged(client: number, sequence: number, index: number): void {
    this.#acknowledged.set(idOf(client, sequence), index)
    this.#lastAcknowledgedIndex = Math.max(this.#lastAcknowledgedIndex, index)
  }

  /** At the end, when every place has run at least `reached` commits. */
  finish(reached: number): void {
    for (const id of this.#acknowledged.keys()) {
      const index = this.#applied.get(id)
      if (index !== undefined && index <= reached) continue
      this.#report({
        verdict: 'lost',
        facts: `${wordsOf(id)} was acknowledged; the log is at ${reached}`
      })
    }
  }
}

/** One number for each request: text would cost more to make than all the rest. Sequences stay far below the factor. */
const sequencesMax = 2 ** 32

function idOf(client: number, sequence: number): number {
  return client * sequencesMax + sequence
}

function wordsOf(id: number): string {
  const client = Math.floor(id / sequencesMax)
  return `${client}/${id - client * sequencesMax}`
}
