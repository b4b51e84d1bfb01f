import { expect, test } from 'vitest'
import { burstMs, TokenBucket } from '../../../src/chaos/proxy/token-bucket.ts'

test('bytes leave at the rate, whoever asks, after a burst of bounded size', () => {
  const bucket = new TokenBucket()
  const leave = [0, 0, 0].map(now => bucket.reserve(100, 1_000, now))
  expect(leave).toEqual([100 - burstMs, 200 - burstMs, 300 - burstMs])
})

test('idle time is saved up to one burst and no further', () => {
  const bucket = new TokenBucket()
  bucket.reserve(100, 1_000, 0)
  expect(bucket.reserve(100, 1_000, 100_000)).toBe(100_100 - burstMs)
  expect(bucket.reserve(100, 1_000, 100_000)).toBe(100_200 - burstMs)
})

test('another rate begins anew: nobody waits for what was slow before', () => {
  const bucket = new TokenBucket()
  expect(bucket.reserve(1_000, 100, 0)).toBe(10_000 - burstMs)
  expect(bucket.reserve(1_000, 100_000, 50)).toBe(60 - burstMs)
})
