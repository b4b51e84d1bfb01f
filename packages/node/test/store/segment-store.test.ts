import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { SegmentStore } from '../../src/store/segment-store.ts'
import { failingFiles } from './failing-files.ts'
import { batchOf } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const options = { segmentBytes: 4096, cacheBytesMax: 0 }

function harness(directory: string, changes: Partial<typeof options> = {}) {
  const files = failingFiles()
  const damaged: string[] = []
  const failures: string[] = []
  const open = () =>
    new SegmentStore(
      directory,
      { ...options, ...changes },
      {
        files,
        admit: () => undefined,
        onDamage: what => void damaged.push(what),
        onFailure: error => {
          failures.push((error as NodeJS.ErrnoException).code ?? String(error))
          return error as Error
        }
      }
    )
  return { files, damaged, failures, open }
}

function segmentFiles(directory: string): string[] {
  return readdirSync(directory).sort()
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path)
  bytes[offset] = (bytes[offset] as number) ^ 0x40
  writeFileSync(path, bytes)
}

function appendAll(store: SegmentStore, seeds: readonly number[], length = 1000): Digest[] {
  return seeds.map(seed => {
    const { digest, bytes } = batchOf(seed, length)
    store.append(digest, bytes)
    return digest
  })
}

function expectIntact(store: SegmentStore, seeds: readonly number[], length = 1000): void {
  for (const seed of seeds) {
    const { digest, bytes } = batchOf(seed, length)
    const read = store.read(digest)
    expect(read !== undefined && Buffer.compare(read, bytes) === 0, `batch ${seed}`).toBe(true)
  }
}

const seeds = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, i) => from + i)

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
  test('a damaged body reads as missing, is told once, and may be appended again', () => {
    const directory = temporaryDirectory()
    const { open, damaged } = harness(directory)
    const store = open()
    const [first, second] = appendAll(store, [1, 2], 500) as [Digest, Digest]
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

  test('a file that became shorter reads as missing', () => {
    const directory = temporaryDirectory()
    const { open, damaged } = harness(directory)
    const store = open()
    const [digest] = appendAll(store, [1]) as [Digest]
    truncateSync(join(directory, '00000001.seg'), 500)
    expect(store.read(digest)).toBeUndefined()
    expect(damaged).toEqual([digest])
  })

  test('a read that the disk refuses reads as missing', () => {
    const { open, damaged, files } = harness(temporaryDirectory())
    const store = open()
    const [digest] = appendAll(store, [1]) as [Digest]
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
    const [first, second] = appendAll(store, [1, 2], 100) as [Digest, Digest]
    files.fillAfter(0)
    store.drop([first])
    expect(store.has(first)).toBe(false)
    expect(failures).toEqual(['ENOSPC'])
    files.mend()
    store.drop([second])
    store.close()
    expect(open().count).toBe(0)
  })

  test('a batch that comes back before its drop was recorded stays', () => {
    const directory = temporaryDirectory()
    const { open, files } = harness(directory)
    const store = open()
    const [first, second] = appendAll(store, [1, 2], 100) as [Digest, Digest]
    files.fillAfter(0)
    store.drop([first])
    files.mend()
    store.append(first, batchOf(1, 100).bytes)
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
