import { describe, expect, test } from 'vitest'
import { LatencyHistogram } from '../../src/load/latency-histogram.ts'

function histogram(...latenciesMs: readonly number[]): LatencyHistogram {
  const made = new LatencyHistogram(100)
  for (const latency of latenciesMs) made.record(latency)
  return made
}

describe('percentiles by nearest rank, at the upper edge of a bucket of 0.1 ms', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 0.05)
  test.each([
    { percent: 1, expected: 0.1 },
    { percent: 50, expected: 49.1 },
    { percent: 99, expected: 98.1 },
    { percent: 99.1, expected: 99.1 },
    { percent: 100, expected: 99.1 }
  ])('p$percent of 0 to 99 ms is $expected', ({ percent, expected }) => {
    expect(histogram(...hundred).percentile(percent)).toBe(expected)
  })

  test('one value is every percentile', () => {
    const one = histogram(12.34)
    expect([0, 50, 100].map(percent => one.percentile(percent))).toEqual([12.4, 12.4, 12.4])
  })

  test('an early acknowledgement counts as at once', () => {
    expect(histogram(-3).percentile(50)).toBe(0.1)
  })

  test('none have no percentile', () => {
    expect(histogram().percentile(50)).toBe(null)
  })
})

describe('what was never acknowledged is longer than everything', () => {
  test.each([
    { missing: 1, p50: 2.1, p99: null },
    { missing: 3, p50: 3.1, p99: null },
    { missing: 4, p50: null, p99: null }
  ])('$missing missing beside three', ({ missing, p50, p99 }) => {
    const three = histogram(1, 2, 3)
    expect([three.percentile(50, missing), three.percentile(99, missing)]).toEqual([p50, p99])
  })

  test('a latency beyond the maximum counts, and as never', () => {
    const made = histogram(1, 99.99, 100)
    expect(made.count).toBe(3)
    expect([made.percentile(66), made.percentile(67)]).toEqual([100, null])
  })
})

test('a cleared histogram begins again', () => {
  const made = histogram(1, 200)
  made.clear()
  expect([made.count, made.percentile(50)]).toEqual([0, null])
  made.record(5)
  expect(made.percentile(100)).toBe(5.1)
})
