import type { Digest } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import type { FileSystem } from '../../src/store/file-system.ts'
import { quickFiles } from '../../src/store/quick-files.ts'
import { failingFiles, systemError } from './failing-files.ts'
import { append, disks, open, reopened } from './level-store-harness.ts'
import { batchOf, key, put } from './store-units.ts'

describe('a failing disk', () => {
  test.each([
    ['write', 'EIO', 0],
    ['openBlocks', 'EMFILE', 0],
    ['syncDirectory', 'ENOSPC', 0],
    ['writeNow', 'EIO', 1],
    ['openBlocks', 'EMFILE', 1]
  ] as const)(
    'a %s of batches that failed with %s is final, on disk %i',
    async (operation, code, disk) => {
      const files = failingFiles()
      const { store, failures } = await open({}, { files: disks[disk][1](files) })
      append(store, 1)
      files.fail(operation, code)
      await expect(store.flush()).rejects.toMatchObject({ code: 'io' })
      files.mend()
      expect([store.stats().state, await store.retry(), failures]).toEqual([
        'failed',
        false,
        ['io']
      ])
      store.write([put('votes', 1, 'refused')])
      expect(store.stats().queuedBytes).toBe(0)
      await expect(store.flush()).rejects.toMatchObject({ code: 'io' })
      expect(() => append(store, 2)).toThrow('io')
    }
  )

  test.each([
    ['writev', 0],
    ['sync', 0],
    ['syncNow', 1]
  ] as const)('an EIO in signed.log is final: of %s, on disk %i', async (operation, disk) => {
    const files = failingFiles()
    const { store } = await open({}, { files: disks[disk][1](files) })
    files.fail(operation, 'EIO')
    store.write([put('signed', 1, 'x')])
    await expect(store.flush()).rejects.toMatchObject({ code: 'io' })
    expect(store.stats().state).toBe('failed')
  })

  test('a file system that refuses the first direct write gets another, through the page cache', async () => {
    const inner = failingFiles()
    let refusals = 1
    const writeNow: FileSystem['writeNow'] = (...given) => {
      if (refusals-- > 0) throw systemError('EINVAL')
      return inner.writeNow(...given)
    }
    const files = quickFiles({ ...inner, writeNow }, () => 0)
    const { store, directory } = await open({}, { files })
    const digest = append(store, 1)
    await store.flush()
    expect(inner.calls.filter(call => call === 'openBlocks')).toHaveLength(2)
    await store[Symbol.asyncDispose]()
    expect((await reopened(directory)).batches.read(digest)).toEqual(batchOf(1, 1000).bytes)
  })

  test('more writes than the queue holds are final, since one was refused', async () => {
    const { store, failures } = await open({ queuedBytesMax: 4096, drainDelayMs: 60_000 })
    store.write([put('votes', 1, 'x'.repeat(3000))])
    expect(store.stats().state).toBe('open')
    store.write([put('votes', 2, 'x'.repeat(3000))])
    expect([store.stats().state, failures]).toEqual(['failed', ['queue-full']])
    await expect(store.flush()).rejects.toMatchObject({ code: 'queue-full' })
  })

  test('a state larger than all that may wait goes to disk whole, and the next only after it', async () => {
    const { store, failures } = await open({ queuedBytesMax: 4096, drainDelayMs: 60_000 })
    const state = [put('state', 1, 'x'.repeat(3000)), put('state', 2, 'y'.repeat(3000))]
    store.write([put('votes', 1, 'before')])
    store.write(state)
    store.write([put('votes', 2, 'z'.repeat(3000))])
    await store.settle()
    expect(await store.get('state', key(2))).toHaveLength(3000)
    expect(store.stats().queuedBytes).toBe(0)
    store.write(state)
    expect(store.stats().state).toBe('open')
    store.write(state)
    expect([store.stats().state, failures]).toEqual(['failed', ['queue-full']])
  })

  test('a batch beyond every bound is our own mistake', async () => {
    const { store } = await open()
    expect(() =>
      store.batches.append('ab'.repeat(32) as Digest, new Uint8Array(2 ** 26 + 1))
    ).toThrow('record of')
    expect(store.stats().state).toBe('failed')
  })

  test('an open range ends with a fault when the database goes', async () => {
    const { store } = await open()
    store.write([put('votes', 1, 'a'), put('votes', 2, 'b')])
    await store.flush()
    const range = store.range('votes')[Symbol.asyncIterator]()
    await store[Symbol.asyncDispose]()
    await expect(range.next()).rejects.toMatchObject({ code: 'store-closed' })
    await expect(store.get('votes', key(1))).rejects.toMatchObject({ code: 'store-closed' })
  })
})
