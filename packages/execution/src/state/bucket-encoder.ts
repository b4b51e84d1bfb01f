import { emptyBytes } from '@novacron/base'
import {
  compareNames,
  entryHeadBytes,
  type FormerValues,
  formerEntries,
  type NamedValue,
  writeEntry
} from '../buckets/bucket.ts'
import type { ByteKey } from './byte-key.ts'
import type { EntryTable } from './entry-table.ts'

/** A number of the table, or minus one minus the place among those that were before. */
type Encoded = number

/**
 * The encoding of a bucket as `encodeBucket` gives it, from the columns of the table. Most of a bucket that is sealed again is as
 * it was, so that stretches of the encoding before are copied whole.
 */
export class BucketEncoder {
  readonly #table: EntryTable
  readonly #bucket: number
  /** What the bucket had before a change: no entries of the table. */
  readonly #before: readonly NamedValue[]
  readonly #entries: readonly Encoded[]

  constructor(
    table: EntryTable,
    bucket: number,
    numbers: readonly number[],
    former?: FormerValues
  ) {
    this.#table = table
    this.#bucket = bucket
    this.#before = formerEntries([], former)
    const kept =
      former === undefined ? numbers : numbers.filter(entry => !former.has(table.name(entry)))
    this.#entries = [...kept, ...this.#before.map((_, i) => -1 - i)].sort((a, b) =>
      compareNames(this.#nameOf(a), this.#nameOf(b))
    )
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
      if (start === undefined) {
        at = writeEntry(bytes, at, this.#nameOf(each), this.#valueOf(each))
      }
    }
    if (former !== undefined && to > from) bytes.set(former.subarray(from, to), at)
    return bytes
  }

  /** Encodes, and has the values of the table lie in what is returned. */
  seal(): Uint8Array {
    const bytes = this.encode()
    let at = 0
    for (const each of this.#entries) {
      const valueAt = at + entryHeadBytes + this.#nameOf(each).length
      if (each >= 0) this.#table.moveToEncoding(each, this.#bucket, valueAt)
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
    return each >= 0 ? this.#table.name(each) : this.#former(each).name
  }

  #valueOf(each: Encoded): Uint8Array {
    return each >= 0 ? this.#table.value(each) : this.#former(each).value
  }

  #lengthOf(each: Encoded): number {
    const value = each >= 0 ? this.#table.length(each) : this.#former(each).value.length
    return entryHeadBytes + this.#nameOf(each).length + value
  }

  #former(each: Encoded): NamedValue {
    return this.#before[-1 - each] as NamedValue
  }

  /** Where it begins in the encoding before; undefined when it is not there. */
  #sealedStart(each: Encoded): number | undefined {
    const offset = each >= 0 ? this.#table.sealedOffset(each) : undefined
    return offset === undefined ? undefined : offset - this.#nameOf(each).length - entryHeadBytes
  }
}
