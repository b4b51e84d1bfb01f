import { existsSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { appendAll, expectIntact, flip, harness, seeds, segmentFiles } from './segment-harness.ts'
import { batchOf } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

describe('a full disk', () => {
  test.each([0, 10, 60, 500])('after %i bytes leaves no half batch behind', room => {
    const directory = temporaryDirectory()
    const { open, files } = harness(directory, { segmentBytes: 100_000 })
    const store = open()
    appendAll(store, [1])
    const end = store.fileBytes
    files.fillAfter(room)
    const { digest, bytes } = batchOf(2, 1000)
    expect(() => store.append(digest, bytes)).toThrow('ENOSPC')
    expect([store.has(digest), store.fileBytes]).toEqual([false, end])
    files.mend()
    store.append(digest, bytes)
    store.close()
    expectIntact(open(), [1, 2])
  })

  test('a tail that cannot even be cut is overwritten', () => {
    const directory = temporaryDirectory()
    const { open, files } = harness(directory, { segmentBytes: 100_000 })
    const store = open()
    appendAll(store, [1])
    files.fillAfter(800)
    files.fail('truncate', 'EIO')
    const { digest, bytes } = batchOf(2, 1000)
    expect(() => store.append(digest, bytes)).toThrow('ENOSPC')
    files.mend()
    appendAll(store, [3], 10)
    store.close()
    const again = open()
    expect(again.count).toBe(2)
    expectIntact(again, [3], 10)
  })

  test('a segment whose first bytes do not fit is not kept', () => {
    const directory = temporaryDirectory()
    const { open, files } = harness(directory)
    const store = open()
    files.fillAfter(3)
    const { digest, bytes } = batchOf(1, 100)
    expect(() => store.append(digest, bytes)).toThrow('ENOSPC')
    expect(segmentFiles(directory)).toEqual([])
    files.mend()
    appendAll(store, [1], 100)
    expectIntact(store, [1], 100)
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
    expect(files.calls.filter(call => call === 'sync')).toHaveLength(2)
    await store.sync()
    expect(files.calls.filter(call => call === 'sync')).toHaveLength(2)
  })

  test('at most the last two files are ever unsynced', () => {
    const { open, files } = harness(temporaryDirectory())
    const store = open()
    appendAll(store, seeds(10))
    // Four files: before the third and the fourth began, one older file each was synced.
    expect(files.calls.filter(call => call === 'syncNow')).toHaveLength(2)
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

  test('a file is not removed before the copies of its batches are synced', () => {
    const directory = temporaryDirectory()
    const { open } = harness(directory)
    const store = open()
    const digests = appendAll(store, seeds(60), 500)
    const live = seeds(60).filter(seed => seed % 7 === 0)
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
    // Room for the record of the drops and half of the first copy.
    files.fillAfter(51 * 32 + 300)
    store.drop(digests.filter((_, seed) => !live.includes(seed)))
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
    flip(join(directory, '00000001.seg'), 500)
    store.drop(digests.filter((_, seed) => seed % 7 !== 0))
    for (let i = 0; i < 20; i++) await store.sync()
    expect(damaged).toEqual([digests[0]])
    expectIntact(store, [7, 14, 21, 28, 35, 42, 49, 56], 500)
  })
})

test('recent batches are read from memory, within the bound', () => {
  const { open, files } = harness(temporaryDirectory(), { cacheBytesMax: 2500 })
  const store = open()
  appendAll(store, [1, 2, 3])
  const reads = (): number => files.calls.filter(call => call === 'read').length
  const before = reads()
  expectIntact(store, [3, 2])
  expect(reads()).toBe(before)
  expectIntact(store, [1])
  expect(reads()).toBe(before + 1)
  // Used again, so that the other leaves first.
  expectIntact(store, [3])
  appendAll(store, [4])
  expectIntact(store, [3])
  expect(reads()).toBe(before + 1)
  expectIntact(store, [2])
  expect(reads()).toBe(before + 2)
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
