/**
 * Holds what may leave only when every durable write before it is on disk. Order is kept: what comes after waits too.
 */
export class Outbox {
  readonly #waiting: { readonly after: number; readonly leave: () => void }[] = []
  #issued = 0
  #durable = 0

  /** Things that wait for the disk. */
  get length(): number {
    return this.#waiting.length
  }

  /** A durable write is on its way; call the result once it is on disk. */
  expectFlush(): () => void {
    const flush = ++this.#issued
    return () => {
      if (flush > this.#durable) this.#durable = flush
      this.#release()
    }
  }

  /** Runs `leave` now, or as soon as all durable writes issued before are on disk. */
  add(leave: () => void): void {
    if (this.#waiting.length === 0 && this.#durable === this.#issued) leave()
    else this.#waiting.push({ after: this.#issued, leave })
  }

  #release(): void {
    let ready = 0
    while (ready < this.#waiting.length) {
      const entry = this.#waiting[ready] as { after: number; leave: () => void }
      if (entry.after > this.#durable) break
      ready++
    }
    for (const { leave } of this.#waiting.splice(0, ready)) leave()
  }
}
