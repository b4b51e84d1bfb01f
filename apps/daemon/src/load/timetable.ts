import { assert } from '@novacron/base'

/**
 * Open loop: transaction k (from 0) is due at k / rate, whatever became of those before it, and belongs to lane k mod
 * lanes. With a ramp the rate rises evenly from nothing to its full height in that time, and due times follow from that. Nothing
 * is kept for a transaction: its due time follows from its lane and its sequence (from 1).
 */
export class Timetable {
  readonly #intervalMs: number
  readonly #lanes: number
  readonly #rampMs: number

  constructor(ratePerSecond: number, lanes: number, rampMs = 0) {
    assert(ratePerSecond > 0, `ratePerSecond > 0: ${ratePerSecond}`)
    assert(Number.isSafeInteger(lanes) && lanes >= 1, `lanes is an integer >= 1: ${lanes}`)
    assert(rampMs >= 0, `rampMs >= 0: ${rampMs}`)
    this.#intervalMs = 1_000 / ratePerSecond
    this.#lanes = lanes
    this.#rampMs = rampMs
  }

  /** Milliseconds after the start. */
  dueAtMs(lane: number, sequence: number): number {
    const atFullRateMs = ((sequence - 1) * this.#lanes + lane) * this.#intervalMs
    const lostMs = this.#rampMs / 2
    // Half of the ramp's length at full rate is what is due in the ramp.
    if (atFullRateMs < lostMs) return Math.sqrt(2 * this.#rampMs * atFullRateMs)
    return atFullRateMs + lostMs
  }

  /** Transactions of all lanes that are due in the first `elapsedMs`, the end excluded. */
  total(elapsedMs: number): number {
    const rampMs = this.#rampMs
    const isRamp = elapsedMs < rampMs
    const atFullRateMs = isRamp ? elapsedMs ** 2 / (2 * rampMs) : elapsedMs - rampMs / 2
    // A rate and a duration that multiply to a whole number must not lose one to rounding.
    return Math.max(0, Math.ceil(atFullRateMs / this.#intervalMs - 1e-9))
  }

  /** Of `total` transactions, those of one lane. */
  ofLane(lane: number, total: number): number {
    return Math.max(0, Math.ceil((total - lane) / this.#lanes))
  }
}
