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

test('goes forward with the wall at once when that is set', () => {
  pass(10)
  expect(pass(10, 3_600_000)).toBe(wall)
  expect(pass(10)).toBe(wall)
})

test('never goes back, nor stands still, until the wall has come up to it', () => {
  pass(10)
  const shown = [pass(0, -500), pass(1_000), pass(1_000), pass(1_000), pass(1_000), pass(1_000)]
  expect(shown).toEqual([1_000_010, 1_000_910, 1_001_810, 1_002_710, 1_003_610, 1_004_510])
  expect(clock()).toBe(wall)
  expect(pass(1_000)).toBe(wall)
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
