import { assert } from '@novacron/base'

/**
 * Open loop: transaction k (from 0) is due at k / rate, whatever became of those before it, and belongs to lane k mod
 * lanes. Nothing is kept for a transaction: its due time follows from its lane and its sequence (from 1).
 */
export class Timetable {
  readonly #intervalMs: number
  readonly #lanes: number

  constructor(ratePerSecond: number, lanes: number) {
    assert(ratePerSecond > 0, `ratePerSecond > 0: ${ratePerSecond}`)
    assert(Number.isSafeInteger(lanes) && lanes >= 1, `lanes is an integer >= 1: ${lanes}`)
    this.#intervalMs = 1_000 / ratePerSecond
    this.#lanes = lanes
  }

  /** Milliseconds after the start. */
  dueAtMs(lane: number, sequence: number): number {
    return ((sequence - 1) * this.#lanes + lane) * this.#intervalMs
  }

  /** Transactions of all lanes that are due in the first `elapsedMs`, the end excluded. */
  total(elapsedMs: number): number {
    // A rate and a duration that multiply to a whole number must not lose one to rounding.
    return Math.max(0, Math.ceil(elapsedMs / this.#intervalMs - 1e-9))
  }

  /** Of `total` transactions, those of one lane. */
  ofLane(lane: number, total: number): number {
    return Math.max(0, Math.ceil((total - lane) / this.#lanes))
  }
}
