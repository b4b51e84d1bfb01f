/** Idle time that is saved up: as much as makes up for timers that fire late, and for no more. */
export const burstMs = 10

/**
 * Holds a limited way to its rate, however many connections share it: each of them asks for what it wants to send next,
 * and is served in the order of asking.
 */
export class TokenBucket {
  #bytesPerSecond = 0
  #emptyUntil = Number.NEGATIVE_INFINITY

  /**
   * When these bytes may leave, if they are asked for at `now`; milliseconds, in the past if at once. Another rate than the
   * last time begins with a full bucket.
   */
  reserve(bytes: number, bytesPerSecond: number, now: number): number {
    const isSame = bytesPerSecond === this.#bytesPerSecond
    this.#bytesPerSecond = bytesPerSecond
    const from = isSame ? this.#emptyUntil : Number.NEGATIVE_INFINITY
    this.#emptyUntil = Math.max(from, now - burstMs) + (bytes / bytesPerSecond) * 1_000
    return this.#emptyUntil
  }
}
