import type { ByteKey } from './byte-key.ts'

/** Bytes in one code: more would not be exact in a number. */
const codeBytes = 6
const startLength = 16
/** First and last codes that agree above it say little about what is between: their first two bytes. */
const tellingCodes = 2 ** 32

/** The key of an entry. */
export type NameOf = (entry: number) => ByteKey

/**
 * Numbers of entries in the order of their keys, all different. Beside each is a code made of the six bytes of its key that
 * follow on what all keys begin with: a search compares these, which lie side by side, and looks at a key where they are equal
 * alone. No references, so that moving them costs the collector of the heap nothing.
 */
export class SortedEntries {
  readonly #nameOf: NameOf
  #entries: Uint32Array<ArrayBuffer>
  #codes: Float64Array<ArrayBuffer>
  #length: number
  /** All keys begin with it, perhaps with more. A key itself is far away in memory. */
  #prefix: ByteKey = ''

  /** `entries` are sorted. */
  constructor(nameOf: NameOf, entries: Uint32Array | readonly number[] = []) {
    this.#nameOf = nameOf
    this.#length = entries.length
    const room = roomFor(entries.length)
    this.#entries = new Uint32Array(room)
    this.#entries.set(entries)
    this.#codes = new Float64Array(room)
    this.#encodeAll()
  }

  get length(): number {
    return this.#length
  }

  at(place: number): number {
    return this.#entries[place] as number
  }

  get last(): number {
    return this.at(this.#length - 1)
  }

  /** The place of the first key that is not below `key`; the length when there is none. */
  lowerBound(key: ByteKey): number {
    if (this.#length === 0) return 0
    if (!key.startsWith(this.#prefix)) return this.#prefix < key ? this.#length : 0
    const code = codeOf(key, this.#prefix.length)
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      const found = this.#codes[middle] as number
      const isBelow = found === code ? this.#nameOf(this.at(middle)) < key : found < code
      if (isBelow) low = middle + 1
      else high = middle
    }
    return low
  }

  /** At its place in the order. */
  insert(place: number, entry: number, key: ByteKey): void {
    if (this.#length === this.#entries.length) this.#resize(2 * this.#length)
    this.#entries.copyWithin(place + 1, place, this.#length)
    this.#codes.copyWithin(place + 1, place, this.#length)
    this.#length++
    this.#put(place, entry, key)
  }

  /** An entry that is right at this place, too. */
  replace(place: number, entry: number): void {
    this.#put(place, entry, this.#nameOf(entry))
  }

  remove(place: number): void {
    this.#entries.copyWithin(place, place + 1, this.#length)
    this.#codes.copyWithin(place, place + 1, this.#length)
    this.#length--
    // A few that are left of many must not hold the room of all.
    if (this.#length >= startLength && 4 * this.#length <= this.#entries.length) {
      this.#resize(this.#entries.length >>> 1)
    }
  }

  /** Takes what is from `place` on away. */
  splitOff(place: number): SortedEntries {
    const rest = new SortedEntries(this.#nameOf)
    rest.#prefix = this.#prefix
    rest.#take(this, place, this.#length)
    this.#take(this, 0, place)
    return rest
  }

  /** Fewer keys may have more in common. */
  #take(other: SortedEntries, from: number, to: number): void {
    const entries = other.#entries.subarray(from, to)
    const codes = other.#codes.subarray(from, to)
    const room = roomFor(to - from)
    this.#entries = new Uint32Array(room)
    this.#entries.set(entries)
    this.#codes = new Float64Array(room)
    this.#codes.set(codes)
    this.#length = to - from
    const [first, last] = [codes[0] as number, codes.at(-1) as number]
    if (Math.floor(first / tellingCodes) === Math.floor(last / tellingCodes)) this.#encodeAll()
  }

  #put(place: number, entry: number, key: ByteKey): void {
    this.#entries[place] = entry
    const isShared = this.#length > 1 && key.startsWith(this.#prefix)
    if (isShared) this.#codes[place] = codeOf(key, this.#prefix.length)
    else this.#encodeAll()
  }

  #encodeAll(): void {
    if (this.#length === 0) return
    const [first, last] = [this.#nameOf(this.at(0)), this.#nameOf(this.last)]
    this.#prefix = first.slice(0, commonLength(first, last))
    for (let place = 0; place < this.#length; place++) {
      this.#codes[place] = codeOf(this.#nameOf(this.at(place)), this.#prefix.length)
    }
  }

  #resize(room: number): void {
    const entries = this.#entries.subarray(0, this.#length)
    const codes = this.#codes.subarray(0, this.#length)
    this.#entries = new Uint32Array(room)
    this.#entries.set(entries)
    this.#codes = new Float64Array(room)
    this.#codes.set(codes)
  }
}

/** So that as many again find room, and one more. */
function roomFor(length: number): number {
  return Math.max(startLength, 2 * length + 2)
}

function commonLength(a: ByteKey, b: ByteKey): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length++
  return length
}

/** In the order of the keys, but equal for keys that differ later, or in zeros at their end. */
function codeOf(key: ByteKey, from: number): number {
  let code = 0
  const end = from + codeBytes
  for (let i = from; i < end; i++) code = code * 256 + (i < key.length ? key.charCodeAt(i) : 0)
  return code
}
