import { assert } from './assert.ts'

/**
 * A seeded generator for jitter and simulation, never for keys.
 *
 * seed    safe integer >= 0; equal seeds give equal draws, and no two seeds share a state
 * source  Blackman, Vigna, "Scrambled linear pseudorandom number generators", 2021 (xoshiro128**), seeded by splitmix32
 */
export class Prng {
  readonly #state = new Uint32Array(4)

  constructor(seed: number) {
    assert(Number.isSafeInteger(seed) && seed >= 0, `seed: ${seed}`)
    const s = this.#state
    for (let i = 0; i < 4; i++) s[i] = splitMix(seed, i + 1)
    const high = Math.floor(seed / 2 ** 32)
    if (high === 0) return
    // Two words of four: what the low half put into the others keeps the state from becoming all zero.
    s[1] = (s[1] as number) ^ splitMix(high, 1)
    s[3] = (s[3] as number) ^ splitMix(high, 2)
  }

  /** Uniform in `0..2^32-1`. */
  u32(): number {
    const s = this.#state
    const s1 = s[1] as number
    const scrambled = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    const t = s1 << 9
    s[2] = (s[2] as number) ^ (s[0] as number)
    s[3] = (s[3] as number) ^ s1
    s[1] = s1 ^ (s[2] as number)
    s[0] = (s[0] as number) ^ (s[3] as number)
    s[2] = (s[2] as number) ^ t
    s[3] = rotateLeft(s[3] as number, 11)
    return scrambled
  }

  /** Uniform integer in `0..limit-1`, without modulo bias. */
  below(limit: number): number {
    assert(Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 32, '1 <= limit <= 2^32')
    const ceiling = Math.floor(2 ** 32 / limit) * limit
    for (;;) {
      const value = this.u32()
      if (value < ceiling) return value % limit
    }
  }

  /** Uniform in `[0, 1)`. */
  fraction(): number {
    return this.u32() / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(items: readonly T[]): T {
    assert(items.length > 0, 'pick from an empty list')
    return items[this.below(items.length)] as T
  }

  /** Fisher-Yates over a copy. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = shuffled[i] as T
      shuffled[i] = shuffled[j] as T
      shuffled[j] = kept
    }
    return shuffled
  }

  /** An independent generator, so that one consumer's draws do not shift another's. */
  fork(): Prng {
    return new Prng(this.u32())
  }
}

/** The `count`-th draw of splitmix32 from the low 32 bits of `seed`; a bijection of them. */
function splitMix(seed: number, count: number): number {
  const x = ((seed >>> 0) + count * 0x9e3779b9) >>> 0
  const y = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  const z = Math.imul(y ^ (y >>> 15), 0x735a2d97)
  return z ^ (z >>> 15)
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
