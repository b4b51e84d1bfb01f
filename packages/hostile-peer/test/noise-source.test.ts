import { Prng, streamClasses } from '@novacron/base'
import { expect, test } from 'vitest'
import { largestBytes, NoiseSource } from '../src/noise-source.ts'

test('noise follows from the seed', () => {
  const drawn = (seed: number) => {
    const source = new NoiseSource(new Prng(seed))
    const frame = source.of('nonsense')
    const largest = source.of('largest')
    return [frame('order'), frame('bulk'), largest('order').subarray(0, 100)]
  }
  expect(drawn(5)).toEqual(drawn(5))
  expect(drawn(5)).not.toEqual(drawn(6))
  const [first, second] = drawn(5)
  expect(first).not.toEqual(second)
})

test('the largest frames are as large as they may be, and drawn once', () => {
  const largest = new NoiseSource(new Prng(1)).of('largest')
  for (const streamClass of streamClasses) {
    expect(largest(streamClass)).toHaveLength(largestBytes[streamClass])
    expect(largest(streamClass)).toBe(largest(streamClass))
  }
})
