import { decodeFault, Reader, Writer } from '@novacron/base'
import { clientKeyBytes } from './open.ts'

/** Sequences above the contiguous one that may arrive out of order. */
export const sessionWindow = 1_024
const windowWords = sessionWindow / 32
const windowBytes = sessionWindow / 8

export type Acceptance = 'ok' | 'duplicate' | 'window-exceeded'

/** What exactly-once costs: one counter, and 1,024 bits while sequences arrive out of order. */
export class Session {
  readonly clientKey: Uint8Array | undefined
  /** Position in the log of the last transaction that named it, and the commit of that. */
  touched: number
  touchedIndex: number
  #contiguous = 0
  /** Bit `sequence % 1024` for sequences above the contiguous one; made when it is first needed. */
  #ring: Uint32Array | undefined
  /** Bits set in the ring. */
  #waiting = 0

  constructor(clientKey: Uint8Array | undefined, touched: number, touchedIndex: number) {
    this.clientKey = clientKey
    this.touched = touched
    this.touchedIndex = touchedIndex
  }

  /** All sequences up to it have been run. */
  get contiguous(): number {
    return this.#contiguous
  }

  /** What `accept` would say. */
  check(sequence: number): Acceptance {
    if (sequence <= this.#contiguous) return 'duplicate'
    if (sequence > this.#contiguous + sessionWindow) return 'window-exceeded'
    return this.#has(sequence) ? 'duplicate' : 'ok'
  }

  /** Records a sequence >= 1 as run when the answer is `ok`. */
  accept(sequence: number): Acceptance {
    if (sequence === this.#contiguous + 1) {
      this.#contiguous = sequence
      if (this.#waiting > 0) this.#absorb()
      return 'ok'
    }
    const answer = this.check(sequence)
    if (answer === 'ok') this.#mark(sequence)
    return answer
  }

  /**
   * contiguous u64, touched u64, touched index u64, window length u8 and bytes without trailing zeros (bit i stands for
   * contiguous + 1 + i, lowest first), key flag u8, client key.
   */
  encode(): Uint8Array {
    const window = this.#windowBytes()
    const writer = new Writer(64 + window.length)
      .u64(this.#contiguous)
      .u64(this.touched)
      .u64(this.touchedIndex)
      .u8(window.length)
      .raw(window)
    if (this.clientKey === undefined) return writer.u8(0).finish()
    return writer.u8(1).raw(this.clientKey).finish()
  }

  /** @throws {Fault<DecodeFault>} unless `encode` would give the same bytes again. */
  static decode(bytes: Uint8Array): Session {
    const reader = new Reader(bytes)
    const contiguous = reader.u64()
    const touched = reader.u64()
    const touchedIndex = reader.u64()
    const length = reader.u8()
    const window = length <= windowBytes ? reader.raw(length) : undefined
    // A set first bit would belong to the counter, and a last byte of zero has a shorter form.
    if (window === undefined || (length > 0 && (window[length - 1] === 0 || bitOf(window, 0)))) {
      throw decodeFault({ code: 'bad-value', field: 'session window', value: `${length} bytes` })
    }
    const flag = reader.u8()
    if (flag > 1)
      throw decodeFault({ code: 'bad-value', field: 'client key flag', value: `${flag}` })
    const clientKey = flag === 1 ? reader.raw(clientKeyBytes).slice() : undefined
    reader.end()
    const session = new Session(clientKey, touched, touchedIndex)
    session.#contiguous = contiguous
    for (let i = 1; i < length * 8; i++) {
      if (bitOf(window, i)) session.#mark(contiguous + 1 + i)
    }
    return session
  }

  #absorb(): void {
    while (this.#waiting > 0 && this.#has(this.#contiguous + 1)) {
      this.#contiguous++
      this.#waiting--
      const ring = this.#ring as Uint32Array
      const bit = this.#contiguous % sessionWindow
      ring[bit >>> 5] = (ring[bit >>> 5] as number) & ~(1 << (bit & 31))
    }
    if (this.#waiting === 0) this.#ring = undefined
  }

  #has(sequence: number): boolean {
    if (this.#ring === undefined) return false
    const bit = sequence % sessionWindow
    return (((this.#ring[bit >>> 5] as number) >>> (bit & 31)) & 1) === 1
  }

  #mark(sequence: number): void {
    this.#ring ??= new Uint32Array(windowWords)
    const bit = sequence % sessionWindow
    this.#ring[bit >>> 5] = (this.#ring[bit >>> 5] as number) | (1 << (bit & 31))
    this.#waiting++
  }

  #windowBytes(): Uint8Array {
    const window = new Uint8Array(windowBytes)
    let length = 0
    if (this.#waiting === 0) return window.subarray(0, 0)
    for (let i = 1; i < sessionWindow; i++) {
      if (!this.#has(this.#contiguous + 1 + i)) continue
      window[i >>> 3] = (window[i >>> 3] as number) | (1 << (i & 7))
      length = (i >>> 3) + 1
    }
    return window.subarray(0, length)
  }
}

function bitOf(bytes: Uint8Array, index: number): boolean {
  return (((bytes[index >>> 3] as number) >>> (index & 7)) & 1) === 1
}
