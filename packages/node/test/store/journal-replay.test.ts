import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toHex, type Write } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { Journal } from '../../src/store/journal.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import { type Operation, toUnit } from '../../src/store/operation.ts'
import type { Mark } from '../../src/store/write-codec.ts'
import { failingFiles } from './failing-files.ts'
import { put } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** What operations follow on which database, in the journal alone. */

const options = { journalBytes: 4096, journalAheadBytes: 0 }

function logPath(): string {
  return join(temporaryDirectory(), 'signed.log')
}

function created(files = nodeFileSystem): { journal: Journal; path: string } {
  const path = logPath()
  createSignedLog(path, nodeFileSystem)
  return { journal: Journal.open(path, files, options, undefined), path }
}

function flushOf(at: number, signed: readonly Write[] = [put('signed', 1, `s${at}`)]) {
  return { signed, operations: toUnit([put('votes', at, `v${at}`)]).operations }
}

/** Last bytes of keys. */
function keysOf(operations: readonly Operation[]): number[] {
  return operations.map(each => (each.type === 'del-range' ? each.from : each.key).at(-1) as number)
}

interface Found {
  readonly presence: string
  readonly operations: number[]
  readonly signed: string
}

/** What an opening finds for a database with this mark. */
function foundAt(path: string, mark: Mark | undefined): Found {
  const journal = Journal.open(path, nodeFileSystem, options, mark)
  const [[, signed] = []] = journal.range()
  const operations = keysOf(journal.takeFound())
  journal.close()
  return { presence: journal.presence, operations, signed: Buffer.from(signed ?? []).toString() }
}

function copyOf(path: string, bytes: Uint8Array = readFileSync(path)): string {
  const copy = logPath()
  writeFileSync(copy, bytes)
  return copy
}

describe('what follows on a database', () => {
  test('is what comes after its mark, in order, and nothing for another database', async () => {
    const { journal, path } = created()
    const { history } = journal.mark
    for (let at = 1; at <= 5; at++) await journal.append(flushOf(at))
    journal.close()
    const mark = (number: number): Mark => ({ history, number })
    const find = (each: Mark | undefined) => foundAt(path, each).operations
    expect([0, 2, 4, 5, 9].map(number => find(mark(number)))).toEqual([
      [1, 2, 3, 4, 5],
      [3, 4, 5],
      [5],
      [],
      []
    ])
    const other = { history: new Uint8Array(8).fill(1), number: 0 }
    expect([find(undefined), find(other)]).toEqual([[], []])
    expect(foundAt(path, undefined)).toMatchObject({ presence: 'present', signed: 's5' })
  })

  test('is found once, and a new opening begins a history of its own', async () => {
    const { journal, path } = created()
    await journal.append(flushOf(1))
    const before = journal.mark
    journal.close()
    const again = Journal.open(path, nodeFileSystem, options, { ...before, number: 0 })
    expect(keysOf(again.takeFound())).toEqual([1])
    expect(again.takeFound()).toEqual([])
    expect(toHex(again.mark.history)).not.toBe(toHex(before.history))
    expect([again.mark.number, again.waiting, again.waitingBytes]).toEqual([0, [], 0])
    await again.append(flushOf(2))
    again.close()
    expect(foundAt(path, { ...again.mark, number: 0 }).operations).toEqual([2])
    expect(foundAt(path, { ...before, number: 0 }).operations).toEqual([1])
  })

  test('ends before what went past the file', async () => {
    const { journal, path } = created()
    await journal.append(flushOf(1))
    journal.onApplied(1)
    const skipped = journal.skip()
    await journal.append({ signed: [put('signed', 1, 'direct')], operations: [] })
    await journal.append(flushOf(3))
    journal.close()
    expect(foundAt(path, { ...skipped, number: 0 })).toEqual({
      presence: 'present',
      operations: [1],
      signed: 's3'
    })
    expect(foundAt(path, { ...skipped, number: 1 }).operations).toEqual([])
    expect(foundAt(path, skipped).operations).toEqual([3])
  })

  test('signatures alone take no number', async () => {
    const { journal, path } = created()
    const start = journal.mark
    await journal.append({ signed: [put('signed', 1, 'a')], operations: [] })
    await journal.append(flushOf(1, []))
    await journal.append({ signed: [], operations: [] })
    await journal.append({ signed: [put('signed', 1, 'b')], operations: [] })
    await journal.append(flushOf(2, []))
    expect(journal.mark.number).toBe(2)
    journal.close()
    expect(foundAt(path, start)).toEqual({
      presence: 'present',
      operations: [1, 2],
      signed: 'b'
    })
  })
})

