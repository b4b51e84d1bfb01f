import {
  toCommitIndex,
  toDigest,
  toEpoch,
  toMillis,
  toPeerId,
  toReplicaId,
  toRound,
  toVerified
} from '@novacron/base'
import { describe, expect, test } from 'vitest'

describe.each([
  { name: 'replica id', brand: toReplicaId },
  { name: 'round', brand: toRound },
  { name: 'epoch', brand: toEpoch },
  { name: 'commit index', brand: toCommitIndex }
])('a $name', ({ name, brand }) => {
  test.each([0, 1, Number.MAX_SAFE_INTEGER])('may be %d', value => {
    expect(brand(value)).toBe(value)
  })

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('is not %d', value => {
    expect(() => brand(value)).toThrow(new RangeError(`${name}: ${value}`))
  })
})

describe('milliseconds', () => {
  test.each([0, 0.25, 1e15])('may be %d', value => {
    expect(toMillis(value)).toBe(value)
  })

  test.each([-0.1, Number.NaN, Number.POSITIVE_INFINITY])('are not %d', value => {
    expect(() => toMillis(value)).toThrow(RangeError)
  })
})

describe('a digest', () => {
  const digest = '0123456789abcdef'.repeat(4)

  test('is 64 lowercase hex digits', () => {
    expect(toDigest(digest)).toBe(digest)
  })

  test.each([
    digest.slice(1),
    `${digest}0`,
    digest.toUpperCase(),
    `${digest}\n`,
    `${digest.slice(1)}g`,
    ''
  ])('is not %o', value => {
    expect(() => toDigest(value)).toThrow(RangeError)
  })
})

describe('a peer id', () => {
  test.each(['a', 'x'.repeat(128), '12D3KooW!~'])('may be %o', value => {
    expect(toPeerId(value)).toBe(value)
  })

  test.each(['', 'x'.repeat(129), 'a b', 'a\n', 'é', '\x7f'])('is not %o', value => {
    expect(() => toPeerId(value)).toThrow(RangeError)
  })
})

test('a verified value is the value itself', () => {
  const value = { round: 1 }
  expect(toVerified(value)).toBe(value)
})
