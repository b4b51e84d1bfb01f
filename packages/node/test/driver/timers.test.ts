import type { Millis } from '@novacron/base'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Timers } from '../../src/driver/timers.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const at = (millis: number) => millis as Millis

/** A clock of its own, so that it may lag behind the timers, as rounding makes it. */
function timing(rate = 1) {
  const fired: [string, number][] = []
  const start = Date.now()
  const clock = () => at((Date.now() - start) * rate)
  const timers = new Timers(clock, timer => fired.push([timer, clock()]))
  return { timers, fired }
}

test('a timer fires once, at its deadline', () => {
  const { timers, fired } = timing()
  timers.set('a', at(100))
  timers.set('late', at(-5))
  vi.advanceTimersByTime(99)
  expect(fired).toEqual([['late', 0]])
  vi.advanceTimersByTime(1_000)
  expect(fired).toEqual([
    ['late', 0],
    ['a', 100]
  ])
  expect(timers.size).toBe(0)
})

test('setting it again replaces it', () => {
  const { timers, fired } = timing()
  timers.set('a', at(50))
  timers.set('a', at(80))
  expect(timers.size).toBe(1)
  vi.advanceTimersByTime(200)
  expect(fired).toEqual([['a', 80]])
})

test('it never fires before its deadline by the clock that set it', () => {
  const { timers, fired } = timing(0.5)
  timers.set('a', at(100))
  vi.advanceTimersByTime(100)
  expect(fired).toEqual([])
  expect(timers.size).toBe(1)
  vi.advanceTimersByTime(400)
  expect(fired).toHaveLength(1)
  expect(fired[0]?.[1]).toBeGreaterThanOrEqual(100)
})

test('a deadline beyond what the platform counts waits all the same', () => {
  const { timers, fired } = timing()
  timers.set('far', at(2 ** 31 + 1_000))
  vi.advanceTimersByTime(2 ** 31)
  expect(fired).toEqual([])
  vi.advanceTimersByTime(2_000)
  expect(fired).toEqual([['far', 2 ** 31 + 1_000]])
})

test('a cancelled timer does not fire, and disposal cancels all', () => {
  const { timers, fired } = timing()
  timers.set('a', at(10))
  timers.set('b', at(10))
  timers.set('c', at(10))
  timers.cancel('a')
  timers.cancel('unknown')
  timers[Symbol.dispose]()
  expect(timers.size).toBe(0)
  vi.advanceTimersByTime(100)
  expect(fired).toEqual([])
})
