import { Prng } from '@novacron/base'
import { expect, test } from 'vitest'
import { checkDelay, type Delay, drawDelay } from '../../src/network/delay.ts'

const delays: Delay[] = [
  { type: 'uniform', fromMs: 5, toMs: 9 },
  { type: 'exponential', minMs: 2, meanMs: 3 },
  { type: 'heavy-tail', minMs: 4, shape: 1.2, maxMs: 50 }
]

test.each(delays)('$type delays stay within their bounds, and vary', delay => {
  const prng = new Prng(7)
  const drawn = Array.from({ length: 2_000 }, () => drawDelay(delay, prng))
  const least = delay.type === 'uniform' ? delay.fromMs : delay.minMs
  const most =
    delay.type === 'uniform' ? delay.toMs : delay.type === 'heavy-tail' ? delay.maxMs : 60
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(least)
  expect(Math.max(...drawn)).toBeLessThanOrEqual(most)
  expect(new Set(drawn).size).toBeGreaterThan(1_000)
})

test('an exponential delay has its mean', () => {
  const prng = new Prng(3)
  const delay: Delay = { type: 'exponential', minMs: 2, meanMs: 3 }
  const sum = Array.from({ length: 5_000 }, () => drawDelay(delay, prng)).reduce((a, b) => a + b)
  expect(sum / 5_000).toBeGreaterThan(4.8)
  expect(sum / 5_000).toBeLessThan(5.2)
})

test.each([
  { type: 'uniform', fromMs: 2, toMs: 1 },
  { type: 'uniform', fromMs: -1, toMs: 1 },
  { type: 'exponential', minMs: 1, meanMs: Number.POSITIVE_INFINITY },
  { type: 'heavy-tail', minMs: 1, shape: 0, maxMs: 2 },
  { type: 'heavy-tail', minMs: 3, shape: 1, maxMs: 2 }
] as Delay[])('refuses %o', delay => {
  expect(() => checkDelay(delay)).toThrow()
})
