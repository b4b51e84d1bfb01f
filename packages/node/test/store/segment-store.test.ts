import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { appendAll, expectIntact, flip, harness, seeds, segmentFiles } from './segment-harness.ts'
import { batchOf } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

test('batches are found again after a reopen, over several segments', () => {
  const directory = temporaryDirectory()
  const { open, damaged } = harness(directory)
  const store = open()
  appendAll(store, seeds(10))
  expect(segmentFiles(directory)).toHaveLength(4)
  expect(store.segmentCount).toBe(4)
  store.close()
  const again = open()
  expect(again.count).toBe(10)
  expectIntact(again, seeds(10))
  appendAll(again, [10])
  again.close()
  expectIntact(open(), seeds(11))
  expect(damaged).toEqual([])
})

test('a batch larger than a segment gets one of its own', () => {
  const directory = temporaryDirectory()
  const { open } = harness(directory)
  const store = open()
  appendAll(store, [1], 10_000)
  appendAll(store, [2], 10)
  expect(segmentFiles(directory)).toHaveLength(2)
  expectIntact(store, [1], 10_000)
})

test('an empty batch is a batch', () => {
  const { open } = harness(temporaryDirectory())
  const store = open()
  const digest = 'ab'.repeat(32) as Digest
  store.append(digest, new Uint8Array(0))
  store.close()
  expect(open().read(digest)).toHaveLength(0)
})

describe('a crash while appending', () => {
  test('cuts a torn tail at every length, keeps what is before it, and appends after it', () => {
    const whole = temporaryDirectory()
    const writer = harness(whole).open()
    appendAll(writer, [1, 2], 100)
    const end = writer.fileBytes
    appendAll(writer, [3], 100)
    writer.close()
    const path = join(whole, '00000001.seg')
    const bytes = readFileSync(path)
    for (let length = end; length < bytes.length; length += 7) {
      const directory = temporaryDirectory()
      writeFileSync(join(directory, '00000001.seg'), bytes.subarray(0, length))
      const { open, damaged } = harness(directory)
      const store = open()
      expect([store.count, store.fileBytes], `cut at ${length}`).toEqual([2, end])
      appendAll(store, [4], 50)
      store.close()
      const again = open()
      expectIntact(again, [1, 2], 100)
      expectIntact(again, [4], 50)
      expect(damaged).toEqual([])
    }
  })

  test('a tail whose bytes never arrived is cut although its length is there', () => {
    const directory = temporaryDirectory()
    const { open } = harness(directory)
    const store = open()
    appendAll(store, [1, 2], 500)
    store.close()
    const path = join(directory, '00000001.seg')
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0, bytes.length - 100))
    expect([...open().digests()]).toEqual([batchOf(1, 500).digest])
  })

  test.each([0, 5, 15])('a new segment of %i bytes is no segment and is replaced', length => {
    const directory = temporaryDirectory()
    const { open } = harness(directory)
    const store = open()
    appendAll(store, seeds(4))
    store.close()
    truncateSync(join(directory, '00000002.seg'), length)
    const again = open()
    expectIntact(again, seeds(3))
    appendAll(again, [9])
    expectIntact(again, [9])
  })
})

