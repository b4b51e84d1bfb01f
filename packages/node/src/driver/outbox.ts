/**
 * What a thing in the outbox is worth when there is no room for all: answers are asked for again, messages sent again, and
 * what the node tells itself is never dropped.
 */
export type OutboxKind = 'answer' | 'message' | 'own'

export interface OutboxOptions {
  /** Memory of what waits. What is `own` counts, but always has room. */
  readonly waitingBytesMax: number
}

export const defaultOutboxOptions: OutboxOptions = { waitingBytesMax: 67_108_864 }

/** Memory of an entry besides its frame, roughly. */
const entryBytes = 256

interface Entry {
  readonly after: number
  readonly kind: OutboxKind
  readonly bytes: number
  readonly leave: () => void
}

/**
 * Holds what may leave only when every durable write before it is on disk. Order is kept: what comes after waits too. When
 * the disk takes so long that there is no room left, what is worth least goes first, the oldest first.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #onDropped: (kind: OutboxKind) => void
  #waiting: Entry[] = []
  #bytes = 0
  #issued = 0
  #durable = 0

  constructor(
    options: OutboxOptions = defaultOutboxOptions,
    onDropped: (kind: OutboxKind) => void = () => {}
  ) {
    this.#options = options
    this.#onDropped = onDropped
  }

  /** Things that wait for the disk. */
  get length(): number {
    return this.#waiting.length
  }

  /** Memory of what waits. */
  get bytes(): number {
    return this.#bytes
  }

  /** A durable write is on its way; call the result once it is on disk. */
  expectFlush(): () => void {
    const flush = ++this.#issued
    return () => {
      if (flush > this.#durable) this.#durable = flush
      this.#release()
    }
  }

  /** Runs `leave` now, or as soon as all durable writes issued before are on disk; `frameBytes` is what it holds meanwhile. */
  add(leave: () => void, kind: OutboxKind = 'own', frameBytes = 0): void {
    if (this.#waiting.length === 0 && this.#durable === this.#issued) return leave()
    const bytes = frameBytes + entryBytes
    if (!this.#makeRoom(bytes, kind)) return this.#onDropped(kind)
    this.#waiting.push({ after: this.#issued, kind, bytes, leave })
    this.#bytes += bytes
  }

  /** False when only what is worth more waits. */
  #makeRoom(bytes: number, kind: OutboxKind): boolean {
    const isFull = () => this.#bytes + bytes > this.#options.waitingBytesMax
    if (isFull() && kind !== 'answer') this.#evict('answer', isFull)
    if (isFull() && kind === 'own') this.#evict('message', isFull)
    return kind === 'own' || !isFull()
  }

  #evict(kind: OutboxKind, isFull: () => boolean): void {
    this.#waiting = this.#waiting.filter(entry => {
      if (entry.kind !== kind || !isFull()) return true
      this.#bytes -= entry.bytes
      this.#onDropped(kind)
      return false
    })
  }

  #release(): void {
    let ready = 0
    while (ready < this.#waiting.length) {
      const entry = this.#waiting[ready] as Entry
      if (entry.after > this.#durable) break
      ready++
    }
    const released = this.#waiting.splice(0, ready)
    for (const { bytes } of released) this.#bytes -= bytes
    for (const { leave } of released) leave()
  }
}
