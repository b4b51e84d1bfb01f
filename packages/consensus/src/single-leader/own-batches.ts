import type { Digest, Millis } from '@novacron/base'
import type { BatchReference } from '../dag/header.ts'
import type { SingleLeaderOptions } from './options.ts'
import type { Out } from './parts.ts'

export const takeTimer = 'take'

/** Own batches from the time they are packed until they are committed: so many at most, the rest waits as transactions. */
export class OwnBatches {
  readonly #options: SingleLeaderOptions
  readonly #batches = new Map<Digest, BatchReference>()
  #isWaiting = false
  #isTimerSet = false
  #takenAt = Number.NEGATIVE_INFINITY

  constructor(options: SingleLeaderOptions) {
    this.#options = options
  }

  /** In the order in which they are to be run. */
  get batches(): readonly BatchReference[] {
    return [...this.#batches.values()]
  }

  onWaiting(): void {
    this.#isWaiting = true
  }

  onTimer(): void {
    this.#isTimerSet = false
  }

  /** Asks for what waits, at once after a pause and else after the delay. */
  take(now: Millis, out: Out): void {
    const { ownBatchesMax, batchDelayMs, entryBytesMax } = this.#options
    const room = ownBatchesMax - this.#batches.size
    if (!this.#isWaiting || room <= 0 || this.#isTimerSet) return
    const dueAt = this.#takenAt + batchDelayMs
    if (now < dueAt) {
      this.#isTimerSet = true
      out.push({ type: 'set-timer', timer: takeTimer, at: dueAt as Millis })
      return
    }
    this.#takenAt = now
    this.#isWaiting = false
    out.push({ type: 'request-payload', batchesMax: room, bytesMax: entryBytesMax })
  }

  add(batches: readonly BatchReference[]): void {
    for (const batch of batches) this.#batches.set(batch.digest, batch)
  }

  onCommitted(batches: readonly BatchReference[]): void {
    for (const { digest } of batches) this.#batches.delete(digest)
  }
}
