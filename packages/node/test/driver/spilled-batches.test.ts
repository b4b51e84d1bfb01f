import type { Digest } from '@novacron/base'
import { expect, test } from 'vitest'
import { SpilledBatches } from '../../src/driver/spilled-batches.ts'
import { FakeStore } from './fake-store.ts'

const [a, b, c] = ['a', 'b', 'c'] as [Digest, Digest, Digest]
const bytes = Uint8Array.of(1, 2)

test('a batch goes to the store as long as there is room', () => {
  const store = new FakeStore()
  const batches = new SpilledBatches(store.batches)
  expect(batches.append(a, bytes)).toBe(true)
  expect(store.batches.has(a)).toBe(true)
  expect(batches.has(a)).toBe(true)
  expect(batches.sizeOf(a)).toBe(2)
  expect(batches.read(a)).toEqual(bytes)
  expect(batches.spilledCount).toBe(0)
  expect(batches.unspill()).toBe(true)
})

test('what has no room counts as held, and is written when there is some', () => {
  const store = new FakeStore()
  const batches = new SpilledBatches(store.batches)
  store.isFull = true
  for (const digest of [a, b, c]) expect(batches.append(digest, bytes)).toBe(false)
  expect(batches.spilledCount).toBe(3)
  expect(batches.has(b)).toBe(true)
  expect(batches.sizeOf(b)).toBe(2)
  expect(batches.read(b)).toEqual(bytes)
  expect(store.batches.has(b)).toBe(false)
  batches.drop([b])
  expect(batches.has(b)).toBe(false)
  expect(batches.unspill()).toBe(false)
  expect(batches.spilledCount).toBe(2)
  store.isFull = false
  expect(batches.unspill()).toBe(true)
  expect(batches.spilledCount).toBe(0)
  expect([a, b, c].map(digest => store.batches.has(digest))).toEqual([true, false, true])
  expect(batches.read(c)).toEqual(bytes)
})

test('any other failure is not ours to hide', () => {
  const store = new FakeStore()
  const broken = {
    ...store.batches,
    append: () => {
      throw new RangeError('broken')
    }
  }
  expect(() => new SpilledBatches(broken).append(a, bytes)).toThrow('broken')
})

test('no more is held in memory than may be, and what is refused is not held', () => {
  const store = new FakeStore()
  const batches = new SpilledBatches(store.batches, 2 * bytes.length)
  store.isFull = true
  for (const digest of [a, b, b, c]) expect(batches.append(digest, bytes)).toBe(false)
  expect([a, b, c].map(digest => batches.has(digest))).toEqual([true, true, false])
  expect(batches.spilledBytes).toBe(4)
  batches.drop([a, c])
  expect(batches.spilledBytes).toBe(2)
  expect(batches.append(c, bytes)).toBe(false)
  expect(batches.has(c)).toBe(true)
  store.isFull = false
  expect(batches.unspill()).toBe(true)
  expect(batches.spilledBytes).toBe(0)
  expect(batches.has(b)).toBe(true)
})
