import { emptyBytes, writeU32 } from '@novacron/base'
import { entryHeadBytes, type FormerValues } from '../buckets/bucket.ts'
import type { ByteKey } from './byte-key.ts'
import type { EntryTable } from './entry-table.ts'

/** What a bucket had before a change: no entry of the table. */
interface FormerEntry {
  readonly name: ByteKey
  readonly value: Uint8Array
}

/** A number of the table, or minus one minus the place among those that were before. */
type Encoded = number

/**
 * The encoding of a bucket as `encodeBucket` gives it, from the columns of the table. Most of a bucket that is sealed again is as
 * it was, so that stretches of the encoding before are copied whole.
 */
export class BucketEncoder {
  readonly #table: EntryTable
  readonly #bucket: number
  readonly #before: readonly FormerEntry[]
  readonly #entries: readonly Encoded[]

  constructor(
    table: EntryTable,
    bucket: number,
    numbers: readonly number[],
    former?: FormerValues
  ) {
    this.#table = table
    this.#bucket = bucket
    this.#before = formerOf(former)
    const kept =
      former === undefined ? numbers : numbers.filter(entry => !former.has(table.name(entry)))
    this.#entries = [...kept, ...this.#before.map((_, i) => -1 - i)].sort((a, b) => {
      const [left, right] = [this.#nameOf(a), this.#nameOf(b)]
      return left < right ? -1 : left > right ? 1 : 0
    })
  }

  /** Changes nothing. */
  encode(): Uint8Array {
    let length = 0
    for (const each of this.#entries) length += this.#lengthOf(each)
    if (length === 0) return emptyBytes
    const bytes = new Uint8Array(length)
    const former = this.#table.encoding(this.#bucket)
    let at = 0
    // A stretch of the encoding before that is to be copied.
    let from = 0
    let to = 0
    for (const each of this.#entries) {
      const start = this.#sealedStart(each)
      if (start !== undefined && start === to) {
        to += this.#lengthOf(each)
        continue
      }
      if (former !== undefined && to > from) bytes.set(former.subarray(from, to), at)
      at += to - from
      from = start ?? 0
      to = start === undefined ? 0 : start + this.#lengthOf(each)
      if (start === undefined) at = this.#write(each, bytes, at)
    }
    if (former !== undefined && to > from) bytes.set(former.subarray(from, to), at)
    return bytes
  }

  /** Encodes, and has the values of the table lie in what is returned. */
  seal(): Uint8Array {
    const bytes = this.encode()
    let at = 0
    for (const each of this.#entries) {
      if (each >= 0)
        this.#table.moveToEncoding(each, at + entryHeadBytes + this.#nameOf(each).length)
      at += this.#lengthOf(each)
    }
    this.#table.setEncoding(this.#bucket, bytes)
    return bytes
  }

  /** Numbers of the table in the order of keys: what `seal` has moved. */
  sealed(): number[] {
    return this.#entries.filter(each => each >= 0)
  }

  #nameOf(each: Encoded): ByteKey {
    return each >= 0 ? this.#table.name(each) : (this.#before[-1 - each] as FormerEntry).name
  }

  #lengthOf(each: Encoded): number {
    const value =
      each >= 0 ? this.#table.length(each) : (this.#before[-1 - each] as FormerEntry).value.length
    return entryHeadBytes + this.#nameOf(each).length + value
  }

  /** Where it begins in the encoding before; undefined when it is not there. */
  #sealedStart(each: Encoded): number | undefined {
    const offset = each >= 0 ? this.#table.sealedOffset(each) : undefined
    return offset === undefined ? undefined : offset - this.#nameOf(each).length - entryHeadBytes
  }

  #write(each: Encoded, bytes: Uint8Array, start: number): number {
    const name = this.#nameOf(each)
    const value =
      each >= 0 ? this.#table.value(each) : (this.#before[-1 - each] as FormerEntry).value
    let at = start
    bytes[at] = name.length >>> 8
    bytes[at + 1] = name.length & 0xff
    at += 2
    for (let i = 0; i < name.length; i++) bytes[at + i] = name.charCodeAt(i)
    at += name.length
    writeU32(bytes, at, value.length)
    at += 4
    bytes.set(value, at)
    return at + value.length
  }
}

function formerOf(former: FormerValues | undefined): FormerEntry[] {
  const entries: FormerEntry[] = []
  for (const [name, value] of former ?? []) if (value !== undefined) entries.push({ name, value })
  return entries
}