describe('rot', () => {
  test('a damaged body reads as missing, is told once, and may be appended again', async () => {
    const directory = temporaryDirectory()
    const { open, damaged } = harness(directory)
    const store = open()
    const [first, second] = appendAll(store, [1, 2], 500) as [Digest, Digest]
    await store.sync()
    flip(join(directory, '00000001.seg'), 300)
    expect(store.read(first)).toBeUndefined()
    expect(store.has(first)).toBe(false)
    expect(store.read(first)).toBeUndefined()
    expect(damaged).toEqual([first])
    expectIntact(store, [2], 500)
    store.append(first, batchOf(1, 500).bytes)
    expectIntact(store, [1, 2], 500)
    expect(second).toBeDefined()
  })

  test('a damaged header hides its own batch alone', () => {
    const directory = temporaryDirectory()
    const { open, damaged } = harness(directory)
    const store = open()
    appendAll(store, seeds(12))
    store.close()
    // The second record of the first file: its header begins after the file's and one record.
    flip(join(directory, '00000001.seg'), 16 + 56 + 1000 + 20)
    const again = open()
    expect(again.count).toBe(11)
    expect(again.has(batchOf(1, 1000).digest)).toBe(false)
    expectIntact(
      again,
      seeds(12).filter(seed => seed !== 1)
    )
    expect(damaged).toEqual([join(directory, '00000001.seg')])
  })

  test('a batch cannot smuggle in a record for another digest', () => {
    const directory = temporaryDirectory()
    const { open } = harness(directory, { segmentBytes: 100_000 })
    const store = open()
    appendAll(store, [1], 300)
    // The stranger sends back bytes of a file it somehow saw elsewhere, framed as a record.
    const elsewhere = temporaryDirectory()
    const other = harness(elsewhere).open()
    appendAll(other, [7], 300)
    other.close()
    const forged = readFileSync(join(elsewhere, '00000001.seg')).subarray(16)
    store.append('cd'.repeat(32) as Digest, forged)
    appendAll(store, [2], 300)
    store.close()
    flip(join(directory, '00000001.seg'), 16 + 56 + 300 + 30)
    const again = open()
    expect(again.has(batchOf(7, 300).digest)).toBe(false)
    expectIntact(again, [1, 2], 300)
  })

  test('a file that became shorter reads as missing', async () => {
    const directory = temporaryDirectory()
    const { open, damaged } = harness(directory)
    const store = open()
    const [digest] = appendAll(store, [1]) as [Digest]
    await store.sync()
    truncateSync(join(directory, '00000001.seg'), 500)
    expect(store.read(digest)).toBeUndefined()
    expect(damaged).toEqual([digest])
  })

  test('a read that the disk refuses reads as missing', async () => {
    const { open, damaged, files } = harness(temporaryDirectory())
    const store = open()
    const [digest] = appendAll(store, [1]) as [Digest]
    await store.sync()
    files.fail('read', 'EIO')
    expect(store.read(digest)).toBeUndefined()
    expect(damaged).toEqual([digest])
  })
})

describe('dropping', () => {
  test('a file goes when all its batches are dropped, the current one never', () => {
    const directory = temporaryDirectory()
    const { open } = harness(directory)
    const store = open()
    const digests = appendAll(store, seeds(5))
    store.drop(digests.slice(0, 2))
    expect(segmentFiles(directory)).toHaveLength(2)
    store.drop(digests.slice(2, 3))
    expect(segmentFiles(directory)).toEqual(['00000002.seg'])
    store.drop(digests)
    expect(segmentFiles(directory)).toEqual(['00000002.seg'])
    expect([store.count, store.bytes]).toEqual([0, 0])
  })

  test('dropped batches stay dropped after a reopen, in whatever order files go', () => {
    const directory = temporaryDirectory()
    const { open } = harness(directory)
    const store = open()
    const digests = appendAll(store, seeds(30))
    const kept = [digests[0] as Digest, digests[10] as Digest, digests[29] as Digest]
    store.drop(digests.filter(digest => !kept.includes(digest)))
    store.close()
    const again = open()
    expect(new Set(again.digests())).toEqual(new Set(kept))
    // The record of the drops outlives the files that they are about.
    again.drop([kept[2] as Digest])
    appendAll(again, seeds(6, 100))
    again.drop([...again.digests()].filter(digest => digest !== kept[0]))
    again.close()
    expect([...open().digests()]).toEqual([kept[0]])
  })

  test('a drop on a full disk is remembered and recorded by the next one', () => {
    const directory = temporaryDirectory()
    const { open, files, failures } = harness(directory)
    const store = open()
    const [first, , third] = appendAll(store, [1, 2, 3], 1300) as [Digest, Digest, Digest]
    // The file has no room for the record, and the disk none for another file.
    files.fail('open', 'ENOSPC')
    store.drop([first])
    expect(store.has(first)).toBe(false)
    expect(failures).toEqual(['ENOSPC'])
    files.mend()
    store.drop([third])
    store.close()
    expect(open().count).toBe(1)
  })

  test('a batch that comes back before its drop was recorded stays', () => {
    const directory = temporaryDirectory()
    const { open, files } = harness(directory)
    const store = open()
    const [first, second] = appendAll(store, [1, 2], 2000) as [Digest, Digest]
    files.fail('open', 'ENOSPC')
    store.drop([first])
    files.mend()
    store.append(first, batchOf(1, 2000).bytes)
    store.drop([second])
    store.close()
    expect([...open().digests()]).toEqual([first])
  })

  test('a file that cannot be removed is reported', () => {
    const { open, files, failures } = harness(temporaryDirectory())
    const store = open()
    const digests = appendAll(store, seeds(5))
    files.fail('unlink', 'EACCES')
    store.drop(digests.slice(0, 3))
    expect(failures).toEqual(['EACCES'])
  })
})
