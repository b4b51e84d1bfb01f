interface Cell<V> {
  value: V | undefined
}

/**
 * A map that lets go of what is deleted from it at once, for values that are large or come and go by the hundred each second.
 *
 * A `Map` of V8 does not do that. When it makes a new table, the old one points to the new, for iterators that are under way.
 * One such table in the old generation is enough: the young collections keep all that follow it, and whatever stood in them,
 * until the next collection of the whole heap. Here the cell is emptied, so that old tables hold keys and empty cells alone. It costs
 * one small object for each entry. See docs/decisions/0025-maps-that-let-go.md.
 */
export class ReleasingMap<K, V> {
  readonly #cells = new Map<K, Cell<V>>()

  get size(): number {
    return this.#cells.size
  }

  has(key: K): boolean {
    return this.#cells.has(key)
  }

  get(key: K): V | undefined {
    return this.#cells.get(key)?.value
  }

  /** A key that is here keeps its place. */
  set(key: K, value: V): void {
    const cell = this.#cells.get(key)
    if (cell === undefined) this.#cells.set(key, { value })
    else cell.value = value
  }

  /** Returns what it deleted. */
  take(key: K): V | undefined {
    const cell = this.#cells.get(key)
    if (cell === undefined) return undefined
    const { value } = cell
    cell.value = undefined
    this.#cells.delete(key)
    return value
  }

  delete(key: K): boolean {
    const cell = this.#cells.get(key)
    if (cell === undefined) return false
    cell.value = undefined
    return this.#cells.delete(key)
  }

  clear(): void {
    for (const cell of this.#cells.values()) cell.value = undefined
    if (this.#cells.size > 0) this.#cells.clear()
  }

  /** In the order in which they came; what is deleted meanwhile is passed over. */
  keys(): IterableIterator<K> {
    return this.#cells.keys()
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#cells.values()) yield value as V
  }

  *[Symbol.iterator](): IterableIterator<[K, V]> {
    for (const [key, { value }] of this.#cells) yield [key, value as V]
  }
}
