interface Cell {
  buffer: Uint8Array | undefined
}

/**
 * Buffers by key, in the order in which their keys came, let go of as soon as they are deleted.
 *
 * A `Map` of V8 does not do that. When it makes a new table, the old one points to the new, for iterators that are under way.
 * One such table in the old generation is enough: the young collections keep all that follow it, and whatever stood in them,
 * until the next collection of the whole heap. Payload of hundreds of megabytes was held in that way. Here the cell is emptied,
 * so that old tables hold nothing. See docs/decisions/0025-maps-of-buffers.md.
 */
export class BufferMap<K> {
  readonly #cells = new Map<K, Cell>()

  get size(): number {
    return this.#cells.size
  }

  has(key: K): boolean {
    return this.#cells.has(key)
  }

  get(key: K): Uint8Array | undefined {
    return this.#cells.get(key)?.buffer
  }

  /** Keeps `buffer` itself, not a copy. A key that is here keeps its place. */
  set(key: K, buffer: Uint8Array): void {
    const cell = this.#cells.get(key)
    if (cell === undefined) this.#cells.set(key, { buffer })
    else cell.buffer = buffer
  }

  /** Returns what it deleted. */
  take(key: K): Uint8Array | undefined {
    const cell = this.#cells.get(key)
    if (cell === undefined) return undefined
    const { buffer } = cell
    cell.buffer = undefined
    this.#cells.delete(key)
    return buffer
  }

  clear(): void {
    for (const cell of this.#cells.values()) cell.buffer = undefined
    if (this.#cells.size > 0) this.#cells.clear()
  }

  /** What is deleted meanwhile is passed over. */
  keys(): IterableIterator<K> {
    return this.#cells.keys()
  }

  *[Symbol.iterator](): IterableIterator<[K, Uint8Array]> {
    for (const [key, { buffer }] of this.#cells) if (buffer !== undefined) yield [key, buffer]
  }
}
