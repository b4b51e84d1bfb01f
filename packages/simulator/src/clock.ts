import type { Millis } from '@novacron/base'
import type { EventQueue } from './event-queue.ts'

/**
 * A place's clock: monotonic within a life, as the daemon's is, and ahead of the world's by what the wall clock was ahead
 * when the life began. It may run fast or slow.
 */
export class SimulatedClock {
  readonly #queue: EventQueue
  #wallAheadMs: number
  #aheadMs: number
  #perMillion = 0
  /** World time from which the drift counts. */
  #since = 0

  constructor(queue: EventQueue, aheadMs: number) {
    this.#queue = queue
    this.#wallAheadMs = aheadMs
    this.#aheadMs = aheadMs
  }

  now(): Millis {
    const { now } = this.#queue
    const drifted = this.#perMillion === 0 ? 0 : ((now - this.#since) * this.#perMillion) / 1e6
    return (now + this.#aheadMs + drifted) as Millis
  }

  /** World time at which this clock will show `at`. */
  worldTimeOf(at: Millis): number {
    if (this.#perMillion === 0) return at - this.#aheadMs
    return this.#queue.now + (at - this.now()) / (1 + this.#perMillion / 1e6)
  }

  drift(perMillion: number): void {
    this.#aheadMs = this.now() - this.#queue.now
    this.#since = this.#queue.now
    this.#perMillion = perMillion
  }

  /** The wall clock is moved; who runs does not see it. */
  set(byMs: number): void {
    this.#wallAheadMs += byMs
  }

  /** A new life reads the wall clock. */
  restart(): void {
    this.#aheadMs = this.#wallAheadMs
    this.#since = this.#queue.now
  }
}
