/** What is slower than this is not waited for on the main thread again soon. */
const quickMs = 2
/** Operations on other threads after a slow one, at first and at most: each slow trial doubles them. */
const awayMin = 64
const awayMax = 8_192

/**
 * Whether the disk is so quick that waiting for it on the main thread costs less than the way to another thread and back,
 * which is two waits for a core where cores are scarce. A disk that was slow is tried again after a while, and after a longer
 * one each time: at the worst, one operation of some thousands holds up the event loop.
 */
export class DiskPace {
  #away = 0
  #awayNext = awayMin

  /** Asked once for each operation. */
  mayWait(): boolean {
    if (this.#away === 0) return true
    this.#away -= 1
    return false
  }

  /** What an operation took on the main thread. */
  onWaited(ms: number): void {
    if (ms <= quickMs) {
      this.#awayNext = awayMin
      return
    }
    this.#away = this.#awayNext
    this.#awayNext = Math.min(2 * this.#awayNext, awayMax)
  }
}
