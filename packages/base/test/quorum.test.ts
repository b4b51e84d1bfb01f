import { AssertionError, quorumWeight, validityWeight } from '@novacron/base'
import { describe, expect, test } from 'vitest'

const totals = Array.from({ length: 200 }, (_, index) => index + 1)

describe('quorums', () => {
  test.each([
    { total: 1, quorum: 1, validity: 1 },
    { total: 2, quorum: 2, validity: 1 },
    { total: 3, quorum: 3, validity: 1 },
    { total: 4, quorum: 3, validity: 2 },
    { total: 7, quorum: 5, validity: 3 },
    { total: 10, quorum: 7, validity: 4 },
    { total: 100, quorum: 67, validity: 34 }
  ])('of $total are $quorum, $validity hold one honest replica', ({ total, quorum, validity }) => {
    expect(quorumWeight(total)).toBe(quorum)
    expect(validityWeight(total)).toBe(validity)
  })

  test.each(totals)(
    'of %i: the smallest above two thirds, and the smallest above what may lie',
    n => {
      const quorum = quorumWeight(n)
      const validity = validityWeight(n)
      const faulty = validity - 1
      expect(3 * faulty, 'less than a third lies').toBeLessThan(n)
      expect(3 * validity, 'one more would be a third').toBeGreaterThanOrEqual(n)
      expect(3 * quorum, 'more than two thirds').toBeGreaterThan(2 * n)
      expect(3 * (quorum - 1), 'and no more than needed').toBeLessThanOrEqual(2 * n)
      expect(2 * quorum - n, 'two quorums share an honest replica').toBeGreaterThanOrEqual(validity)
      expect(n - faulty, 'the honest alone are a quorum').toBeGreaterThanOrEqual(quorum)
    }
  )

  test('are exact up to the largest safe integer', () => {
    const n = Number.MAX_SAFE_INTEGER
    expect(BigInt(quorumWeight(n))).toBe((2n * BigInt(n)) / 3n + 1n)
    expect(BigInt(validityWeight(n))).toBe((BigInt(n) + 2n) / 3n)
  })

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('of %d are our own mistake', total => {
    expect(() => quorumWeight(total)).toThrow(AssertionError)
    expect(() => validityWeight(total)).toThrow(AssertionError)
  })
})
