import { byteKeyOf, bytesOfKey, keyAfterPrefix } from './byte-key.ts'
import type { State } from './state.ts'

export interface StateEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** One application's part of the state: it sees its keys without their prefix, and no others. */
export class StateView {
  readonly #state: State
  readonly #application: number

  constructor(state: State, application: number) {
    this.#state = state
    this.#application = application
  }

  /** The value belongs to the state: do not change it. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#state.get(this.#own(key))
  }

  /** A buffer for a value to be put before another one is made. */
  makeValue(length: number): Uint8Array {
    return this.#state.makeValue(length)
  }

  /** Copies `value`. False when the state has no room; then nothing has changed. */
  put(key: Uint8Array, value: Uint8Array): boolean {
    return this.#state.put(this.#own(key), value)
  }

  /** For an entry of fixed size that must always find room. */
  putAlways(key: Uint8Array, value: Uint8Array): void {
    this.#state.putAlways(this.#own(key), value)
  }

  /** False when the key was not there. */
  delete(key: Uint8Array): boolean {
    return this.#state.delete(this.#own(key))
  }

  /** Entries with `prefix` above `after`, ascending by key, at most `limit`. */
  list(prefix: Uint8Array, after: Uint8Array | undefined, limit: number): StateEntry[] {
    const lowest = byteKeyOf(this.#own(prefix))
    // The next key after a key is that key and a zero byte.
    const next = after === undefined ? lowest : `${byteKeyOf(this.#own(after))}\0`
    let first = lowest
    if (next > first) first = next
    const end = keyAfterPrefix(lowest)
    const entries: StateEntry[] = []
    for (const [name, value] of this.#state.entriesFrom(first)) {
      if (entries.length >= limit || (end !== undefined && name >= end)) break
      entries.push({ key: bytesOfKey(name).subarray(1), value })
    }
    return entries
  }

  #own(key: Uint8Array): Uint8Array {
    const own = new Uint8Array(1 + key.length)
    own[0] = this.#application
    own.set(key, 1)
    return own
  }
}
