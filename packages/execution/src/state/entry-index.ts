import type { ByteKey } from './byte-key.ts'
import { type HashSeed, keyedHash } from './keyed-hash.ts'
import type { NameOf } from './sorted-entries.ts'

/** Each grows by itself: one table of all keys would stop everything while it grows, on all replicas at the same place of the log. */
const partBits = 6
const startSlots = 16
/** Of the slots, at most. */
const fullShare = 0.7

/**
 * Numbers of entries by key: open addressing with linear probing, in two columns side by side, the hash of a key and the number
 * of its entry. A key that is not there costs one place in memory, where a map of strings goes to a head, an entry and a
 * string for each key that it passes.
 */
export class EntryIndex {
  readonly #seed: HashSeed
  readonly #nameOf: NameOf
  readonly #parts = Array.from({ length: 1 << partBits }, () => new IndexPart())

  /** `seed` is secret where strangers choose keys. */
  constructor(seed: HashSeed, nameOf: NameOf) {
    this.#seed = seed
    this.#nameOf = nameOf
  }

  /** For the other calls, which are about one key as a rule. */
  hashOf(key: Uint8Array): number {
    return keyedHash(this.#seed, key)
  }

  find(hash: number, key: Uint8Array): number | undefined {
    const { slots, mask } = this.#part(hash)
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = slots[2 * at + 1] as number
      if (entry === 0) return undefined
      if (slots[2 * at] === hash && isName(this.#nameOf(entry - 1), key)) return entry - 1
    }
  }

  /** Its key is not there yet. */
  add(hash: number, entry: number): void {
    this.#part(hash).add(hash, entry + 1)
  }

  /** It is there. */
  delete(hash: number, entry: number): void {
    this.#part(hash).delete(hash, entry + 1)
  }

  #part(hash: number): IndexPart {
    return this.#parts[hash >>> (32 - partBits)] as IndexPart
  }
}

/** Slots of a hash and a number above 0 each; 0 marks an empty one. */
class IndexPart {
  slots = new Uint32Array(2 * startSlots)
  mask = startSlots - 1
  #count = 0

  add(hash: number, number: number): void {
    if (this.#count >= fullShare * (this.mask + 1)) this.#grow()
    this.#count++
    this.#put(hash, number)
  }

  delete(hash: number, number: number): void {
    let hole = hash & this.mask
    while (this.slots[2 * hole + 1] !== number) hole = (hole + 1) & this.mask
    this.#count--
    // Whoever went past the hole to find its place moves into it, so that no search ends there too early.
    for (let at = (hole + 1) & this.mask; this.slots[2 * at + 1] !== 0; at = (at + 1) & this.mask) {
      const home = (this.slots[2 * at] as number) & this.mask
      const isPast = ((at - home) & this.mask) >= ((at - hole) & this.mask)
      if (!isPast) continue
      this.#copy(at, hole)
      hole = at
    }
    this.slots[2 * hole + 1] = 0
  }

  #put(hash: number, number: number): void {
    let at = hash & this.mask
    while (this.slots[2 * at + 1] !== 0) at = (at + 1) & this.mask
    this.slots[2 * at] = hash
    this.slots[2 * at + 1] = number
  }

  #copy(from: number, to: number): void {
    this.slots[2 * to] = this.slots[2 * from] as number
    this.slots[2 * to + 1] = this.slots[2 * from + 1] as number
  }

  #grow(): void {
    const before = this.slots
    this.slots = new Uint32Array(2 * before.length)
    this.mask = 2 * this.mask + 1
    for (let at = 0; at < before.length; at += 2) {
      const number = before[at + 1] as number
      if (number !== 0) this.#put(before[at] as number, number)
    }
  }
}

function isName(name: ByteKey, key: Uint8Array): boolean {
  if (name.length !== key.length) return false
  for (let i = 0; i < key.length; i++) if (name.charCodeAt(i) !== key[i]) return false
  return true
}
