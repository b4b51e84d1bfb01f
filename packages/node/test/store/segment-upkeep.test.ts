import { cpSync, existsSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { appendAll, expectIntact, flip, harness, seeds, segmentFiles } from './segment-harness.ts'
import { batchOf } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

describe('a full disk', () => {
  // A block, less than a block, and more than a block of what must be written.
  test.each([0, 10, 4096, 5000])('after %i bytes leaves no half batch behind', async room => {
    const directory = temporaryDirectory()
    const { open, files } = harness(directory, { segmentBytes: 100_000 })
    const store = open()
    appendAll(store, [1])
    await store.sync()
    files.fillAfter(room)
    appendAll(store, [2], 9000)
    await expect(store.sync()).rejects.toThrow('ENOSPC')
    expect(store.isDirty).toBe(true)
    expectIntact(store, [2], 9000)
    const afterCrash = temporaryDirectory()
    cpSync(directory, afterCrash, { recursive: true })
    const restarted = harness(afterCrash).open()
    expect(restarted.count).toBe(1)
    expectIntact(restarted, [1])
    files.mend()
    await store.sync()
    store.close()
    const again = open()
    expectIntact(again, [1])
    expectIntact(again, [2], 9000)
  })

  test('a file that cannot be made stores nothing', () => {
    const { open, files } = harness(temporaryDirectory())
    const store = open()
    files.fail('open', 'ENOSPC')
    const { digest, bytes } = batchOf(1, 100)
    expect(() => store.append(digest, bytes)).toThrow('ENOSPC')
    expect(store.has(digest)).toBe(false)
    files.mend()
    appendAll(store, [1], 100)
    expectIntact(store, [1], 100)
  })
})

describe('writing in blocks', () => {
  test.each([false, true])(
    'is the same file with and without the page cache (%s)',
    async isCached => {
      const directory = temporaryDirectory()
      const { open, files, damaged } = harness(directory, { segmentBytes: 2 ** 24 })
      if (isCached) files.refuseDirect()
      let store = open()
      const lengths = [4, 300, 4096, 4040, 8192, 70_000, 4_200_000, 5]
      for (const [i, length] of lengths.entries()) {
        appendAll(store, [i], length)
        // Some share a sync, some do not, and some come after a start.
        if (i % 3 === 0) await store.sync()
        if (i % 4 === 3) {
          store.close()
          store = open()
        }
      }
      await store.sync()
      for (const [i, length] of lengths.entries()) expectIntact(store, [i], length)
      const copy = temporaryDirectory()
      cpSync(directory, copy, { recursive: true })
      const restarted = harness(copy, { segmentBytes: 2 ** 24 }).open()
      for (const [i, length] of lengths.entries()) expectIntact(restarted, [i], length)
      expect(damaged).toEqual([])
      expect(restarted.fileBytes).toBe(store.fileBytes)
    }
  )

  test('a disk that is far behind is a full one until it has caught up', async () => {
    const { open, failures } = harness(temporaryDirectory(), {
      segmentBytes: 100_000,
      unsyncedBytesMax: 5000
    })
    const store = open()
    appendAll(store, seeds(4))
    const { digest, bytes } = batchOf(4, 1000)
    expect(() => store.append(digest, bytes)).toThrow('disk-full')
    expect([failures.length, store.has(digest)]).toEqual([1, false])
    await store.sync()
    store.append(digest, bytes)
    expectIntact(store, seeds(5))
    await store.sync()
    // One that is larger than the bound goes alone.
    appendAll(store, [5], 6000)
    expect(() => appendAll(store, [6])).toThrow('disk-full')
  })
})

describe('syncing', () => {
  test('only what is dirty is synced', async () => {
    const { open, files } = harness(temporaryDirectory())
    const store = open()
    expect(store.isDirty).toBe(false)
    appendAll(store, seeds(4))
    expect(store.isDirty).toBe(true)
    await store.sync()
    expect(store.isDirty).toBe(false)
    expect(files.calls.filter(call => call === 'write')).toHaveLength(2)
    await store.sync()
    expect(files.calls.filter(call => call === 'write')).toHaveLength(2)
  })

  test('bodies are read at a start only where a sync may be missing', async () => {
    const directory = temporaryDirectory()
    const { open, damaged } = harness(directory, { unsyncedBytesMax: 3500 })
    const store = open()
    const digests: Digest[] = []
    for (const seed of seeds(12)) {
      digests.push(...appendAll(store, [seed]))
      await store.sync()
    }
    store.close()
    // The first batches of four files, of which two lie at most twice the bound from the end.
    for (const name of segmentFiles(directory)) flip(join(directory, name), 500)
    const again = open()
    expect(again.count).toBe(10)
    expect(damaged).toHaveLength(2)
    expect(again.read(digests[0] as Digest)).toBeUndefined()
  })

  test('an append while a sync runs is dirty afterwards', async () => {
    const { open } = harness(temporaryDirectory())
    const store = open()
    appendAll(store, [1])
    const sync = store.sync()
    appendAll(store, [2])
    await sync
    expect(store.isDirty).toBe(true)
  })

  test('a file that empties while a sync runs goes after it', async () => {
    const directory = temporaryDirectory()
    const { open } = harness(directory)
    const store = open()
    const digests = appendAll(store, seeds(4))
    const sync = store.sync()
    store.drop(digests.slice(0, 3))
    expect(existsSync(join(directory, '00000001.seg'))).toBe(true)
    await sync
    expect(existsSync(join(directory, '00000001.seg'))).toBe(false)
  })
})

describe('compaction', () => {
  test('mostly dead files shrink, step by step, and nothing live is lost', async () => {
    const directory = temporaryDirectory()
    const { open } = harness(directory)
    const store = open()
    const digests = appendAll(store, seeds(60))
    const live = seeds(20)
      .map(i => i * 3)
      .filter(seed => seed % 9 === 0)
    const before = store.fileBytes
    store.drop(digests.filter((_, seed) => !live.includes(seed)))
    for (let i = 0; i < 60; i++) await store.sync()
    expect(store.bytes).toBe(live.length * 1000)
    // Either few files are left or a quarter of their bytes is live.
    expect(store.segmentCount <= 4 || store.bytes >= 0.25 * store.fileBytes).toBe(true)
    expect(store.fileBytes).toBeLessThan(before / 2)
    expectIntact(store, live)
    store.close()
    const again = open()
    expect(again.count).toBe(live.length)
    expectIntact(again, live)
  })

  test('a file is not removed before the copies of its batches are synced', async () => {
    const directory = temporaryDirectory()
    const { open } = harness(directory)
    const store = open()
    const digests = appendAll(store, seeds(60), 500)
    const live = seeds(60).filter(seed => seed % 7 === 0)
    await store.sync()
    const last = join(directory, '00000009.seg')
    const { size } = statSync(last)
    store.drop(digests.filter((_, seed) => !live.includes(seed)))
    for (let i = 0; i < 10; i++) store.drop([])
    // Copies were made, none is synced: all live files are there as well.
    expect(store.segmentCount).toBeGreaterThanOrEqual(9)
    store.close()
    // The power goes, and with it everything that was written since.
    truncateSync(last, size)
    const lost = segmentFiles(directory).filter(name => name > '00000009.seg')
    for (const name of lost) rmSync(join(directory, name))
    expectIntact(open(), live, 500)
  })

  test('a full disk stops it without harm', async () => {
    const directory = temporaryDirectory()
    const { open, files, failures } = harness(directory)
    const store = open()
    const digests = appendAll(store, seeds(60), 500)
    const live = seeds(60).filter(seed => seed % 7 === 0)
    await store.sync()
    // No room for the file that the copies need.
    files.fail('open', 'ENOSPC')
    store.drop(digests.filter((_, seed) => !live.includes(seed)))
    for (let i = 0; i < 20; i++) await store.sync()
    expect(failures).toContain('ENOSPC')
    expectIntact(store, live, 500)
    files.mend()
    for (let i = 0; i < 20; i++) await store.sync()
    expect(store.segmentCount).toBeLessThan(9)
    expectIntact(store, live, 500)
    store.close()
    expectIntact(open(), live, 500)
  })

  test('damaged batches are left behind', async () => {
    const directory = temporaryDirectory()
    const { open, damaged } = harness(directory)
    const store = open()
    const digests = appendAll(store, seeds(60), 500)
    await store.sync()
    flip(join(directory, '00000001.seg'), 500)
    store.drop(digests.filter((_, seed) => seed % 7 !== 0))
    for (let i = 0; i < 20; i++) await store.sync()
    expect(damaged).toEqual([digests[0]])
    expectIntact(store, [7, 14, 21, 28, 35, 42, 49, 56], 500)
  })
})

test('batches are read from memory until they were read, within the bound, and little longer', async () => {
  const { open, files } = harness(temporaryDirectory(), { cacheBytesMax: 2500 })
  const store = open()
  const reads = (): number => files.calls.filter(call => call === 'read').length
  appendAll(store, [1, 2, 3])
  await store.sync()
  const before = reads()
  expectIntact(store, [3, 2])
  expect(reads()).toBe(before)
  // The oldest had to leave unread.
  expectIntact(store, [1])
  expect(reads()).toBe(before + 1)
  // What was read has an eighth of the room: too little for these.
  expectIntact(store, [3])
  expect(reads()).toBe(before + 2)
  appendAll(store, [4, 5], 300)
  await store.sync()
  const later = reads()
  expectIntact(store, [4, 4], 300)
  expect(reads()).toBe(later)
  expectIntact(store, [5, 4], 300)
  expect(reads()).toBe(later + 1)
})

test('the cache does not pin large buffers and does not take what is larger than itself', () => {
  const { open } = harness(temporaryDirectory(), { cacheBytesMax: 500 })
  const store = open()
  const { digest, bytes } = batchOf(1, 100)
  const large = new Uint8Array(10_000)
  large.set(bytes)
  store.append(digest, large.subarray(0, 100))
  large.fill(0)
  expectIntact(store, [1], 100)
  appendAll(store, [2], 501)
  expectIntact(store, [2], 501)
})

test('files of other names are left alone', () => {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, 'notes.txt'), 'x')
  const store = harness(directory).open()
  appendAll(store, [1])
  expect(statSync(join(directory, 'notes.txt')).size).toBe(1)
})
