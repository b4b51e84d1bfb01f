import type { ByteKey } from './byte-key.ts'

/** Keys in one block: an insertion moves at most so many. */
const blockLengthMax = 512

/** A sorted set of keys as blocks of a sorted array: a lookup is two binary searches, an insertion moves one block. */
export class OrderedKeys {
  /** No block is empty; every key of a block is below every key of the next. */
  readonly #blocks: ByteKey[][] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Does nothing when the key is there. */
  add(key: ByteKey): void {
    if (this.#blocks.length === 0) {
      this.#blocks.push([key])
      this.#size++
      return
    }
    const at = Math.min(this.#blockOf(key), this.#blocks.length - 1)
    const block = this.#blocks[at] as ByteKey[]
    const place = lowerBound(block, key)
    if (block[place] === key) return
    block.splice(place, 0, key)
    this.#size++
    if (block.length > blockLengthMax) {
      this.#blocks.splice(at + 1, 0, block.splice(blockLengthMax >>> 1))
    }
  }

  /** Does nothing when the key is not there. */
  delete(key: ByteKey): void {
    const at = this.#blockOf(key)
    const block = this.#blocks[at]
    if (block === undefined) return
    const place = lowerBound(block, key)
    if (block[place] !== key) return
    block.splice(place, 1)
    this.#size--
    if (block.length === 0) this.#blocks.splice(at, 1)
  }

  /** Keys `from <= key`, ascending; do not change the set while it runs. */
  *from(from: ByteKey): Generator<ByteKey, void, undefined> {
    const first = this.#blockOf(from)
    for (let at = first; at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as ByteKey[]
      const start = at === first ? lowerBound(block, from) : 0
      for (let place = start; place < block.length; place++) yield block[place] as ByteKey
    }
  }

  /** The first block whose last key is not below `key`; the number of blocks when there is none. */
  #blockOf(key: ByteKey): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const block = this.#blocks[middle] as ByteKey[]
      if ((block[block.length - 1] as ByteKey) < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

function lowerBound(keys: readonly ByteKey[], key: ByteKey): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as ByteKey) < key) low = middle + 1
    else high = middle
  }
  return low
}
