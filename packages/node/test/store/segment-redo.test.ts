import {
  copyFileSync,
  cpSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { redo } from '../../src/store/segment-redo.ts'
import type { Extent } from '../../src/store/write-codec.ts'
import { appendAll, expectIntact, flip, harness, seeds, segmentFiles } from './segment-harness.ts'
import { digestOf } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const journaled = {
  segmentBytes: 65_536,
  journaledPayloadBytesMax: 8_000,
  unwrittenPayloadBytesMax: 16_000
}

function firstSegment(directory: string): string {
  return join(directory, segmentFiles(directory)[0] as string)
}

/** Three batches in the segment, and two that a journal has; the copy is the directory as a crash leaves it. */
async function crashed() {
  const directory = temporaryDirectory()
  const { open } = harness(directory, journaled)
  const store = open()
  appendAll(store, seeds(3))
  expect(store.unsecured(), 'the directory must be synced first').toBeUndefined()
  await store.sync()
  appendAll(store, seeds(2, 3))
  const extents = store.unsecured() ?? []
  expect(extents).toHaveLength(1)
  store.onJournaled(extents)
  expect([store.isDirty, store.isUnwritten]).toEqual([false, true])
  const copy = join(temporaryDirectory(), 'copy')
  cpSync(directory, copy, { recursive: true })
  return { directory, store, copy, extents, path: firstSegment(copy) }
}

/** Opens a copy that a journal goes with; returns what is there, and what was damaged. */
function reopen(directory: string, extents: readonly Extent[]) {
  const { open, damaged, files } = harness(directory, journaled)
  redo(extents, { directory, files })
  return { store: open(), damaged }
}

test('what only the journal has is in its segment after a start, and stays there without it', async () => {
  const { copy, extents } = await crashed()
  expect(reopen(copy, []).store.count).toBe(3)
  const first = reopen(copy, extents)
  expectIntact(first.store, seeds(5))
  first.store.close()
  const second = reopen(copy, [])
  expectIntact(second.store, seeds(5))
  expect([...first.damaged, ...second.damaged]).toEqual([])
})

test('a segment that has what the journal has is left as it is', async () => {
  const { store, directory, extents } = await crashed()
  await store.sync()
  const path = firstSegment(directory)
  const before = readFileSync(path).subarray(0, store.fileBytes)
  const again = reopen(directory, extents)
  expectIntact(again.store, seeds(5))
  expect(readFileSync(path).equals(before)).toBe(true)
})

test.each([
  { name: 'is torn', tear: (path: string, at: number) => truncateSync(path, at + 700) },
  {
    name: 'has another beginning than end',
    tear: (path: string, at: number) => {
      const bytes = Buffer.concat([readFileSync(path).subarray(0, at), Buffer.alloc(2_200)])
      writeFileSync(path, bytes)
    }
  }
])('a record that $name is written again', async ({ tear }) => {
  const { copy, path, extents } = await crashed()
  tear(path, extents[0]?.offset ?? 0)
  const { store, damaged } = reopen(copy, extents)
  expectIntact(store, seeds(5))
  expect(damaged).toEqual([])
})

test('a damaged record between intact ones is written again', async () => {
  const { directory, store, extents } = await crashed()
  await store.sync()
  const path = firstSegment(directory)
  flip(path, (extents[0]?.offset ?? 0) + 500)
  const again = reopen(directory, extents)
  expectIntact(again.store, seeds(5))
  expect(again.damaged).toEqual([])
})

test('where another intact record lies, it stays', async () => {
  const { copy, extents } = await crashed()
  const cut = reopen(copy, []).store
  appendAll(cut, seeds(4, 10), 300)
  await cut.sync()
  cut.close()
  const { store, damaged } = reopen(copy, extents)
  expectIntact(store, seeds(3))
  expectIntact(store, seeds(4, 10), 300)
  expect(damaged).toEqual([])
})

test('another segment under the same number, and one that is gone, get nothing', async () => {
  const { copy, path, extents } = await crashed()
  const other = await crashed()
  copyFileSync(other.path, path)
  const { store, damaged } = reopen(copy, extents)
  expect(store.count).toBe(3)
  expect(damaged).toEqual([])
  store.close()
  unlinkSync(path)
  expect(reopen(copy, extents).store.count).toBe(0)
  expect(segmentFiles(copy)).toEqual([])
})

test('what a close finds unwritten is in the segment', async () => {
  const { store, directory } = await crashed()
  store.close()
  expectIntact(reopen(directory, []).store, seeds(5))
})

test('too much at once, and too much in all, is for a sync', async () => {
  const { store } = await crashed()
  appendAll(store, seeds(8, 20))
  expect(store.unsecured()).toBeUndefined()
  await store.sync()
  for (const seed of seeds(17, 40)) {
    appendAll(store, [seed])
    const extents = store.unsecured()
    if (extents === undefined) return
    store.onJournaled(extents)
  }
  expect.unreachable('17 batches of 1,000 bytes are more than 16,000')
})

test('a record whose end the file lacks is written again, also where that end is zeros', async () => {
  const directory = temporaryDirectory()
  const { open } = harness(directory, journaled)
  const store = open()
  appendAll(store, [1])
  await store.sync()
  const bytes = new Uint8Array(1_000).fill(7, 0, 600)
  const digest = digestOf(bytes)
  store.append(digest, bytes)
  const [extent] = store.unsecured() as [Extent]
  const path = firstSegment(directory)
  const copy = join(temporaryDirectory(), 'copy')
  cpSync(directory, copy, { recursive: true })
  const cut = Buffer.concat([
    readFileSync(path).subarray(0, extent.offset),
    extent.bytes.subarray(0, -300)
  ])
  writeFileSync(firstSegment(copy), cut)
  const again = reopen(copy, [extent])
  expect(again.store.read(digest)).toEqual(bytes)
  expect(again.damaged).toEqual([])
})

test('what is found is synced as well: it may be in the page cache alone', async () => {
  const { store, directory, extents } = await crashed()
  await store.sync()
  let syncs = 0
  const syncNow = (fd: number): void => {
    syncs += 1
    nodeFileSystem.syncNow(fd)
  }
  redo(extents, { directory, files: { ...nodeFileSystem, syncNow } })
  expect(syncs).toBe(1)
  redo([], { directory, files: { ...nodeFileSystem, syncNow } })
  expect(syncs).toBe(1)
})

test('a segment whose header is not on the disk yet is not for the journal', async () => {
  const { open, files } = harness(temporaryDirectory(), { ...journaled, segmentBytes: 4_096 })
  const store = open()
  appendAll(store, seeds(2))
  await store.sync()
  appendAll(store, seeds(1, 2))
  store.onJournaled(store.unsecured() ?? [])
  // The next does not fit any more: it makes a second file, and the write to the first fails.
  appendAll(store, seeds(1, 3))
  files.fail('write', 'EIO')
  await expect(store.sync()).rejects.toMatchObject({ code: 'EIO' })
  files.mend()
  expect(store.unsecured()).toBeUndefined()
  await store.sync()
  expect(store.unsecured()).toEqual([])
})
