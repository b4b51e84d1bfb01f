import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { FileSystem } from '../../src/store/file-system.ts'
import { quickFiles } from '../../src/store/quick-files.ts'
import { failingFiles } from './failing-files.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** Quick files over real ones, whose clock moves by `tookMs` with every operation on the calling thread. */
function setUp() {
  const path = join(temporaryDirectory(), 'file')
  writeFileSync(path, '')
  const inner = failingFiles()
  const disk = { tookMs: 0.2 }
  let nowMs = 0
  const timed: FileSystem = {
    ...inner,
    sync: async () => {
      inner.calls.push('sync')
    },
    syncNow: fd => {
      nowMs += disk.tookMs
      inner.syncNow(fd)
    },
    writeNow: (fd, bytes, position) => {
      nowMs += disk.tookMs
      return inner.writeNow(fd, bytes, position)
    }
  }
  const files = quickFiles(timed, () => nowMs)
  const fd = openSync(path, 'r+')
  onTestFinished(() => closeSync(fd))
  const syncs = async (count: number): Promise<{ here: number; elsewhere: number }> => {
    inner.calls.length = 0
    for (let i = 0; i < count; i++) await files.sync(fd, 100)
    const here = inner.calls.filter(call => call === 'syncNow').length
    return { here, elsewhere: inner.calls.filter(call => call === 'sync').length }
  }
  const pass = (ms: number): void => {
    nowMs += ms
  }
  return { inner, disk, files, fd, path, syncs, pass }
}

test('a quick disk is waited for on the main thread', async () => {
  const { syncs } = setUp()
  expect(await syncs(100)).toEqual({ here: 100, elsewhere: 0 })
})

test('a slow disk is left to other threads, and tried ever more seldom', async () => {
  const { disk, syncs } = setUp()
  await syncs(10)
  disk.tookMs = 10
  const { here: atFirst } = await syncs(60)
  expect(atFirst).toBeLessThan(16)
  await syncs(atFirst + 4)
  expect(await syncs(1 + 128 + 1)).toEqual({ here: 2, elsewhere: 128 })
  const { here } = await syncs(30_000)
  expect(here).toBeLessThan(12)
})

test('a disk that is quick again is waited for again', async () => {
  const { disk, syncs } = setUp()
  disk.tookMs = 1000
  expect(await syncs(1 + 64 + 1)).toEqual({ here: 2, elsewhere: 64 })
  disk.tookMs = 0.2
  expect(await syncs(128)).toEqual({ here: 0, elsewhere: 128 })
  expect(await syncs(100)).toEqual({ here: 100, elsewhere: 0 })
  disk.tookMs = 1000
  expect(await syncs(1 + 64)).toEqual({ here: 1, elsewhere: 64 })
})

test('what much was written before is synced elsewhere', async () => {
  const { inner, files, fd } = setUp()
  await files.sync(fd, 65_537)
  expect(inner.calls).toEqual(['sync'])
})

test('no more than a quarter of the time is waited, however steady the disk', async () => {
  const { disk, pass, syncs } = setUp()
  disk.tookMs = 4
  let here = 0
  for (let i = 0; i < 1_000; i++) {
    here += (await syncs(1)).here
    pass(1)
  }
  // A millisecond between two of them, and four for each that is waited for: 250 at once, then a quarter.
  expect(here).toBeGreaterThan(60 + 50)
  expect(here).toBeLessThan(62 + 130)
})

test('one operation of many that waited long for a core is no slow disk', async () => {
  const { disk, pass, syncs } = setUp()
  for (let i = 0; i < 20; i++) {
    disk.tookMs = 30
    expect(await syncs(1)).toEqual({ here: 1, elsewhere: 0 })
    disk.tookMs = 0.5
    expect(await syncs(20)).toEqual({ here: 20, elsewhere: 0 })
    pass(200)
  }
})

test('small writes are written where they are called for, large ones elsewhere', async () => {
  const { inner, files, fd, path } = setUp()
  expect(await files.write(fd, new Uint8Array(4096).fill(1), 0)).toBe(4096)
  await files.write(fd, new Uint8Array(65_537).fill(2), 4096)
  expect(inner.calls).toEqual(['writeNow', 'write'])
  expect([...readFileSync(path)].slice(4095, 4097)).toEqual([1, 2])
})

test('what fails rejects as on another thread, and a slow failure counts as slow', async () => {
  const { inner, files, fd, disk, syncs } = setUp()
  inner.fail('syncNow', 'EIO')
  await expect(files.sync(fd, 100)).rejects.toThrow('EIO')
  inner.mend()
  disk.tookMs = 1000
  inner.fail('writeNow', 'ENOSPC')
  await expect(files.write(fd, new Uint8Array(1), 0)).rejects.toThrow('ENOSPC')
  inner.mend()
  expect(await syncs(1)).toEqual({ here: 0, elsewhere: 1 })
})
