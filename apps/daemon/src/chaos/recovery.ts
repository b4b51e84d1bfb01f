import type { LoadMs, LoadRecord } from './load-record.ts'

/** When commits count as normal again. */
export interface RecoveryRule {
  /** Of the median before the fault. On two busy cores those of daemons that no fault hit vary by half from minute to minute. */
  readonly ratioMax: number
  /**
   * A median up to this is one as before, whatever it was. Where a commit takes some tens of milliseconds, twice as much is
   * what a processor with something else to do takes; waiting for a leader, sending again or asking another peer is more.
   */
  readonly floorMs: number
  /** The first transactions that must be answered as before. */
  readonly shortMs: number
  /** And those after them, so that one good moment is none. */
  readonly longMs: number
  readonly stepMs: number
}

export const recoveryRule: RecoveryRule = {
  ratioMax: 2,
  floorMs: 100,
  shortMs: 250,
  longMs: 1_250,
  stepMs: 25
}
/** Of each lane. */
const transactionsMin = 10

/**
 * Finds from when on transactions are answered as before a fault: the first moment at which, for the clients of each daemon by
 * themselves, the median latency of those due in the next quarter of a second, and of those due in the next second and a
 * quarter, is within the ratio of what it was for them, or below the floor.
 */
export class Recovery {
  readonly #record: LoadRecord
  readonly #healedAt: LoadMs
  readonly #limitsMs: readonly number[]
  readonly #shortMs: number
  readonly #longMs: number
  readonly #stepMs: number
  #at: LoadMs

  /** `baselinesMs`: the median of each lane before the fault. */
  constructor(
    record: LoadRecord,
    healedAt: LoadMs,
    baselinesMs: readonly number[],
    rule: RecoveryRule = recoveryRule
  ) {
    this.#record = record
    this.#healedAt = healedAt
    this.#limitsMs = baselinesMs.map(ms => Math.max(rule.ratioMax * ms, rule.floorMs))
    this.#shortMs = record.stretchMs(transactionsMin, rule.shortMs)
    this.#longMs = Math.max(rule.longMs, 2 * this.#shortMs)
    this.#stepMs = rule.stepMs
    this.#at = Math.max(0, healedAt)
  }

  /** Milliseconds after healing; undefined while no such moment is known. To be asked again later, which goes on where this ended. */
  find(): number | undefined {
    // Whoever is not answered by then is too late, so no moment before it has to be looked at twice.
    const lastAt = this.#record.nowMs() - this.#longMs - Math.max(...this.#limitsMs)
    for (; this.#at <= lastAt; this.#at += this.#stepMs) {
      if (!this.#isNormal(this.#shortMs) || !this.#isNormal(this.#longMs)) continue
      return Math.round(this.#at - this.#healedAt)
    }
    return undefined
  }

  #isNormal(stretchMs: number): boolean {
    const medians = this.#record.laneMediansMs(this.#at, this.#at + stretchMs)
    return medians.every((ms, lane) => ms <= (this.#limitsMs[lane] ?? 0))
  }
}
