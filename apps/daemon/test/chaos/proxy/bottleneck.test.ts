import { expect, test } from 'vitest'
import { Bottleneck } from '../../../src/chaos/proxy/pipe.ts'

test('bytes pass one after the other, and idle time is not saved up', () => {
  const bottleneck = new Bottleneck(1_000)
  expect(bottleneck.pass(100, 0)).toBe(100)
  expect(bottleneck.pass(50, 0)).toBe(150)
  expect(bottleneck.pass(50, 140)).toBe(200)
  expect(bottleneck.pass(100, 1_000)).toBe(1_100)
})