describe('a broken file', () => {
  test('cut at any byte gives back whole flushes, with their signatures', async () => {
    const { journal, path } = created()
    const start = journal.mark
    const ends = [journal.bytes]
    for (let at = 1; at <= 4; at++) {
      await journal.append(flushOf(at))
      ends.push(journal.bytes)
    }
    journal.close()
    const bytes = readFileSync(path)
    for (let length = ends[0] as number; length <= bytes.length; length++) {
      const whole = ends.filter(end => end <= length).length - 1
      const copy = copyOf(path, bytes.subarray(0, length))
      const found = foundAt(copy, start)
      expect(found, `cut at ${length}`).toEqual({
        presence: 'present',
        operations: [1, 2, 3, 4].slice(0, whole),
        signed: whole === 0 ? '' : `s${whole}`
      })
      expect(statSync(copy).size).toBe(ends[whole])
    }
  })

  test('with any byte changed: no operation after the damage, every signature but the damaged one', async () => {
    const { journal, path } = created()
    const start = journal.mark
    const ends = [journal.bytes]
    for (let at = 1; at <= 4; at++) {
      await journal.append(flushOf(at, [put('signed', at, `s${at}`)]))
      ends.push(journal.bytes)
    }
    journal.close()
    const bytes = readFileSync(path)
    for (let at = ends[0] as number; at < bytes.length; at++) {
      const spoilt = Buffer.from(bytes)
      spoilt[at] = (spoilt[at] as number) ^ 0x10
      const hit = ends.filter(end => end <= at).length
      const copy = copyOf(path, spoilt)
      const again = Journal.open(copy, nodeFileSystem, options, start)
      const isLast = hit === 4
      const rest = [1, 2, 3, 4].filter(each => each !== hit)
      expect(keysOf(again.takeFound()), `byte ${at}`).toEqual(rest.slice(0, hit - 1))
      expect(again.presence).toBe(isLast ? 'present' : 'damaged')
      expect(again.range().map(([key]) => key[0])).toEqual(rest)
      again.close()
    }
  })

  test.each(['present', 'damaged'])(
    'of an earlier build (%s) keeps its kind until something is appended, and is then of this one',
    async presence => {
      const { journal, path } = created()
      for (let at = 1; at <= 3; at++) {
        await journal.append({ signed: [put('signed', 1, `old${at}`)], operations: [] })
      }
      journal.close()
      const bytes = readFileSync(path)
      bytes.write('NCSIGN1\n')
      if (presence === 'damaged') bytes[50] = (bytes[50] as number) ^ 1
      writeFileSync(path, bytes)
      expect(foundAt(path, undefined)).toEqual({ presence, operations: [], signed: 'old3' })
      const again = Journal.open(path, nodeFileSystem, options, undefined)
      expect(again.takes(flushOf(1, []))).toBe(presence === 'present')
      await again.compact()
      expect(readFileSync(path).subarray(0, 8).toString()).toBe('NCSIGN1\n')
      await again.append(flushOf(1))
      again.close()
      expect(readFileSync(path).subarray(0, 8).toString()).toBe('NCSIGN2\n')
      const mark = { ...again.mark, number: 0 }
      expect(foundAt(path, mark)).toEqual({ presence: 'present', operations: [1], signed: 's1' })
    }
  )
})

describe('a rewritten file', () => {
  test('keeps what the database does not have, and the latest signatures', async () => {
    const { journal, path } = created()
    const start = journal.mark
    for (let at = 1; at <= 60; at++) {
      await journal.append(flushOf(at))
      journal.onApplied(at - 2)
      await journal.compact()
    }
    expect(journal.bytes).toBeLessThan(options.journalBytes + 200)
    expect(journal.waiting.map(({ number }) => number)).toEqual([59, 60])
    journal.close()
    expect(foundAt(path, { ...start, number: 58 })).toEqual({
      presence: 'present',
      operations: [59, 60],
      signed: 's60'
    })
    // A copy of the database from before has lost what it would rest on.
    expect(foundAt(path, { ...start, number: 3 }).operations).toEqual([])
  })

  test('is as long as it must be when nothing is applied', async () => {
    const { journal, path } = created()
    const start = journal.mark
    for (let at = 1; at <= 100; at++) {
      await journal.append(flushOf(at))
      await journal.compact()
    }
    expect(journal.waitingBytes).toBeGreaterThan(options.journalBytes)
    expect(journal.bytes).toBeLessThan(3 * journal.waitingBytes)
    journal.onApplied(100)
    expect(journal.waitingBytes).toBe(0)
    journal.close()
    expect(foundAt(path, start).operations).toHaveLength(100)
  })

  test.each(['writev', 'sync'] as const)(
    'after a failed %s has every flush once, also the one that failed',
    async operation => {
      const files = failingFiles()
      const { journal, path } = created(files)
      const start = journal.mark
      await journal.append(flushOf(1))
      files.fail(operation, 'ENOSPC')
      await expect(journal.append(flushOf(2))).rejects.toThrow('ENOSPC')
      await expect(journal.append(flushOf(2))).rejects.toThrow('ENOSPC')
      await journal.compact()
      files.mend()
      await journal.append(flushOf(2))
      await journal.append(flushOf(3))
      journal.close()
      expect(foundAt(path, start)).toEqual({
        presence: 'present',
        operations: [1, 2, 3],
        signed: 's3'
      })
    }
  )
})

