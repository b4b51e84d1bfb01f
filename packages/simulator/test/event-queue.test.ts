import { AssertionError, Prng } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { EventQueue } from '../src/event-queue.ts'

describe('the event queue', () => {
  test('runs by time, and what is due at one time in the order of scheduling', () => {
    const queue = new EventQueue()
    const prng = new Prng(1)
    const expected: [number, number][] = []
    const ran: [number, number][] = []
    for (let i = 0; i < 500; i++) {
      const at = prng.below(40)
      expected.push([at, i])
      queue.schedule(at, () => ran.push([queue.now, i]))
    }
    while (queue.runNext(100)) {
      // Runs to its end.
    }
    expect(ran).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]))
    expect(queue.ran).toBe(500)
    expect(queue.size).toBe(0)
  })

  test('leaves what is due after the limit, and moves the clock to the limit', () => {
    const queue = new EventQueue(10)
    let runs = 0
    queue.schedule(20, () => runs++)
    expect(queue.runNext(19.9)).toBe(false)
    expect(queue.now).toBe(19.9)
    expect(queue.runNext(20)).toBe(true)
    expect(runs).toBe(1)
    expect(queue.now).toBe(20)
  })

  test('runs at once what is due in the past, and refuses one that is none', () => {
    const queue = new EventQueue(10)
    queue.schedule(3, () => undefined)
    queue.runNext(10)
    expect(queue.now).toBe(10)
    expect(() => queue.schedule(Number.NaN, () => undefined)).toThrow(AssertionError)
  })
})
