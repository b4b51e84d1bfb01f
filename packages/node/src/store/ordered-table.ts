import { compareBytes, fromHex, toHex, type Write } from '@novacron/base'
import { copyOfBytes } from './own-bytes.ts'
import type { Entry, RangeOptions } from './store.ts'

/** A small table in memory. Hex keys, because their string order is the byte order of what they stand for. */
export class OrderedTable {
  readonly #values = new Map<string, Uint8Array>()
  #bytes = 0

  /** Key and value bytes held. */
  get bytes(): number {
    return this.#bytes
  }

  /** A copy. */
  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.#values.get(toHex(key))
    return value === undefined ? undefined : copyOfBytes(value)
  }

  /** Performs one write; its table name is the caller's concern. Values are kept, not copied. */
  apply(write: Write): void {
    if (write.type === 'put') {
      this.#delete(toHex(write.key))
      this.#values.set(toHex(write.key), write.value)
      this.#bytes += write.key.length + write.value.length
      return
    }
    if (write.type === 'delete') {
      this.#delete(toHex(write.key))
      return
    }
    for (const key of this.#keysOf(write)) this.#delete(key)
  }

  /** Copies of the entries at the time of the call, in the order of their keys. */
  range(options: RangeOptions = {}): Entry[] {
    const keys = this.#keysOf(options).sort()
    if (options.reverse === true) keys.reverse()
    return keys
      .slice(0, options.limit ?? keys.length)
      .map(key => [fromHex(key), copyOfBytes(this.#values.get(key) as Uint8Array)])
  }

  entries(): Entry[] {
    return this.range()
  }

  #delete(key: string): void {
    const value = this.#values.get(key)
    if (value === undefined) return
    this.#values.delete(key)
    this.#bytes -= key.length / 2 + value.length
  }

  #keysOf({ from, to }: Pick<RangeOptions, 'from' | 'to'>): string[] {
    const low = from === undefined ? '' : toHex(from)
    const high = to === undefined ? undefined : toHex(to)
    return [...this.#values.keys()].filter(key => key >= low && (high === undefined || key < high))
  }
}

/** A copy that owns its bytes. */
export function copyOfWrite(write: Write): Write {
  switch (write.type) {
    case 'put':
      return { ...write, key: copyOfBytes(write.key), value: copyOfBytes(write.value) }
    case 'delete':
      return { ...write, key: copyOfBytes(write.key) }
    case 'delete-range':
      return { ...write, from: copyOfBytes(write.from), to: copyOfBytes(write.to) }
  }
}

/** Bytes that a queued write holds, with a fixed share for its object. */
export function sizeOfWrite(write: Write): number {
  const payload =
    write.type === 'put'
      ? write.key.length + write.value.length
      : write.type === 'delete'
        ? write.key.length
        : write.from.length + write.to.length
  return payload + write.table.length + 64
}

export function isInRange(key: Uint8Array, from: Uint8Array, to: Uint8Array): boolean {
  return compareBytes(key, from) >= 0 && compareBytes(key, to) < 0
}
