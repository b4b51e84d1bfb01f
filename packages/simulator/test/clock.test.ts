import type { Millis } from '@novacron/base'
import { expect, test } from 'vitest'
import { SimulatedClock } from '../src/clock.ts'
import { EventQueue } from '../src/event-queue.ts'

function passTo(queue: EventQueue, ms: number): void {
  while (queue.runNext(ms)) {
    // Runs to the limit.
  }
}

test('a clock is ahead by its skew, and knows when it will show a time', () => {
  const queue = new EventQueue(1_000)
  const clock = new SimulatedClock(queue, 30)
  expect(clock.now()).toBe(1_030)
  expect(clock.worldTimeOf(1_500 as Millis)).toBe(1_470)
})

test('a fast clock shows more from then on, and timers come earlier', () => {
  const queue = new EventQueue(0)
  const clock = new SimulatedClock(queue, 0)
  passTo(queue, 1_000)
  clock.drift(1_000)
  passTo(queue, 2_000)
  expect(clock.now()).toBeCloseTo(2_001, 6)
  expect(clock.worldTimeOf(3_002 as Millis)).toBeCloseTo(3_000, 6)
})

test('a wall clock that is set is seen by the next life only', () => {
  const queue = new EventQueue(0)
  const clock = new SimulatedClock(queue, 0)
  clock.set(-200)
  passTo(queue, 1_000)
  expect(clock.now()).toBe(1_000)
  clock.restart()
  expect(clock.now()).toBe(800)
})
