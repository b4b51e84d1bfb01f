import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { ascii, type Digest, type Write } from '@novacron/base'
import { Level } from 'level'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Database } from '../../src/store/database.ts'
import { nodeFileSystem } from '../../src/store/file-system.ts'
import { Journal } from '../../src/store/journal.ts'
import { createSignedLog } from '../../src/store/journal-file.ts'
import type { PersistPoint } from '../../src/store/level-store.ts'
import { toUnit } from '../../src/store/operation.ts'
import type { Store } from '../../src/store/store.ts'
import { systemError } from './failing-files.ts'
import { contentsOf, openFresh, openJournaled } from './journaled-store.ts'
import { key, put } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** Crashes and other accidents between `signed.log` and the database. */

const removal = (from: number, to: number): Write => ({
  type: 'delete-range',
  table: 'votes',
  from: key(from),
  to: key(to)
})

async function flushed(store: Store, ...writes: Write[]): Promise<void> {
  store.write(writes)
  await store.flush()
}

/** Flush `at`, with one row and one signature. */
function step(store: Store, at: number): Promise<void> {
  return flushed(store, put('votes', at, `v${at}`), put('signed', 1, `s${at}`))
}

async function steps(store: Store, from: number, to: number): Promise<void> {
  for (let at = from; at <= to; at++) await step(store, at)
}

const votes = (...numbers: number[]): string =>
  numbers.map(at => `${Buffer.from([at]).toString('hex')}=v${at}`).join(' ')

/** Puts a copy of one part of a directory in the place of what is there. */
function putBack(from: string, to: string, part: 'db' | 'signed.log'): void {
  rmSync(join(to, part), { recursive: true, force: true })
  cpSync(join(from, part), join(to, part), { recursive: true })
}

/** Makes every write to a database do this instead. */
function onBatch(act: (write: () => Promise<void>) => Promise<void>): void {
  type Batch = (this: Level, ...parameters: unknown[]) => Promise<void>
  const { batch } = Level.prototype as unknown as { batch: Batch }
  const spy = vi.spyOn(Level.prototype as unknown as { batch: Batch }, 'batch')
  onTestFinished(() => void spy.mockRestore())
  spy.mockImplementation(function (this: Level, ...parameters) {
    return act(() => batch.apply(this, parameters))
  })
}

describe('a crash before the database has what was flushed', () => {
  test('loses nothing: removals take what was put before them, and not what came after', async () => {
    const { store, copy } = await openFresh()
    store.write([put('votes', 1, 'a'), put('votes', 2, 'a'), put('votes', 5, 'a')])
    await store.settle()
    await flushed(store, put('votes', 3, 'b'), put('votes', 4, 'b'))
    await flushed(store, removal(2, 5))
    await flushed(store, put('votes', 3, 'c'), put('signed', 1, 's'))
    await flushed(store, { type: 'delete', table: 'votes', key: key(5) })
    const crashed = copy()
    expect(await contentsOf(crashed)).toEqual({
      presence: 'present',
      votes: '01=a 03=c',
      signed: '01=s'
    })
    expect((await contentsOf(crashed)).votes).toBe('01=a 03=c')
    await store.settle()
    expect((await contentsOf(copy())).votes).toBe('01=a 03=c')
  })

  test('and another while it is brought back: twice is as good as once', async () => {
    const { store, copy } = await openFresh()
    await flushed(store, put('votes', 1, 'a'), put('votes', 2, 'a'))
    await flushed(store, removal(1, 2), put('votes', 3, 'b'))
    const crashed = copy()
    const once = await openJournaled(crashed)
    // The database has it, and the file still says so too.
    const between = once.copy()
    expect((await contentsOf(between)).votes).toBe('02=a 03=b')
    await flushed(once.store, put('votes', 1, 'later'), put('votes', 3, 'later'))
    await once.store[Symbol.asyncDispose]()
    putBack(between, crashed, 'signed.log')
    expect((await contentsOf(crashed)).votes).toBe('01=later 02=a 03=later')
  })

  test('at any byte of the last flush leaves rows and signatures of the same flushes', async () => {
    const { store, directory, copy } = await openFresh()
    await steps(store, 1, 2)
    const before = statSync(join(directory, 'signed.log')).size
    await step(store, 3)
    const bytes = readFileSync(join(directory, 'signed.log'))
    const crashed = copy()
    for (let length = before; length <= bytes.length; length += length < before + 40 ? 1 : 7) {
      const cut = join(temporaryDirectory(), 'cut')
      cpSync(crashed, cut, { recursive: true })
      writeFileSync(join(cut, 'signed.log'), bytes.subarray(0, length))
      const isWhole = length === bytes.length
      expect(await contentsOf(cut), `cut at ${length}`).toEqual({
        presence: 'present',
        votes: isWhole ? votes(1, 2, 3) : votes(1, 2),
        signed: isWhole ? '01=s3' : '01=s2'
      })
    }
  })

  test('while the database writes: what it has of that write is nothing, and comes from the file', async () => {
    const { store, copy } = await openFresh()
    await steps(store, 1, 3)
    await store.settle()
    const applied = copy()
    const [name = ''] = readdirSync(join(applied, 'db')).filter(file => file.endsWith('.log'))
    const { length } = readFileSync(join(applied, 'db', name))
    for (let cut = length; cut >= 0; cut -= cut > length - 20 ? 1 : 23) {
      const torn = join(temporaryDirectory(), 'torn')
      cpSync(applied, torn, { recursive: true })
      const log = join(torn, 'db', name)
      writeFileSync(log, readFileSync(log).subarray(0, cut))
      const { votes: found, signed } = await contentsOf(torn)
      // Nothing is left of the mark that was written at the opening when all of the log is gone.
      expect(['', votes(1, 2, 3)], `cut at ${cut}`).toContain(found)
      if (found === '') expect(cut).toBeLessThan(length / 2)
      expect(signed).toBe('01=s3')
    }
  })
})

