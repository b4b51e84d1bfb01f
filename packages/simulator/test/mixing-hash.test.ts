import { toHex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { mixingHash } from '../src/index.ts'

describe('the mixing hash', () => {
  test('is a function of the bytes, which it leaves as they are', () => {
    const bytes = Uint8Array.from({ length: 70 }, (_, i) => i)
    const first = toHex(mixingHash(bytes))
    expect(toHex(mixingHash(new Uint8Array(80).subarray(3, 3)))).toBe(
      toHex(mixingHash(new Uint8Array(0)))
    )
    expect(toHex(mixingHash(bytes.slice()))).toBe(first)
    expect(bytes[69]).toBe(69)
  })

  test('is pinned: recorded seeds depend on it', () => {
    expect(toHex(mixingHash(new Uint8Array(0)))).toBe(
      '4c44634633ea0398b761526659a3e3d88e2a5a1ae89b0c7684f2a1ca28093f4b'
    )
    expect(toHex(mixingHash(Uint8Array.of(1, 2, 3)))).toBe(
      'b1dc4d0ef381e87d8d7c3f230351c53331e03c8d5d2944623022686c01807edb'
    )
  })

  test.each([1, 31, 32, 33, 64, 100])(
    'changes about half its bits with any bit of %i bytes',
    length => {
      const bytes = new Uint8Array(length).fill(7)
      const before = mixingHash(bytes)
      for (let bit = 0; bit < length * 8; bit++) {
        const changed = bytes.slice()
        changed[bit >> 3]! ^= 1 << (bit & 7)
        const count = mixingHash(changed).reduce((sum, byte, i) => sum + ones(byte ^ before[i]!), 0)
        expect(count, `bit ${bit}`).toBeGreaterThan(80)
        expect(count, `bit ${bit}`).toBeLessThan(176)
      }
    }
  )

  test('tells zeros of any length apart, and counters in any place', () => {
    const seen = new Set<string>()
    for (let length = 0; length < 200; length++) seen.add(toHex(mixingHash(new Uint8Array(length))))
    for (let at = 0; at < 64; at++) {
      for (let value = 1; value < 256; value++) {
        const bytes = new Uint8Array(64)
        bytes[at] = value
        seen.add(toHex(mixingHash(bytes)))
      }
    }
    expect(seen.size).toBe(200 + 64 * 255)
  })
})

function ones(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length
}
