import type { Unit } from './operation.ts'

/**
 * Units in the order of `write`, with their memory counted. Units in flight still count.
 *
 * One unit at a time may be larger than all the others together may be: a state goes to disk whole, and its bound is not ours.
 */
export class WriteQueue {
  readonly #bytesMax: number
  #units: Unit[] = []
  #bytes = 0
  /** The one that is larger than the bound; 0 when there is none. */
  #largeBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get length(): number {
    return this.#units.length
  }

  get bytes(): number {
    return this.#bytes
  }

  get addedBytes(): number {
    return this.#units.reduce((sum, unit) => sum + unit.addedBytes, 0)
  }

  /** False, and nothing queued, when there is no room. */
  push(unit: Unit): boolean {
    if (this.#isLarge(unit)) {
      if (this.#largeBytes > 0) return false
      this.#largeBytes = unit.bytes
    } else if (this.#bytes - this.#largeBytes + unit.bytes > this.#bytesMax) {
      return false
    }
    this.#units.push(unit)
    this.#bytes += unit.bytes
    return true
  }

  /** All units; follow with `done`, or `restore` when they did not reach the disk. */
  take(): readonly Unit[] {
    const units = this.#units
    this.#units = []
    return units
  }

  done(units: readonly Unit[]): void {
    for (const unit of units) {
      this.#bytes -= unit.bytes
      if (this.#isLarge(unit)) this.#largeBytes = 0
    }
  }

  #isLarge(unit: Unit): boolean {
    return unit.bytes > this.#bytesMax
  }

  restore(units: readonly Unit[]): void {
    this.#units = [...units, ...this.#units]
  }
}
