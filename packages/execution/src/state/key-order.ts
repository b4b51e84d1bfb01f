import type { ByteKey } from './byte-key.ts'
import { type NameOf, SortedEntries } from './sorted-entries.ts'

/** Entries in one block: an insertion moves at most so many. */
const blockLengthMax = 256

/** Entries in the order of their keys, as blocks of a sorted array: a lookup is two binary searches, an insertion moves one block. */
export class KeyOrder {
  readonly #nameOf: NameOf
  /** No block is empty; every key of a block is below every key of the next. */
  readonly #blocks: SortedEntries[] = []
  /** The last entry of each block. */
  readonly #lasts: SortedEntries
  #size = 0

  /** It is asked for the keys of entries that are in here alone. */
  constructor(nameOf: NameOf) {
    this.#nameOf = nameOf
    this.#lasts = new SortedEntries(nameOf)
  }

  get size(): number {
    return this.#size
  }

  /** No other entry has this key. */
  add(entry: number, key: ByteKey): void {
    this.#size++
    const at = Math.min(this.#lasts.lowerBound(key), this.#blocks.length - 1)
    const block = this.#blocks[at]
    if (block === undefined) {
      this.#blocks.push(new SortedEntries(this.#nameOf, [entry]))
      this.#lasts.insert(0, entry, key)
      return
    }
    const place = block.lowerBound(key)
    block.insert(place, entry, key)
    if (place === block.length - 1) this.#lasts.replace(at, entry)
    if (block.length > blockLengthMax) this.#split(at, block)
  }

  /** The entry with this key is there, and its key is still known. */
  delete(key: ByteKey): void {
    this.#size--
    const at = this.#lasts.lowerBound(key)
    const block = this.#blocks[at] as SortedEntries
    const place = block.lowerBound(key)
    block.remove(place)
    if (block.length === 0) {
      this.#blocks.splice(at, 1)
      this.#lasts.remove(at)
    } else if (place === block.length) {
      this.#lasts.replace(at, block.last)
    }
  }

  /** Entries with `from <= key`, ascending; do not change the order while it runs. */
  *from(from: ByteKey): Generator<number, void, undefined> {
    const first = this.#lasts.lowerBound(from)
    for (let at = first; at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as SortedEntries
      const start = at === first ? block.lowerBound(from) : 0
      for (let place = start; place < block.length; place++) yield block.at(place)
    }
  }

  #split(at: number, block: SortedEntries): void {
    const rest = block.splitOff(blockLengthMax >>> 1)
    this.#blocks.splice(at + 1, 0, rest)
    this.#lasts.insert(at, block.last, this.#nameOf(block.last))
  }
}
