import { randomFillSync } from 'node:crypto'
import { assert } from '@novacron/base'

const poolBytes = 4 * 1024 * 1024

/**
 * Payloads that no compressor makes smaller: windows of a pool of random bytes, each begun with the number of its
 * transaction, so that no two are equal.
 */
export class Payloads {
  readonly #pool: Buffer
  readonly #bytes: number
  #offset = 0
  #made = 0

  constructor(bytes: number) {
    assert(Number.isSafeInteger(bytes) && bytes >= 1, `bytes is an integer >= 1: ${bytes}`)
    this.#bytes = bytes
    this.#pool = randomFillSync(Buffer.allocUnsafe(Math.max(poolBytes, 2 * bytes)))
  }

  /** A view into the pool: valid until the next call. */
  next(): Uint8Array {
    if (this.#offset + this.#bytes > this.#pool.length) {
      // Another phase each time round, so that windows do not come back as they were.
      this.#offset = this.#made % this.#bytes
    }
    const payload = this.#pool.subarray(this.#offset, this.#offset + this.#bytes)
    if (this.#bytes >= 6) payload.writeUIntBE(this.#made, 0, 6)
    this.#offset += this.#bytes
    this.#made++
    return payload
  }
}
