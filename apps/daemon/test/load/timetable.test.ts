import { describe, expect, test } from 'vitest'
import { Timetable } from '../../src/load/timetable.ts'

test('transactions are due in turn, lane by lane', () => {
  const timetable = new Timetable(1_000, 4)
  const due = [0, 1, 2, 3].map(lane => timetable.dueAtMs(lane, 1))
  expect(due).toEqual([0, 1, 2, 3])
  expect(timetable.dueAtMs(0, 2)).toBe(4)
  expect(timetable.dueAtMs(3, 500)).toBe(1_999)
})

describe('a rate and a duration make exactly their product', () => {
  test.each([
    { rate: 2_000, ms: 20_000, total: 40_000 },
    { rate: 3, ms: 1_000, total: 3 },
    { rate: 7, ms: 3_000, total: 21 },
    { rate: 999, ms: 1_000, total: 999 },
    { rate: 1, ms: 1, total: 1 },
    { rate: 1_000, ms: 0, total: 0 },
    { rate: 1_000, ms: 1.5, total: 2 }
  ])('$rate a second for $ms ms: $total', ({ rate, ms, total }) => {
    const timetable = new Timetable(rate, 4)
    expect(timetable.total(ms)).toBe(total)
    const ofLanes = [0, 1, 2, 3].map(lane => timetable.ofLane(lane, total))
    expect(ofLanes.reduce((sum, count) => sum + count)).toBe(total)
    expect(Math.max(...ofLanes) - Math.min(...ofLanes)).toBeLessThanOrEqual(1)
  })
})

test('what is counted as due is due, and the next one is not', () => {
  const timetable = new Timetable(333, 3)
  for (const ms of [1, 10, 99.9, 1_234]) {
    const total = timetable.total(ms)
    for (const lane of [0, 1, 2]) {
      const count = timetable.ofLane(lane, total)
      if (count > 0)
        expect(timetable.dueAtMs(lane, count), `lane ${lane} at ${ms}`).toBeLessThan(ms)
      expect(timetable.dueAtMs(lane, count + 1)).toBeGreaterThanOrEqual(ms - 1e-6)
    }
  }
})

describe('a ramp', () => {
  test('makes half of what the full rate would, and the full rate after it', () => {
    const timetable = new Timetable(1_000, 2, 4_000)
    expect([0, 2_000, 4_000, 5_000].map(ms => timetable.total(ms))).toEqual([0, 500, 2_000, 3_000])
    expect(timetable.dueAtMs(0, 1)).toBe(0)
    expect(timetable.dueAtMs(0, 251)).toBeCloseTo(2_000)
    expect(timetable.dueAtMs(0, 1_501)).toBe(5_000)
  })

  test('counts as due what is due', () => {
    const timetable = new Timetable(777, 3, 1_000)
    for (const ms of [1, 10, 99.9, 500, 999, 1_000, 1_001, 1_234]) {
      const total = timetable.total(ms)
      for (const lane of [0, 1, 2]) {
        const count = timetable.ofLane(lane, total)
        if (count > 0) expect(timetable.dueAtMs(lane, count)).toBeLessThan(ms)
        expect(timetable.dueAtMs(lane, count + 1)).toBeGreaterThanOrEqual(ms - 1e-6)
      }
    }
  })
})

test.each([
  { rate: 0, lanes: 1 },
  { rate: 1, lanes: 0 }
])('no timetable for $rate a second in $lanes lanes', ({ rate, lanes }) => {
  expect(() => new Timetable(rate, lanes)).toThrow()
})