describe('a database that is not the one that the file was written for', () => {
  test('is not there: rows are lost with it, signatures are not', async () => {
    const { store, copy } = await openFresh()
    await steps(store, 1, 3)
    const crashed = copy()
    rmSync(join(crashed, 'db'), { recursive: true })
    expect(await contentsOf(crashed)).toEqual({ presence: 'present', votes: '', signed: '01=s3' })
    expect(await contentsOf(crashed)).toEqual({ presence: 'present', votes: '', signed: '01=s3' })
  })

  test('is an older copy: it gets what follows on it when all of it is there', async () => {
    const { store, copy } = await openFresh()
    await steps(store, 1, 2)
    await store.settle()
    const older = copy()
    await steps(store, 3, 4)
    await store.settle()
    await step(store, 5)
    const newer = copy()
    putBack(older, newer, 'db')
    expect(await contentsOf(newer)).toEqual({
      presence: 'present',
      votes: votes(1, 2, 3, 4, 5),
      signed: '01=s5'
    })
  })

  test('is an older copy, and a part of what follows is gone: it gets nothing, then or later', async () => {
    const { store, copy } = await openFresh({ journalBytes: 1024 })
    await steps(store, 1, 2)
    await store.settle()
    const older = copy()
    await steps(store, 3, 40)
    await store.settle()
    await steps(store, 41, 42)
    const newer = copy()
    putBack(older, newer, 'db')
    const again = await openJournaled(newer)
    await step(again.store, 50)
    const crashed = again.copy()
    expect(await contentsOf(crashed)).toEqual({
      presence: 'present',
      votes: votes(1, 2, 50),
      signed: '01=s50'
    })
  })

  test('is of an earlier life: it gets what was of that life, and nothing of this one', async () => {
    const { store, directory, copy } = await openFresh()
    await steps(store, 1, 2)
    const older = copy()
    await store[Symbol.asyncDispose]()
    const again = await openJournaled(directory)
    await steps(again.store, 3, 4)
    const newer = again.copy()
    putBack(older, newer, 'db')
    expect(await contentsOf(newer)).toEqual({
      presence: 'present',
      votes: votes(1, 2),
      signed: '01=s4'
    })
  })

  test('is newer than the file: old rows do not come back over new ones', async () => {
    const { store, copy } = await openFresh()
    await flushed(store, put('votes', 1, 'old'), put('signed', 1, 'old'))
    const older = copy()
    await flushed(store, put('votes', 1, 'new'), put('signed', 1, 'new'))
    await store.settle()
    const newer = copy()
    putBack(older, newer, 'signed.log')
    expect(await contentsOf(newer)).toMatchObject({ votes: '01=new', signed: '01=old' })
  })

  test('nor does what has gone past the file leave a place for it', async () => {
    const { store, copy } = await openFresh({ journaledBytesMax: 1000 })
    await step(store, 1)
    await store.settle()
    const older = copy()
    await flushed(store, put('votes', 2, 'x'.repeat(2000)), put('signed', 1, 'state'))
    await step(store, 3)
    const newer = copy()
    expect((await contentsOf(newer)).votes).toHaveLength(votes(1, 3).length + 1 + 2003)
    const mixed = copy()
    putBack(older, mixed, 'db')
    expect(await contentsOf(mixed)).toEqual({
      presence: 'present',
      votes: votes(1),
      signed: '01=s3'
    })
  })
})

