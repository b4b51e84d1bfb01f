import { expect, test } from 'vitest'
import { laneOf } from '../../src/mempool/lane.ts'
import { defaultMempoolOptions } from '../../src/mempool/options.ts'

test('all copies of a batch together are what votes may have to wait for', () => {
  const lanes = [3, 9].map(copies => laneOf(5_000, copies, defaultMempoolOptions))
  expect(lanes).toEqual(['order', 'bulk'])
  expect(laneOf(1_800, 9, defaultMempoolOptions)).toBe('order')
})

test('nothing is small where nothing may wait', () => {
  expect(laneOf(1, 3, { besideHeaderBytesMax: 0 })).toBe('bulk')
})
