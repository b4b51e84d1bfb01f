import { expect, test } from 'vitest'
import { catchUpProgress } from '../../src/bench/catch-up-progress.ts'

test('a steady way has fifths like its mean, also between looks', () => {
  const points = [
    { atMs: 500, executedIndex: 100 },
    { atMs: 1_500, executedIndex: 300 },
    { atMs: 5_500, executedIndex: 1_100 }
  ]
  expect(catchUpProgress(points)).toEqual({
    mean: 200,
    fifths: [200, 200, 200, 200, 200],
    leastOverMean: 1
  })
})

test('a way that becomes slow shows in its last fifths', () => {
  const points = [
    { atMs: 0, executedIndex: 0 },
    { atMs: 3_000, executedIndex: 600 },
    { atMs: 7_000, executedIndex: 600 },
    { atMs: 9_000, executedIndex: 800 },
    { atMs: 12_000, executedIndex: 1_000 }
  ]
  expect(catchUpProgress(points)).toEqual({
    mean: 83,
    fifths: [200, 200, 200, 33, 67],
    leastOverMean: 0.4
  })
})

test('a jump is fast, and nothing is infinite', () => {
  const points = [
    { atMs: 0, executedIndex: 10 },
    { atMs: 1_000, executedIndex: 10 },
    { atMs: 1_001, executedIndex: 1_010 }
  ]
  const { mean, fifths } = catchUpProgress(points)
  expect(mean).toBe(999)
  for (const fifth of fifths) expect(Number.isFinite(fifth)).toBe(true)
})

test.each([
  { name: 'no answer', points: [] },
  { name: 'one answer', points: [{ atMs: 0, executedIndex: 7 }] },
  {
    name: 'no step',
    points: [
      { atMs: 0, executedIndex: 7 },
      { atMs: 9, executedIndex: 7 }
    ]
  }
])('$name has no speed', ({ points }) => {
  expect(catchUpProgress(points)).toEqual({ mean: null, fifths: [], leastOverMean: null })
})