describe('damage', () => {
  test('in the middle of the file: no row comes over the gap, and the signatures are told as damaged', async () => {
    const { store, directory, copy } = await openFresh()
    const ends: number[] = []
    for (let at = 1; at <= 4; at++) {
      await step(store, at)
      ends.push(statSync(join(directory, 'signed.log')).size)
    }
    const crashed = copy()
    const path = join(crashed, 'signed.log')
    const bytes = readFileSync(path)
    const at = (ends[1] as number) - 10
    bytes[at] = (bytes[at] as number) ^ 1
    writeFileSync(path, bytes)
    expect(await contentsOf(crashed)).toEqual({
      presence: 'damaged',
      votes: votes(1),
      signed: '01=s4'
    })
    // Nothing was signed since: it is still not believed, and nothing is applied late.
    const again = await openJournaled(crashed)
    expect(again.presence).toBe('damaged')
    await flushed(again.store, put('votes', 9, 'v9'))
    expect(await contentsOf(again.copy())).toMatchObject({
      presence: 'damaged',
      votes: votes(1, 9)
    })
    // From the first signature on rows go through the file again.
    await step(again.store, 10)
    await step(again.store, 11)
    expect(await contentsOf(again.copy())).toMatchObject({
      votes: votes(1, 9, 10, 11),
      signed: '01=s11'
    })
  })

  test('none: a directory of before there was a journal opens as it was', async () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'db')
    const options = { path, writeBufferBytes: 1_000_000, blockCacheBytes: 1_000_000 }
    const database = await Database.open(options, { onDamage: () => undefined })
    await database.apply(toUnit([put('votes', 1, 'v1')]).operations)
    await database.close()
    const signedLog = join(directory, 'signed.log')
    createSignedLog(signedLog, nodeFileSystem)
    const journal = Journal.open(
      signedLog,
      nodeFileSystem,
      { journalBytes: 4096, journalAheadBytes: 0 },
      undefined
    )
    await journal.append({ signed: [put('signed', 1, 's1')], operations: [] })
    journal.close()
    const bytes = readFileSync(signedLog)
    bytes.write('NCSIGN1\n')
    writeFileSync(signedLog, bytes)
    const { store, presence, copy } = await openJournaled(directory)
    expect([presence, await store.get('votes', key(1))]).toEqual(['present', ascii('v1')])
    await step(store, 2)
    expect(await contentsOf(copy())).toEqual({
      presence: 'present',
      votes: votes(1, 2),
      signed: '01=s2'
    })
  })

  test('of a directory without a record of signatures: rows alone do not make one', async () => {
    const directory = temporaryDirectory()
    const { store, presence, copy } = await openJournaled(directory)
    expect(presence).toBe('missing')
    await flushed(store, put('votes', 1, 'v1'))
    const before = copy()
    expect(await contentsOf(before)).toEqual({ presence: 'missing', votes: votes(1), signed: '' })
    await step(store, 2)
    await flushed(store, put('votes', 3, 'v3'))
    expect(await contentsOf(copy())).toEqual({
      presence: 'present',
      votes: votes(1, 2, 3),
      signed: '01=s2'
    })
  })
})

test('what is journaled while the database writes is applied too, by itself', async () => {
  const { store } = await openFresh({ applyDelayMs: 1 })
  const [first, second, go] = ['first', 'second', 'go'].map(() => Promise.withResolvers<void>())
  let count = 0
  onBatch(async write => {
    count += 1
    const isFirst = count === 1
    if (isFirst) first?.resolve()
    if (isFirst) await go?.promise
    await write()
    if (!isFirst) second?.resolve()
  })
  await step(store, 1)
  await first?.promise
  await step(store, 2)
  // Its moment has come when that of a later timer has, and the first write is still under way.
  await setTimeout(2)
  go?.resolve()
  await second?.promise
  expect(await store.get('votes', key(2))).toEqual(ascii('v2'))
})

