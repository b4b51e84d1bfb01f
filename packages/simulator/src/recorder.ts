import { assert } from '@novacron/base'

/** One thing that happened. */
export interface RecordedEvent {
  /** Milliseconds after the start of the run. */
  readonly atMs: number
  readonly place: number
  readonly what: string
  /** Bytes, rows, an index: what fits `what`. */
  readonly value: number
}

/** Keeps the last `eventsMax` things that happened in a world. */
export class Recorder {
  readonly #eventsMax: number
  readonly #events: RecordedEvent[] = []
  /** Where the next one goes once the list is full: the place of the oldest. */
  #next = 0

  constructor(eventsMax: number) {
    assert(Number.isInteger(eventsMax) && eventsMax >= 1, 'eventsMax >= 1')
    this.#eventsMax = eventsMax
  }

  note(event: RecordedEvent): void {
    this.#events[this.#next] = event
    this.#next = (this.#next + 1) % this.#eventsMax
  }

  /** Oldest first. */
  events(): readonly RecordedEvent[] {
    if (this.#events.length < this.#eventsMax) return [...this.#events]
    return [...this.#events.slice(this.#next), ...this.#events.slice(0, this.#next)]
  }
}
