import { expect, test } from 'vitest'
import { chargeOf, ReceiveCredit, SendCredit } from '../../src/link/credit.ts'
import { SendQueue } from '../../src/link/send-queue.ts'

test('even an empty frame costs something', () => {
  expect([0, 63, 64, 65].map(chargeOf)).toEqual([64, 64, 64, 65])
})

test('a sender spends its window and gets it back by cumulative totals', () => {
  const credit = new SendCredit()
  expect(credit.availableBytes).toBe(0)
  credit.open(100)
  credit.take(100)
  expect([credit.availableBytes, credit.inFlightBytes]).toEqual([0, 100])
  expect(() => credit.take(1)).toThrow('credit 1 of 0')
  expect(credit.handled(60)).toBe(true)
  expect(credit.availableBytes).toBe(60)
  expect(credit.handled(60)).toBe(true)
  expect(credit.handled(59)).toBe(false)
  expect(credit.handled(101)).toBe(false)
  expect(credit.inFlightBytes).toBe(40)
})

test.each([
  { name: 'a quarter of a wide window', window: 1000, frameMax: 100, reportAt: 250 },
  { name: 'what the largest frame leaves over', window: 1000, frameMax: 900, reportAt: 100 },
  {
    name: 'every frame when the largest one fills the window',
    window: 1000,
    frameMax: 1000,
    reportAt: 1
  }
])('a receiver reports at $name', ({ window, frameMax, reportAt }) => {
  const credit = new ReceiveCredit()
  expect(credit.admit(1)).toBe(false)
  credit.open(window, frameMax)
  expect(credit.admit(window)).toBe(true)
  expect(credit.admit(1)).toBe(false)
  credit.settle(reportAt - 1)
  expect(credit.report()).toBeUndefined()
  credit.settle(1)
  expect(credit.pendingBytes).toBe(window - reportAt)
  expect(credit.availableBytes).toBe(0)
  expect(credit.report()).toBe(reportAt)
  expect(credit.availableBytes).toBe(reportAt)
  expect(credit.report()).toBeUndefined()
  expect(() => credit.settle(window)).toThrow('settled more')
})

test('a queue is first in, first out, and bounded by bytes', () => {
  const queue = new SendQueue(1000)
  const frames = [100, 900 - 64, 0].map(length => new Uint8Array(length))
  for (const frame of frames) expect(queue.push(frame)).toBe(true)
  expect(queue.push(new Uint8Array(0))).toBe(false)
  expect([queue.bytes, queue.length]).toEqual([1000, 3])
  expect(queue.peek()).toBe(frames[0])
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual(frames)
  expect([queue.bytes, queue.length, queue.shift(), queue.peek()]).toEqual([
    0,
    0,
    undefined,
    undefined
  ])
})

test('a long-lived queue forgets what it has given out', () => {
  const queue = new SendQueue(1_000_000)
  let next = 0
  for (let n = 0; n < 5000; n++) {
    queue.push(new Uint8Array([n >> 8, n]))
    if (n % 3 === 0) continue
    expect(queue.shift()).toEqual(new Uint8Array([next >> 8, next]))
    next += 1
  }
  expect(queue.length).toBe(5000 - next)
})

test('frames above a limit can be taken out, the others keep their order', () => {
  const queue = new SendQueue(10_000)
  for (const length of [10, 500, 20, 501]) queue.push(new Uint8Array(length))
  expect(queue.removeLarger(499).map(({ length }) => length)).toEqual([500, 501])
  expect([queue.shift()?.length, queue.shift()?.length, queue.length]).toEqual([10, 20, 0])
})
