/** Copied together at most, until the machine gets them. */
export const intakeBytesMax = 262_144

export interface IntakeNeeds {
  /** Gives whole envelopes to the machine, which copies what it keeps. */
  readonly submit: (region: Uint8Array, count: number) => void
  /** Calls `flush` before the event loop turns again. */
  readonly defer: (flush: () => void) => void
}

/**
 * What clients send while the event loop turns once goes to the machine as one event: a step costs as much for one
 * transaction as for a thousand.
 */
export class Intake {
  readonly #needs: IntakeNeeds
  readonly #buffer = new Uint8Array(intakeBytesMax)
  #length = 0
  #count = 0

  constructor(needs: IntakeNeeds) {
    this.#needs = needs
  }

  /** Accepted, and not with the machine yet. */
  get bytes(): number {
    return this.#length
  }

  /** Copies what it keeps. Order is kept. */
  add(region: Uint8Array, count: number): void {
    if (this.#length + region.length > this.#buffer.length) this.flush()
    if (region.length > this.#buffer.length) return this.#needs.submit(region, count)
    if (this.#length === 0) this.#needs.defer(() => this.flush())
    this.#buffer.set(region, this.#length)
    this.#length += region.length
    this.#count += count
  }

  flush(): void {
    if (this.#length === 0) return
    const [region, count] = [this.#buffer.subarray(0, this.#length), this.#count]
    this.#length = 0
    this.#count = 0
    this.#needs.submit(region, count)
  }
}
