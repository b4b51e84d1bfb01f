import { Prng } from '@novacron/base'
import { expect, test } from 'vitest'
import { Bandwidth, Bursts } from '../../src/network/shaping.ts'

const payload = { sizeBytes: 100, isUrgent: false }
const vote = { sizeBytes: 10, isUrgent: true }

test('copies to many wait for one another on the way out of their sender', () => {
  const bandwidth = new Bandwidth({ linkBytesPerSecond: 0, nodeBytesPerSecond: 1_000 }, 4)
  expect([1, 2, 3].map(to => bandwidth.departure(0, to, payload, 0))).toEqual([100, 200, 300])
  // Another sender's interface is its own, and so is each receiver's.
  expect(bandwidth.departure(1, 2, payload, 0)).toBe(100)
  expect(bandwidth.arrival(2, payload, 250)).toBe(350)
  expect(bandwidth.arrival(2, payload, 250)).toBe(450)
})

test('a vote passes payload, and payload waits for it', () => {
  const bandwidth = new Bandwidth({ linkBytesPerSecond: 0, nodeBytesPerSecond: 1_000 }, 4)
  expect(bandwidth.departure(0, 1, payload, 0)).toBe(100)
  expect(bandwidth.departure(0, 1, vote, 0)).toBe(10)
  expect(bandwidth.departure(0, 2, vote, 0)).toBe(20)
  expect(bandwidth.departure(0, 2, payload, 0)).toBe(220)
  expect(bandwidth.arrival(1, payload, 50)).toBe(150)
  expect(bandwidth.arrival(1, vote, 60)).toBe(70)
})

test('a link has a pace of its own', () => {
  const bandwidth = new Bandwidth({ linkBytesPerSecond: 500, nodeBytesPerSecond: 0 }, 4)
  expect(bandwidth.departure(0, 1, payload, 0)).toBe(200)
  expect(bandwidth.departure(0, 2, payload, 0)).toBe(200)
  expect(bandwidth.departure(0, 1, payload, 0)).toBe(400)
  expect(bandwidth.isLimited).toBe(true)
  expect(new Bandwidth({ linkBytesPerSecond: 0, nodeBytesPerSecond: 0 }, 4).isLimited).toBe(false)
})

test('losses come in runs, and each direction has its own', () => {
  const bursts = new Bursts({ percent: 100, meanMs: 100 }, new Prng(3))
  const lost = Array.from({ length: 5_000 }, (_, ms) => bursts.loses(7, ms))
  const share = lost.filter(Boolean).length / lost.length
  expect(share).toBeGreaterThan(0.25)
  expect(share).toBeLessThan(0.75)
  const changes = lost.filter((one, at) => at > 0 && one !== lost[at - 1]).length
  expect(changes).toBeGreaterThan(10)
  expect(changes).toBeLessThan(250)
  expect(Array.from({ length: 5_000 }, (_, ms) => bursts.loses(8, ms))).not.toEqual(lost)
})
