import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Applier } from '../../src/store/applier.ts'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { Journal } from '../../src/store/journal.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import { toUnit } from '../../src/store/operation.ts'
import { systemError } from './failing-files.ts'
import { put } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

function begun() {
  const path = join(temporaryDirectory(), 'signed.log')
  createSignedLog(path, nodeFileSystem)
  const journal = Journal.open(
    path,
    nodeFileSystem,
    { journalBytes: 4096, journalAheadBytes: 0 },
    undefined
  )
  onTestFinished(() => journal.close())
  const disk = { writes: [] as number[], failures: 0 }
  const applier = new Applier(
    { applyDelayMs: 60_000, unappliedBytesMax: 1_000_000 },
    {
      journal,
      apply: async operations => {
        disk.writes.push(operations.length)
        if (disk.failures > 0) throw systemError('ENOSPC')
      },
      refusal: () => undefined,
      onFailure: error => new Error('told', { cause: error })
    }
  )
  const append = (at: number) => {
    const { operations } = toUnit([put('votes', at, `v${at}`)])
    return journal.append({ signed: [], operations })
  }
  return { applier, journal, disk, append }
}

test('after a write that may have happened nothing is written but the whole of it again, with the mark', async () => {
  const { applier, journal, disk, append } = begun()
  await append(1)
  disk.failures = 1
  await expect(applier.drain()).rejects.toThrow('told')
  disk.failures = 0
  await append(2)
  await expect(applier.drain()).rejects.toThrow('told')
  await expect(applier.applyDirectly([])).rejects.toThrow('told')
  expect([disk.writes, journal.waiting.length]).toEqual([[2], 2])
  await applier.applyAgain()
  expect([disk.writes, journal.waiting.length]).toEqual([[2, 3], 0])
  await append(3)
  await applier.drain()
  expect(disk.writes).toEqual([2, 3, 2])
})

test('who holds it has it to himself until the write after', async () => {
  const { applier, disk, append } = begun()
  await append(1)
  await applier.hold(new Error('held'))
  await expect(applier.drain()).rejects.toThrow('held')
  expect(disk.writes).toEqual([])
  disk.failures = 1
  await expect(applier.applyAgain()).rejects.toThrow('told')
  await expect(applier.drain()).rejects.toThrow('told')
  disk.failures = 0
  await applier.applyAgain()
  expect(disk.writes).toEqual([2, 2])
  await applier.drain()
})
