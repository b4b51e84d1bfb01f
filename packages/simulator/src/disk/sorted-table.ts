/** Rows by key; keys are strings of one character a byte, which sort as the bytes do. Sorted only when a range is asked. */
export class SortedTable {
  readonly #rows: Map<string, Uint8Array>
  #keys: string[] | undefined

  constructor(rows: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#rows = new Map(rows)
  }

  get size(): number {
    return this.#rows.size
  }

  get(key: string): Uint8Array | undefined {
    return this.#rows.get(key)
  }

  /** Returns what stood there before. */
  put(key: string, value: Uint8Array): Uint8Array | undefined {
    const before = this.#rows.get(key)
    if (before === undefined) {
      const last = this.#keys?.at(-1)
      if (last !== undefined && key > last) this.#keys?.push(key)
      else this.#keys = undefined
    }
    this.#rows.set(key, value)
    return before
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#keys = undefined
  }

  /** `from <= key < to`. */
  deleteRange(from: string, to: string): void {
    for (const key of this.keys(from, to)) this.#rows.delete(key)
    this.#keys = undefined
  }

  /** Ascending, `from <= key < to`. */
  keys(from: string, to: string): string[] {
    this.#keys ??= [...this.#rows.keys()].sort(compare)
    return this.#keys.slice(lowerBound(this.#keys, from), lowerBound(this.#keys, to))
  }

  /** All keys, in the order in which they were first written. */
  written(): Iterable<string> {
    return this.#rows.keys()
  }

  copy(): SortedTable {
    return new SortedTable(this.#rows)
  }
}

/** Arguments of one call; a longer list could overflow the stack. */
const pieceLength = 1_024

/** One character a byte. */
export function keyOf(bytes: Uint8Array): string {
  if (bytes.length <= pieceLength) return textOf(bytes)
  let key = ''
  for (let at = 0; at < bytes.length; at += pieceLength) {
    key += textOf(bytes.subarray(at, at + pieceLength))
  }
  return key
}

/** A typed array will do for the list of arguments, whatever the type says; what comes is one flat string. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[])
}

export function bytesOfKey(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length)
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i)
  return bytes
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** First place whose key is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
