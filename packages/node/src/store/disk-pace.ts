/** A disk that takes longer than this on average is not waited for: most of it is no wait for a core any more. */
const meanMsMax = 5
/** Share of one operation in the average. */
const weight = 1 / 16
/** Share of the time that may be waited, and how much of that may be used up at once. */
const waitedShareMax = 1 / 4
const waitedMsMax = 250
/** Operations on other threads once the disk is slow, at first and at most: each trial that finds it slow doubles them. */
const awayMin = 64
const awayMax = 8_192

/**
 * Whether the disk is so quick that waiting for it on the main thread costs less than the way to another thread and back,
 * which is two waits for a core where cores are scarce. A disk that is slow is tried again after 64 operations, and after twice
 * as many each time: in the end, one operation of some thousands holds up the event loop.
 */
export class DiskPace {
  #meanMs = 0
  #away = 0
  #awayNext = awayMin
  /** Waited for, beyond the share of the time since. */
  #aheadMs = 0
  #seenMs = 0

  /** Asked once for each operation. */
  mayWait(nowMs: number): boolean {
    this.#aheadMs = Math.max(0, this.#aheadMs - waitedShareMax * (nowMs - this.#seenMs))
    this.#seenMs = nowMs
    if (this.#away > 0) this.#away -= 1
    else if (this.#aheadMs < waitedMsMax) return true
    return false
  }

  /** What an operation took on the main thread, with the wait for a core. */
  onWaited(ms: number): void {
    this.#aheadMs += ms
    this.#meanMs += weight * (ms - this.#meanMs)
    if (this.#meanMs <= meanMsMax / 2) this.#awayNext = awayMin
    if (this.#meanMs <= meanMsMax) return
    this.#away = this.#awayNext
    this.#awayNext = Math.min(2 * this.#awayNext, awayMax)
    // The next trial decides by itself, and was waited for long ago.
    this.#meanMs = meanMsMax
    this.#aheadMs = 0
  }
}
