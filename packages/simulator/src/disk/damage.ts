import type { Prng } from '@novacron/base'
import type { Place } from './device.ts'

/**
 * What a disk may do to bytes that it holds: a bit flips, or what is written to one place lands on another, which then holds
 * bytes that belong elsewhere while its own place never got them.
 */
export const damages = ['bit-flip', 'misdirected-write'] as const
export type Damage = (typeof damages)[number]

/**
 * The checksums that a store keeps beside its rows, over place and bytes. Worked out where bytes are about to change: whatever
 * was never damaged needs none.
 */
export class Checksums {
  readonly #stored = new WeakMap<Uint8Array, number>()
  #isAny = false

  get isAny(): boolean {
    return this.#isAny
  }

  /** `damaged` is found where bytes of `place` were written as `value`. */
  keep(damaged: Uint8Array, place: Place, value: Uint8Array): Uint8Array {
    this.#isAny = true
    this.#stored.set(damaged, this.#stored.get(value) ?? checksumOf(place, value))
    return damaged
  }

  /** Do the bytes give the checksum that is stored with them? */
  holds(place: Place, value: Uint8Array): boolean {
    if (!this.#isAny) return true
    const stored = this.#stored.get(value)
    return stored === undefined || stored === checksumOf(place, value)
  }
}

/** A copy with another bit. */
export function flipped(value: Uint8Array, prng: Prng): Uint8Array {
  const copy = value.slice()
  const bit = prng.below(copy.length * 8)
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

/** FNV-1a, of 32 bits: any single byte that differs gives another sum. */
function checksumOf({ table, key }: Place, value: Uint8Array): number {
  let sum = 0x811c9dc5
  const add = (byte: number) => {
    sum = Math.imul(sum ^ byte, 0x01000193)
  }
  for (const text of [table, key]) for (let i = 0; i < text.length; i++) add(text.charCodeAt(i))
  for (const byte of value) add(byte)
  return sum
}
