import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory-store.ts'
import { entriesOf, storeContract } from './store-contract.ts'
import { batchOf, put } from './store-units.ts'

storeContract('memory store', async () => {
  const store = new MemoryStore()
  return {
    store,
    crash: async () => {
      store.crash()
      return store
    },
    dispose: () => store[Symbol.asyncDispose]()
  }
})

test('a crash drops everything after the last flush, and a settle does not protect', async () => {
  const store = new MemoryStore()
  const [kept, lost] = [batchOf(1, 10), batchOf(2, 10)]
  store.batches.append(kept.digest, kept.bytes)
  store.write([put('votes', 1, 'kept')])
  await store.flush()
  store.write([put('votes', 1, 'changed'), put('votes', 2, 'lost')])
  store.batches.append(lost.digest, lost.bytes)
  store.batches.drop([kept.digest])
  await store.settle()
  expect(await entriesOf(store, 'votes')).toEqual(['01=changed', '02=lost'])
  store.crash()
  expect(await entriesOf(store, 'votes')).toEqual(['01=kept'])
  expect([...store.batches.digests()]).toEqual([kept.digest])
})

test('a write is not readable before a settle', async () => {
  const store = new MemoryStore()
  store.write([put('votes', 1, 'queued')])
  expect(await entriesOf(store, 'votes')).toEqual([])
})

test('a flush covers what was written before it and not what came while it ran', async () => {
  const store = new MemoryStore()
  store.write([put('votes', 1, 'before')])
  const flush = store.flush()
  store.write([put('votes', 2, 'after')])
  await flush
  store.crash()
  expect(await entriesOf(store, 'votes')).toEqual(['01=before'])
})

test('a crash rejects the flush and the settle that it overtakes', async () => {
  const store = new MemoryStore()
  store.write([put('votes', 1, 'lost')])
  const overtaken = Promise.allSettled([store.flush(), store.settle()])
  store.crash()
  for (const outcome of await overtaken) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'store-crashed' } })
  }
  expect(await entriesOf(store, 'votes')).toEqual([])
})