describe('a database whose disk is full', () => {
  test('gets what was flushed at the next start, if not before', async () => {
    let isFull = false
    const onPersist = (point: PersistPoint): void => {
      if (point === 'database-batch' && isFull) throw systemError('ENOSPC')
    }
    const { store, copy } = await openFresh({}, { onPersist })
    await step(store, 1)
    isFull = true
    await step(store, 2)
    await expect(store.settle()).rejects.toMatchObject({ code: 'disk-full' })
    await expect(step(store, 3)).rejects.toMatchObject({ code: 'disk-full' })
    const crashed = copy()
    await expect(openJournaled(crashed, {}, { onPersist })).rejects.toMatchObject({
      code: 'disk-full'
    })
    expect(await contentsOf(crashed)).toEqual({
      presence: 'present',
      votes: votes(1, 2),
      signed: '01=s2'
    })
    isFull = false
    expect(await store.retry()).toBe(true)
    expect(await contentsOf(copy())).toMatchObject({ votes: votes(1, 2, 3), signed: '01=s3' })
  })

  // What is larger than 1000 goes past the file.
  test.each([
    { how: 'has it all the same', size: 10, isWritten: true },
    { how: 'does not have it', size: 10, isWritten: false },
    { how: 'has it all the same, past the file', size: 2000, isWritten: true },
    { how: 'does not have it, past the file', size: 2000, isWritten: false }
  ])('after a write that failed, it $how: later flushes follow on it', async how => {
    const { store, copy } = await openFresh({ journaledBytesMax: 1000 })
    await step(store, 1)
    await store.settle()
    let failures = 1
    onBatch(async write => {
      if (failures === 0) return await write()
      failures -= 1
      if (how.isWritten) await write()
      throw systemError('ENOSPC')
    })
    const value = 'x'.repeat(how.size)
    store.write([put('votes', 2, value), put('signed', 1, 's2')])
    await expect(store.settle()).rejects.toMatchObject({ code: 'disk-full' })
    const found = (await contentsOf(copy())).votes
    expect([votes(1), `${votes(1)} 02=${value}`]).toContain(found)
    expect(await store.retry()).toBe(true)
    await step(store, 3)
    const expected = { presence: 'present', votes: `${votes(1)} 02=${value} 03=v3` }
    expect(await contentsOf(copy())).toMatchObject({ ...expected, signed: '01=s3' })
    await store.settle()
    expect(await contentsOf(copy())).toMatchObject({ ...expected, signed: '01=s3' })
  })

  test('past the file, and the next flush goes through it: it follows all the same', async () => {
    const { store, copy } = await openJournaled(temporaryDirectory())
    let failures = 1
    onBatch(async write => {
      if (failures-- > 0) throw systemError('ENOSPC')
      await write()
    })
    store.write([put('votes', 1, 'v1')])
    await expect(store.flush()).rejects.toMatchObject({ code: 'disk-full' })
    // With a signature the rows that wait are journaled.
    store.write([put('votes', 2, 'v2'), put('signed', 1, 's2')])
    expect(await store.retry()).toBe(true)
    expect(await store.get('votes', key(2))).toBeUndefined()
    expect(await contentsOf(copy())).toEqual({
      presence: 'present',
      votes: votes(1, 2),
      signed: '01=s2'
    })
  })

  test('by quota gets what was journaled before, which is read meanwhile', async () => {
    const { store } = await openFresh({ diskBytesMax: 40_000, applyDelayMs: 1 })
    await step(store, 1)
    expect(() => store.batches.append('ab'.repeat(32) as Digest, new Uint8Array(50_000))).toThrow(
      'disk-full'
    )
    await expect(store.settle()).rejects.toMatchObject({ code: 'disk-full' })
    await expect.poll(() => store.get('votes', key(1))).toEqual(ascii('v1'))
  })

  test('a write that fails in any other way ends the store, and is made good at the next start', async () => {
    const { store, copy } = await openFresh()
    await steps(store, 1, 2)
    onBatch(async () => {
      throw systemError('EIO')
    })
    await expect(store.settle()).rejects.toMatchObject({ code: 'io' })
    expect(store.stats().state).toBe('failed')
    vi.restoreAllMocks()
    expect(await contentsOf(copy())).toMatchObject({ votes: votes(1, 2), signed: '01=s2' })
  })
})
