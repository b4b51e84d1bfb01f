import { expect, onTestFinished, test } from 'vitest'
import { openStore } from '../../src/store/level-store.ts'
import { put, small } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

test('flushes that are asked for in one turn of the event loop are one', async () => {
  const { store } = await openStore({ directory: temporaryDirectory(), ...small })
  onTestFinished(() => store[Symbol.asyncDispose]())
  const flushes: Promise<void>[] = []
  for (let at = 0; at < 5; at++) {
    store.write([put('rows', at, 'value'), put('signed', at, 'value')])
    flushes.push(store.flush())
    // As between the frames of two sockets: promises are settled, and the loop has not turned.
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  expect(store.stats().flushCount).toBe(0)
  await Promise.all(flushes)
  expect(store.stats().flushCount).toBe(1)
  store.write([put('rows', 5, 'value')])
  await store.flush()
  expect(store.stats().flushCount).toBe(2)
})
