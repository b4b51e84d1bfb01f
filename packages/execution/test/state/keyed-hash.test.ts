import { expect, test } from 'vitest'
import { type HashSeed, keyedHash } from '../../src/state/keyed-hash.ts'

const key: HashSeed = [0x0302_0100, 0x0706_0504]
const upTo = (length: number) => Uint8Array.from({ length }, (_, i) => i)

test('gives the values of HalfSipHash-1-3 that the Linux kernel tests its own with', () => {
  expect(Array.from({ length: 8 }, (_, length) => keyedHash(key, upTo(length)))).toEqual([
    0x5814_c896, 0xe7e8_64ca, 0xbc4b_0e30, 0x0153_9939, 0x7e05_9ea6, 0x88e3_d89b, 0xa008_0b65,
    0x9d38_d9d6
  ])
})

test('is another one for another seed, for another byte, and for another length', () => {
  const hashes = [
    keyedHash(key, upTo(9)),
    keyedHash([key[0], key[1] + 1], upTo(9)),
    keyedHash([key[0] + 1, key[1]], upTo(9)),
    keyedHash(key, upTo(9).fill(7, 8)),
    keyedHash(key, new Uint8Array(9)),
    keyedHash(key, new Uint8Array(10))
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
})
