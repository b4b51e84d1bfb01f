import {
  ascii,
  bytesOfDigest,
  compareBytes,
  concatBytes,
  digestOf,
  emptyBytes,
  equalBytes,
  fromHex,
  toDigest,
  toHex
} from '@novacron/base'
import { describe, expect, test } from 'vitest'

describe('hex', () => {
  test.each([
    [[], ''],
    [[0], '00'],
    [[0x0f, 0xf0, 0xff], '0ff0ff']
  ])('of %o is "%s" and back', (bytes, hex) => {
    expect(toHex(Uint8Array.from(bytes))).toBe(hex)
    expect(fromHex(hex)).toEqual(Uint8Array.from(bytes))
  })

  test('is written in lower case and read in either', () => {
    expect(fromHex('aBCd')).toEqual(Uint8Array.of(0xab, 0xcd))
  })

  test.each(['a', 'abc', 'zz', '0x', ' 1', '+1', '1\n', '\u0661\u0662'])('is not %o', text => {
    expect(() => fromHex(text)).toThrow(RangeError)
  })

  test('an error quotes only the beginning of what was not hex', () => {
    expect(() => fromHex('z'.repeat(10_000))).toThrow(/^not hex: z{80}$/)
  })
})

describe('digests', () => {
  test('are the lowercase hex of what the hash gives, and 32 bytes again', () => {
    const hash = (bytes: Uint8Array) => new Uint8Array(32).fill(bytes.length)
    const digest = digestOf(hash, Uint8Array.of(1, 2, 3))
    expect(digest).toBe('03'.repeat(32))
    expect(toDigest(digest)).toBe(digest)
    expect(bytesOfDigest(digest)).toEqual(new Uint8Array(32).fill(3))
  })
})

describe('ascii', () => {
  test('is one byte a character', () => {
    expect(ascii('NovaCron\x7f')).toEqual(
      Uint8Array.from([78, 111, 118, 97, 67, 114, 111, 110, 127])
    )
    expect(ascii('')).toEqual(emptyBytes)
  })

  test.each(['\x80', 'é', '日'])('has no %o', text => {
    expect(() => ascii(`a${text}`)).toThrow(RangeError)
  })
})

describe('byte strings', () => {
  test('are joined into a copy', () => {
    const part = Uint8Array.of(1, 2)
    const whole = concatBytes([part, emptyBytes, Uint8Array.of(3)])
    part[0] = 9
    expect(whole).toEqual(Uint8Array.of(1, 2, 3))
    expect(concatBytes([])).toEqual(emptyBytes)
  })

  test.each([
    { a: [], b: [], order: 0 },
    { a: [], b: [0], order: -1 },
    { a: [1], b: [1, 0], order: -1 },
    { a: [1, 2], b: [1, 3], order: -1 },
    { a: [0x7f], b: [0x80], order: -1 },
    { a: [2], b: [1, 0xff], order: 1 },
    { a: [1, 2], b: [1, 2], order: 0 }
  ])('$a and $b compare as $order', ({ a, b, order }) => {
    const [left, right] = [Uint8Array.from(a), Uint8Array.from(b)]
    expect(Math.sign(compareBytes(left, right))).toBe(order)
    expect(Math.sign(compareBytes(right, left))).toBe(order === 0 ? 0 : -order)
    expect(equalBytes(left, right)).toBe(order === 0)
  })
})
