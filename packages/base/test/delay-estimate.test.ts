import { expect, test } from 'vitest'
import { DelayEstimate } from '../src/delay-estimate.ts'

const boundOf = (samples: readonly number[]): number => {
  const estimate = new DelayEstimate()
  for (const ms of samples) estimate.sample(ms)
  return estimate.boundMs
}

test('nothing is known before the first sample, which may be off by half', () => {
  expect(boundOf([])).toBe(0)
  expect(boundOf([100])).toBe(300)
})

test('what always takes as long is hardly given more than that', () => {
  const bound = boundOf(Array.from({ length: 30 }, () => 100))
  expect(bound).toBeGreaterThanOrEqual(100)
  expect(bound).toBeLessThan(101)
})

test('what varies is given more than it ever took, and what has become quick again is soon given little', () => {
  const varied = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? 0 : 200))
  expect(boundOf(varied)).toBeGreaterThan(200)
  expect(boundOf([...varied, ...Array.from({ length: 40 }, () => 10)])).toBeLessThan(20)
})
