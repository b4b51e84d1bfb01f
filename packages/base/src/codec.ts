import { AssertionError } from './assert.ts'
import type { Digest } from './brand.ts'
import { toHex, writeHex } from './bytes.ts'
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

/** Small byte strings that do not live long are cut from one slab: an array of its own costs 500 ns to make, a cut 30. */
const slabBytes = 8_192
/** Longer ones get an array of their own. */
const pooledBytesMax = 1_024
/** Arrays up to this length lie in the heap of the engine. */
const heapBytesMax = 64
let slab = new Uint8Array(slabBytes)
let slabUsed = 0
/** Set while a pooled writer is made. */
let cut: Uint8Array<ArrayBuffer> | undefined

/** The words are put together only when they are needed: this stands in the hottest loops. */
function outOfRange(type: string, value: number): never {
  throw new AssertionError(`${type}: ${value}`)
}

/** Appends to one growing buffer. `finish` hands the bytes over; the writer must not be used after it. */
export class Writer {
  #bytes: Uint8Array
  /** Where this writer's part of the buffer begins, the next byte goes, and it ends. */
  #start: number
  #at: number
  #end: number

  constructor(sizeHintBytes = 256) {
    this.#bytes = cut ?? new Uint8Array(sizeHintBytes)
    this.#start = cut === undefined ? 0 : slabUsed
    this.#at = this.#start
    this.#end = this.#start + sizeHintBytes
  }

  /**
   * A writer whose bytes share one buffer with those of others, for what is soon hashed, signed, compared or sent. Whoever
   * keeps them for long copies them, or they hold the whole slab of 8 KiB.
   */
  static pooled(sizeHintBytes = 256): Writer {
    if (sizeHintBytes > pooledBytesMax) return new Writer(sizeHintBytes)
    if (slabUsed + sizeHintBytes > slabBytes) {
      slab = new Uint8Array(slabBytes)
      slabUsed = 0
    }
    cut = slab
    const writer = new Writer(sizeHintBytes)
    cut = undefined
    slabUsed = writer.#end
    return writer
  }

  get length(): number {
    return this.#at - this.#start
  }

  u8(value: number): this {
    if (!(Number.isInteger(value) && value >= 0 && value <= 0xff)) outOfRange('u8', value)
    const offset = this.#reserve(1)
    this.#bytes[offset] = value
    return this
  }

  u16(value: number): this {
    if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff)) outOfRange('u16', value)
    const offset = this.#reserve(2)
    this.#bytes[offset] = value >>> 8
    this.#bytes[offset + 1] = value & 0xff
    return this
  }

  u32(value: number): this {
    if (!(Number.isInteger(value) && value >= 0 && value <= 0xffffffff)) outOfRange('u32', value)
    this.#word(this.#reserve(4), value)
    return this
  }

  u64(value: number): this {
    if (!(Number.isSafeInteger(value) && value >= 0)) outOfRange('u64', value)
    const offset = this.#reserve(8)
    this.#word(offset, Math.floor(value / 0x1_0000_0000))
    this.#word(offset + 4, value)
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
    const offset = this.#reserve(digest.length >>> 1)
    writeHex(digest, this.#bytes, offset)
    return this
  }

  /** u16 count, then each item. */
  list<T>(items: readonly T[], write: (item: T, writer: Writer) => void): this {
    this.u16(items.length)
    for (const item of items) write(item, this)
    return this
  }

  finish(): Uint8Array {
    // What a pooled writer did not use goes back, unless others have been cut off behind it.
    if (this.#bytes === slab && this.#end === slabUsed) slabUsed = this.#at
    if (this.length === this.#bytes.length) return this.#bytes
    // A view moves a small array out of the heap, which costs more than a copy.
    if (this.#bytes.length <= heapBytesMax) return this.#bytes.slice(0, this.#at)
    return this.#bytes.subarray(this.#start, this.#at)
  }

  #word(offset: number, whole: number): void {
    const value = whole >>> 0
    this.#bytes[offset] = value >>> 24
    this.#bytes[offset + 1] = (value >>> 16) & 0xff
    this.#bytes[offset + 2] = (value >>> 8) & 0xff
    this.#bytes[offset + 3] = value & 0xff
  }

  /** May replace the buffer: call it before touching it. */
  #reserve(size: number): number {
    const offset = this.#at
    const next = offset + size
    if (next <= this.#end) {
      this.#at = next
      return offset
    }
    const used = offset - this.#start
    const grown = new Uint8Array(Math.max(used + size, (this.#end - this.#start) * 2))
    grown.set(this.#bytes.subarray(this.#start, offset))
    this.#bytes = grown
    this.#start = 0
    this.#at = used + size
    this.#end = grown.length
    return used
  }
}

/**
 * Reads what `Writer` wrote. Byte fields are views into the frame: copy what must outlive it.
 * Every method throws `Fault<DecodeFault>` and nothing else on bad input.
 */
export class Reader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#offset
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number
  }

  u16(): number {
    const offset = this.#take(2)
    return ((this.#bytes[offset] as number) << 8) | (this.#bytes[offset + 1] as number)
  }

  u32(): number {
    return this.#word(this.#take(4))
  }

  u64(): number {
    const offset = this.#take(8)
    const high = this.#word(offset)
    const low = this.#word(offset + 4)
    const value = high * 0x1_0000_0000 + low
    if (!Number.isSafeInteger(value)) {
      throw decodeFault({ code: 'u64-unsafe', value: `${(BigInt(high) << 32n) | BigInt(low)}` })
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

  #word(offset: number): number {
    const bytes = this.#bytes
    const word =
      ((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)
    return word >>> 0
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
