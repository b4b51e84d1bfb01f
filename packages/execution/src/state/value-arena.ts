const slabBytes = 65_536
/** A value beyond it gets a buffer of its own, so that little is left over at the end of a slab. */
const sharedBytesMax = 4_096

/**
 * Buffers for values, many cut from one: a buffer of its own costs a put more than all the rest of it. A slab lives as long
 * as one value in it does, which is until the next seal at most: from then on values are views into their bucket's encoding.
 */
export class ValueArena {
  #slab = new Uint8Array(0)
  #used = 0

  /** Zeros, or bytes that nobody else reads: write all of it. */
  make(length: number): Uint8Array {
    if (length > sharedBytesMax) return new Uint8Array(length)
    if (this.#used + length > this.#slab.length) {
      this.#slab = new Uint8Array(slabBytes)
      this.#used = 0
    }
    const start = this.#used
    this.#used += length
    return this.#slab.subarray(start, this.#used)
  }
}
