import type { CommitIndex, Millis } from '@novacron/base'

/** How long the same commit has waited for payload. */
export class PayloadWait {
  readonly #maxMs: number
  #index: CommitIndex | undefined
  #since = 0

  constructor(maxMs: number) {
    this.#maxMs = maxMs
  }

  restart(): void {
    this.#index = undefined
  }

  /** True when the commit after `executedIndex` has waited too long; the wait then begins anew. */
  isOver(executedIndex: CommitIndex, isMissing: boolean, now: Millis): boolean {
    if (!isMissing || executedIndex !== this.#index) {
      this.#index = isMissing ? executedIndex : undefined
      this.#since = now
      return false
    }
    if (now - this.#since < this.#maxMs) return false
    this.#since = now
    return true
  }
}
