/** A disk that takes longer than this on average is not waited for: most of it is no wait for a core any more. */
const meanMsMax = 5
/** Share of one operation in the average. */
const weight = 1 / 16
/** Operations on other threads once the disk is slow, at first and at most: each trial that finds it slow doubles them. */
const awayMin = 64
const awayMax = 8_192

/**
 * Whether the disk is so quick that waiting for it on the main thread costs less than the way to another thread and back,
 * which is two waits for a core where cores are scarce. A disk that is slow is tried again after a while, and after a longer
 * one each time: at the worst, one operation of some thousands holds up the event loop.
 */
export class DiskPace {
  #meanMs = 0
  #away = 0
  #awayNext = awayMin

  /** Asked once for each operation. */
  mayWait(): boolean {
    if (this.#away === 0) return true
    this.#away -= 1
    return false
  }

  /** What an operation took on the main thread, with the wait for a core. */
  onWaited(ms: number): void {
    this.#meanMs += weight * (ms - this.#meanMs)
    if (this.#meanMs <= meanMsMax / 2) this.#awayNext = awayMin
    if (this.#meanMs <= meanMsMax) return
    this.#away = this.#awayNext
    this.#awayNext = Math.min(2 * this.#awayNext, awayMax)
    // The next trial decides by itself.
    this.#meanMs = meanMsMax
  }
}
