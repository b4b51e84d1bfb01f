import { expect, test } from 'vitest'
import { readingOf } from '../../src/bench/disk-probe.ts'

test('a stall counts with all its time, and nothing else does', () => {
  const quick = Array.from({ length: 98 }, () => 0.5)
  expect(readingOf([...quick, 20, 250], 1_000)).toEqual({
    syncs: 100,
    p50Ms: 0.5,
    p99Ms: 20,
    maxMs: 250,
    stalledShare: 0.25
  })
})

test('one sync is all three', () => {
  expect(readingOf([3], 10)).toMatchObject({ syncs: 1, p50Ms: 3, p99Ms: 3, maxMs: 3 })
})
