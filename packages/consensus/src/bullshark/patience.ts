/** The longest wait, in multiples of the first, over lines of which the slowest need seconds for what is sent at once. */
export const patienceMax = 32

/**
 * How long to wait for something before it counts as lost: twice as long as it took the last time, and twice as long again
 * after each wait in vain, since over a slow line what is sent again only takes the place of what is on its way.
 */
export class Patience {
  readonly #leastMs: number
  readonly #mostMs: number
  #ms: number

  /** `max` is the longest wait in multiples of the shortest. */
  constructor(leastMs: number, max: number = patienceMax) {
    this.#leastMs = leastMs
    this.#mostMs = max * leastMs
    this.#ms = leastMs
  }

  get ms(): number {
    return this.#ms
  }

  /** It came, after so long. */
  onAnswer(tookMs: number): void {
    this.#ms = Math.min(Math.max(2 * tookMs, this.#leastMs), this.#mostMs)
  }

  onSilence(): void {
    this.onAnswer(this.#ms)
  }

  /** What was learnt is out of date: somebody is back. */
  reset(): void {
    this.#ms = this.#leastMs
  }
}