describe('a record of signatures that is lost or damaged', () => {
  test('takes no operations before a signature, which begins the file', async () => {
    const path = logPath()
    const journal = Journal.open(path, nodeFileSystem, options, undefined)
    const start = journal.mark
    expect([journal.takes(flushOf(1, [])), journal.takes(flushOf(1))]).toEqual([false, true])
    await expect(journal.append(flushOf(1, []))).rejects.toThrow('is lost')
    await journal.compact()
    expect(foundAt(path, undefined).presence).toBe('missing')
    await journal.append(flushOf(1))
    expect(journal.takes(flushOf(2, []))).toBe(true)
    await journal.append(flushOf(2, []))
    journal.close()
    expect(foundAt(path, start)).toEqual({ presence: 'present', operations: [1, 2], signed: 's1' })
  })

  test('stays damaged until something is signed, however long the file is', async () => {
    const { journal, path } = created()
    const second = journal.bytes
    for (let at = 1; at <= 200; at++) await journal.append(flushOf(at, [put('signed', at, 'x')]))
    journal.close()
    const bytes = readFileSync(path)
    bytes[second + 40] = (bytes[second + 40] as number) ^ 1
    writeFileSync(path, bytes)
    const again = Journal.open(path, nodeFileSystem, options, undefined)
    expect(again.bytes).toBeGreaterThan(2 * options.journalBytes)
    expect([again.presence, again.takes(flushOf(1, []))]).toEqual(['damaged', false])
    await again.compact()
    expect(foundAt(copyOf(path), undefined).presence).toBe('damaged')
    await again.append({ signed: [put('signed', 1, 'recovering')], operations: [] })
    expect(foundAt(copyOf(path), undefined).presence).toBe('damaged')
    await again.compact()
    again.close()
    expect(foundAt(path, undefined)).toMatchObject({ presence: 'present', signed: 'recovering' })
  })
})

test('a file in which payload is found is written anew, without it, by the next flush', async () => {
  const { journal, path } = created()
  await journal.append(flushOf(1))
  const marker = new Uint8Array(8).fill(7)
  const extents = [{ segment: 3, marker, offset: 16, bytes: new Uint8Array(500).fill(1) }]
  await journal.append({ ...flushOf(2), extents })
  // Rows alone have to be held in memory for the database.
  expect(journal.waitingBytes).toBeLessThan(500)
  const again = Journal.open(copyOf(path), nodeFileSystem, options, journal.mark)
  expect(again.takeExtents()).toEqual(extents)
  expect(again.takesPayload).toBe(false)
  await again.append(flushOf(3))
  expect(again.takesPayload).toBe(true)
  expect(again.bytes).toBeLessThan(500)
})

test('a file is made longer ahead of what is written, and an opening cuts it', async () => {
  const path = logPath()
  createSignedLog(path, nodeFileSystem)
  const ahead = { ...options, journalAheadBytes: 2_000 }
  const journal = Journal.open(path, nodeFileSystem, ahead, undefined)
  await journal.append(flushOf(1))
  await journal.append(flushOf(2))
  const length = statSync(path).size
  expect(length).toBeGreaterThan(journal.bytes + 1_000)
  await journal.append(flushOf(3))
  expect(statSync(path).size).toBe(length)
  const copy = copyOf(path)
  const again = Journal.open(copy, nodeFileSystem, ahead, undefined)
  expect([again.presence, again.bytes]).toEqual(['present', journal.bytes])
  expect(statSync(copy).size).toBe(journal.bytes)
})
