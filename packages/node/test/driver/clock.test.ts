import { beforeEach, expect, test } from 'vitest'
import { type Clock, followingClock, systemClock } from '../../src/driver/clock.ts'

let wall: number
let steady: number
let clock: Clock

beforeEach(() => {
  wall = 1_000_000
  steady = 50
  clock = followingClock(
    () => wall,
    () => steady
  )
})

/** So much time passes; the wall clock is set by `step` beside it. */
function pass(ms: number, step = 0): number {
  wall += ms + step
  steady += ms
  return clock()
}

test('goes with the wall', () => {
  expect([clock(), pass(10), pass(1_000)]).toEqual([1_000_000, 1_000_010, 1_001_010])
})

test('goes forward with the wall when that is set, and stays so', () => {
  pass(10)
  expect(pass(10, 3_600_000)).toBe(1_000_020)
  expect(pass(4_990)).toBe(1_005_010)
  expect(pass(10)).toBe(wall)
  expect(pass(10)).toBe(wall)
})

test('takes a small step at once', () => {
  expect(pass(10, 40)).toBe(wall)
})

test('is not moved by a wall that is set to and fro', () => {
  for (let n = 0; n < 20; n++) {
    const before = clock()
    expect(pass(2_000, n % 2 === 0 ? 3_600_000 : -3_600_000)).toBe(before + 2_000)
  }
})

test('never goes back, nor stands still, until the wall has come up to it', () => {
  pass(10)
  pass(0, -500)
  expect(pass(5_000)).toBe(1_004_510)
  let before: number = clock()
  for (let n = 0; n < 10; n++) {
    const now = pass(1_000)
    expect(now).toBeGreaterThan(before)
    before = now
  }
  expect(clock()).toBe(wall)
})

test('follows a wall that shows whole milliseconds', () => {
  let before = clock()
  for (let n = 0; n < 1_000; n++) {
    steady += 0.3
    wall = 1_000_000 + Math.floor(n * 0.3)
    const now = clock()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(Math.abs(now - wall)).toBeLessThanOrEqual(1)
    before = now
  }
})

test('the clock of the system is on the wall', () => {
  const before = Date.now()
  const shown = systemClock()
  expect(shown).toBeGreaterThanOrEqual(before)
})
