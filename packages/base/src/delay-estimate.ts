/**
 * How long something takes at most, from how long it took: the mean, and four times the mean deviation.
 *
 * source: RFC 6298, section 2
 */
export class DelayEstimate {
  #meanMs = 0
  #deviationMs = 0
  #isMeasured = false

  /** 0 before the first sample. */
  get boundMs(): number {
    return this.#meanMs + 4 * this.#deviationMs
  }

  sample(ms: number): void {
    if (!this.#isMeasured) {
      this.#isMeasured = true
      this.#meanMs = ms
      this.#deviationMs = ms / 2
      return
    }
    this.#deviationMs += (Math.abs(ms - this.#meanMs) - this.#deviationMs) / 4
    this.#meanMs += (ms - this.#meanMs) / 8
  }
}
