import { emptyBytes } from '@novacron/base'

const slabBytes = 65_536
/** A value beyond it gets a slab of its own, so that little is left over at the end of one. */
const sharedBytesMax = 4_096

/**
 * Values one after another in a few large buffers. What is written is never changed; a slab is let go with the last value in it,
 * which is when the seal after it is complete at the latest: from then on values are in the encodings of their buckets.
 */
export class Slabs {
  readonly #slabs: Uint8Array[] = []
  /** Values that count, by slab. */
  readonly #counts: number[] = []
  readonly #free: number[] = []
  #current: number | undefined
  #used = 0
  /** Where the last value that was added lies. */
  slab = 0
  offset = 0

  /** Memory that is held. */
  get heldBytes(): number {
    return this.#slabs.reduce((sum, { length }) => sum + length, 0)
  }

  /** Copies `value`, and sets `slab` and `offset`. */
  add(value: Uint8Array): void {
    if (value.length > sharedBytesMax) {
      this.slab = this.#make(value.length)
      this.offset = 0
    } else {
      this.slab = this.#withRoom(value.length)
      this.offset = this.#used
      this.#used += value.length
    }
    this.#counts[this.slab] = (this.#counts[this.slab] as number) + 1
    this.bytes(this.slab).set(value, this.offset)
  }

  bytes(slab: number): Uint8Array {
    return this.#slabs[slab] as Uint8Array
  }

  /** One of its values does not count any more. */
  release(slab: number): void {
    const count = (this.#counts[slab] as number) - 1
    this.#counts[slab] = count
    if (count === 0 && slab !== this.#current) this.#letGo(slab)
  }

  #withRoom(length: number): number {
    const current = this.#current
    if (current !== undefined && this.#used + length <= slabBytes) return current
    this.#current = undefined
    if (current !== undefined && this.#counts[current] === 0) this.#letGo(current)
    this.#used = 0
    this.#current = this.#make(slabBytes)
    return this.#current
  }

  #make(length: number): number {
    const slab = this.#free.pop() ?? this.#slabs.length
    this.#slabs[slab] = new Uint8Array(length)
    this.#counts[slab] = 0
    return slab
  }

  #letGo(slab: number): void {
    this.#slabs[slab] = emptyBytes
    this.#free.push(slab)
  }
}
