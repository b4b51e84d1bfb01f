import { assert } from './assert.ts'
import type { Digest } from './brand.ts'
import { bytesOfDigest, toHex } from './bytes.ts'
import { Fault } from './fault.ts'

/**
 * The canonical binary encoding of everything that is signed, hashed, sent or stored: big-endian, fixed field order,
 * counts and lengths before what they count, no optional padding. One value has one byte string.
 */

export type DecodeFault =
  | { readonly code: 'truncated'; readonly wanted: number; readonly left: number }
  | { readonly code: 'trailing-bytes'; readonly left: number }
  | { readonly code: 'u64-unsafe'; readonly value: string }
  | {
      readonly code: 'too-long'
      readonly field: string
      readonly length: number
      readonly max: number
    }
  | { readonly code: 'bad-value'; readonly field: string; readonly value: string }

export function decodeFault(facts: DecodeFault): Fault<DecodeFault> {
  return new Fault(facts)
}

/** Appends to one growing buffer. `finish` hands the bytes over; the writer must not be used after it. */
export class Writer {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(sizeHintBytes = 256) {
    this.#bytes = new Uint8Array(sizeHintBytes)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xff, `u8: ${value}`)
    const offset = this.#reserve(1)
    this.#view.setUint8(offset, value)
    return this
  }

  u16(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xffff, `u16: ${value}`)
    const offset = this.#reserve(2)
    this.#view.setUint16(offset, value)
    return this
  }

  u32(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, `u32: ${value}`)
    const offset = this.#reserve(4)
    this.#view.setUint32(offset, value)
    return this
  }

  u64(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, `u64: ${value}`)
    const offset = this.#reserve(8)
    this.#view.setUint32(offset, Math.floor(value / 0x1_0000_0000))
    this.#view.setUint32(offset + 4, value >>> 0)
    return this
  }

  /** Raw bytes whose length the format fixes. */
  raw(bytes: Uint8Array): this {
    const offset = this.#reserve(bytes.length)
    this.#bytes.set(bytes, offset)
    return this
  }

  /** u32 length and bytes. */
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes)
  }

  digest(digest: Digest): this {
    return this.raw(bytesOfDigest(digest))
  }

  /** u16 count, then each item. */
  list<T>(items: readonly T[], write: (item: T, writer: Writer) => void): this {
    this.u16(items.length)
    for (const item of items) write(item, this)
    return this
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** May replace the buffer and its view: call it before touching either. */
  #reserve(size: number): number {
    const offset = this.#length
    const needed = offset + size
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    this.#length = needed
    return offset
  }
}

/**
 * Reads what `Writer` wrote. Byte fields are views into the frame: copy what must outlive it.
 * Every method throws `Fault<DecodeFault>` and nothing else on bad input.
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.#bytes.length - this.#offset
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  u64(): number {
    const offset = this.#take(8)
    const value = this.#view.getUint32(offset) * 0x1_0000_0000 + this.#view.getUint32(offset + 4)
    if (!Number.isSafeInteger(value)) {
      throw decodeFault({ code: 'u64-unsafe', value: this.#view.getBigUint64(offset).toString() })
    }
    return value
  }

  raw(length: number): Uint8Array {
    const offset = this.#take(length)
    return this.#bytes.subarray(offset, offset + length)
  }

  /** u32 length and bytes; the length is checked against `max` and the frame before anything is touched. */
  bytes(field: string, max: number): Uint8Array {
    const length = this.u32()
    if (length > max) throw decodeFault({ code: 'too-long', field, length, max })
    return this.raw(length)
  }

  digest(): Digest {
    return toHex(this.raw(32)) as Digest
  }

  /** u16 count and items; the count is checked against `max` before anything is allocated. */
  list<T>(field: string, max: number, read: (reader: Reader) => T): T[] {
    const count = this.u16()
    if (count > max) throw decodeFault({ code: 'too-long', field, length: count, max })
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(read(this))
    return items
  }

  /** Canonical encodings leave nothing behind. */
  end(): void {
    if (this.left !== 0) throw decodeFault({ code: 'trailing-bytes', left: this.left })
  }

  #take(size: number): number {
    const offset = this.#offset
    // A size computed from a decoded length may be negative or NaN: reading backwards is as wrong as reading too far.
    if (!(size >= 0 && size <= this.left)) {
      throw decodeFault({ code: 'truncated', wanted: size, left: this.left })
    }
    this.#offset = offset + size
    return offset
  }
}
