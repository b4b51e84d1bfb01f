import { assert, type Millis } from '@novacron/base'

interface Entry {
  readonly at: number
  readonly sequence: number
  readonly run: () => void
}

/** What will happen, by virtual time; what is due at one time runs in the order in which it was scheduled. */
export class EventQueue {
  readonly #heap: Entry[] = []
  #sequence = 0
  #now: number
  #ran = 0

  constructor(startAt = 0) {
    this.#now = startAt
  }

  get now(): Millis {
    return this.#now as Millis
  }

  get size(): number {
    return this.#heap.length
  }

  /** Entries that have run. */
  get ran(): number {
    return this.#ran
  }

  /** A time that has passed counts as now. */
  schedule(at: number, run: () => void): void {
    assert(Number.isFinite(at), 'a finite time')
    const entry = { at: Math.max(at, this.#now), sequence: this.#sequence++, run }
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above] as Entry
      if (!isBefore(entry, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = entry
  }

  /** Runs the next entry that is due by `until`; false, with the clock at `until`, when there is none. */
  runNext(until: number): boolean {
    const next = this.#heap[0]
    if (next === undefined || next.at > until) {
      this.#now = Math.max(this.#now, until)
      return false
    }
    this.#removeFirst()
    this.#now = next.at
    this.#ran++
    next.run()
    return true
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop() as Entry
    const size = heap.length
    if (size === 0) return
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      if (below >= size) break
      const right = below + 1
      if (right < size && isBefore(heap[right] as Entry, heap[below] as Entry)) below = right
      const child = heap[below] as Entry
      if (!isBefore(child, last)) break
      heap[index] = child
      index = below
    }
    heap[index] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
