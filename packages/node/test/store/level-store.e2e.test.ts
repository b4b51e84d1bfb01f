import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Digest } from '@novacron/base'
import { Level } from 'level'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openStore, type PersistPoint } from '../../src/store/level-store.ts'
import { lockDirectory } from '../../src/store/lock.ts'
import { databaseKey } from '../../src/store/table-key.ts'
import { failingFiles, systemError } from './failing-files.ts'
import { append, disks, open, reopened } from './level-store-harness.ts'
import { entriesOf } from './store-contract.ts'
import { batchOf, key, put, small } from './store-units.ts'
import { temporaryDirectory } from './temporary-directory.ts'

describe('opening', () => {
  test('tells whether signed.log was there', async () => {
    const directory = temporaryDirectory()
    for (const [expected, writes] of [
      ['missing', []],
      ['missing', [put('signed', 1, 'x')]],
      ['present', []]
    ] as const) {
      const opened = await openStore({ directory, ...small })
      expect(opened.signedLog).toBe(expected)
      opened.store.write(writes)
      await opened.store[Symbol.asyncDispose]()
    }
    const path = join(directory, 'signed.log')
    writeFileSync(path, 'something else')
    const damaged: string[] = []
    const opened = await openStore(
      { directory, ...small },
      { onDamage: table => void damaged.push(table) }
    )
    expect([opened.signedLog, damaged]).toEqual(['damaged', ['signed']])
    await opened.store[Symbol.asyncDispose]()
  })

  test('a directory in use is refused and names the process, also after a failed attempt', async () => {
    const { directory, store } = await open()
    for (let i = 0; i < 2; i++) {
      await expect(openStore({ directory, ...small })).rejects.toMatchObject({
        facts: { code: 'directory-in-use', pid: process.pid, path: join(directory, 'lock') }
      })
    }
    await store[Symbol.asyncDispose]()
    expect(readdirSync(directory)).not.toContain('lock')
    await reopened(directory)
  })

  test('a lock that the caller holds is used and left', async () => {
    const directory = temporaryDirectory()
    using lock = lockDirectory(directory)
    const { store } = await openStore({ directory, ...small }, { lock })
    await store[Symbol.asyncDispose]()
    expect(readdirSync(directory)).toContain('lock')
  })

  test('a directory that is not there and a database that is not one are faults, and the lock is released', async () => {
    const directory = temporaryDirectory()
    await expect(openStore({ directory: join(directory, 'no') })).rejects.toMatchObject({
      code: 'io'
    })
    writeFileSync(join(directory, 'db'), 'a file')
    await expect(openStore({ directory, ...small })).rejects.toMatchObject({ code: 'bad-file' })
    expect(readdirSync(directory)).not.toContain('lock')
  })

  test('options out of range are our own mistake', async () => {
    const directory = temporaryDirectory()
    await expect(openStore({ directory, segmentBytes: 1 })).rejects.toThrow('segmentBytes >= 4096')
    await expect(openStore({ directory, queuedBytesMax: 1.5 })).rejects.toThrow('queuedBytesMax')
  })
})

describe('flushing', () => {
  test('what is queued while a sync runs shares the next one', async () => {
    const points: PersistPoint[] = []
    const { store } = await open({}, { onPersist: point => void points.push(point) })
    for (let turn = 0; turn < 3; turn++) {
      const flushes: Promise<void>[] = []
      for (let i = 0; i < 50; i++) {
        store.write([put('votes', i, `v${turn}`), put('signed', i, `s${turn}`)])
        flushes.push(store.flush())
      }
      await Promise.all(flushes)
    }
    expect(points.filter(point => point === 'journal-append')).toHaveLength(3)
    expect(points.filter(point => point === 'flush-done')).toHaveLength(3)
    expect(store.stats().flushCount).toBe(3)
  })

  test.each([
    { journaledBytesMax: 1000, rest: ['journal-append', 'flush-done', 'database-batch'] },
    { journaledBytesMax: 0, rest: ['database-batch', 'journal-append', 'flush-done'] }
  ])(
    'what was signed is written when what it rests on is on the disk ($journaledBytesMax)',
    async ({ journaledBytesMax, rest }) => {
      const points: PersistPoint[] = []
      const onPersist = (point: PersistPoint): void => void points.push(point)
      const { store } = await open({ journaledBytesMax }, { onPersist })
      points.length = 0
      append(store, 1)
      store.write([put('votes', 1, 'x'), put('signed', 1, 'y')])
      await store.flush()
      await store.settle()
      expect(points).toEqual(['batch-append', 'segments-sync', ...rest])
    }
  )

  test('what nobody flushes goes to disk by itself', async () => {
    const drained = Promise.withResolvers<void>()
    const { store, directory } = await open(
      { drainDelayMs: 1 },
      { onPersist: point => void (point === 'flush-done' && drained.resolve()) }
    )
    store.write([put('votes', 1, 'drained')])
    await drained.promise
    await store[Symbol.asyncDispose]()
    expect(await entriesOf(await reopened(directory), 'votes')).toEqual(['01=drained'])
  })

  test('disposing flushes', async () => {
    const { store, directory } = await open({ drainDelayMs: 60_000 })
    const digest = append(store, 1)
    store.write([put('votes', 1, 'late')])
    await store[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    const again = await reopened(directory)
    expect(await entriesOf(again, 'votes')).toEqual(['01=late'])
    expect(again.batches.has(digest)).toBe(true)
  })

  test('large values and many keys come back, also by range over several blocks', async () => {
    const { store, directory } = await open()
    const large = 'x'.repeat(300_000)
    store.write([put('votes', 1, large)])
    for (let i = 0; i < 200; i++) store.write([put('keys', i, `value ${i}`.repeat(100))])
    await store.flush()
    const again = await (async () => {
      await store[Symbol.asyncDispose]()
      return await reopened(directory)
    })()
    expect((await again.get('votes', key(1)))?.length).toBe(300_000)
    expect(await entriesOf(again, 'keys')).toHaveLength(200)
    expect(again.stats().databaseBytes).toBeGreaterThan(300_000)
  })

  test('the size of the database is measured as it grows', async () => {
    const { store } = await open()
    for (let i = 0; i < 9; i++) {
      store.write([put('votes', i, 'y'.repeat(1_000_000))])
      await store.settle()
    }
    // Nothing is compressed and nothing is obsolete: nine values, in the log and perhaps in a table besides.
    expect(store.stats().databaseBytes).toBeGreaterThan(9_000_000)
    expect(store.stats().databaseBytes).toBeLessThan(30_000_000)
  })
})

describe('a full disk', () => {
  test('keeps what is queued, says so, and goes on when there is room', async () => {
    const { store, files, failures, directory } = await open()
    store.write([put('votes', 1, 'before'), put('signed', 1, 'before')])
    await store.settle()
    files.fail('writev', 'ENOSPC')
    store.write([put('votes', 2, 'queued'), put('signed', 2, 'queued')])
    await expect(store.flush()).rejects.toMatchObject({ code: 'disk-full' })
    expect(store.stats().state).toBe('disk-full')
    expect(store.stats().queuedBytes).toBeGreaterThan(0)
    await expect(store.flush()).rejects.toMatchObject({ code: 'disk-full' })
    expect(() => append(store, 1)).toThrow('disk-full')
    store.write([put('signed', 3, 'also queued')])
    expect(await entriesOf(store, 'votes', { to: key(2) })).toEqual(['01=before'])
    expect(await store.retry()).toBe(false)
    expect(failures).toEqual(['disk-full'])
    files.mend()
    expect(await store.retry()).toBe(true)
    expect(store.stats()).toMatchObject({ state: 'open', queuedBytes: 0 })
    append(store, 1)
    await store.flush()
    await store[Symbol.asyncDispose]()
    const again = await reopened(directory)
    expect(await entriesOf(again, 'votes')).toEqual(['01=before', '02=queued'])
    expect(await entriesOf(again, 'signed')).toEqual(['01=before', '02=queued', '03=also queued'])
    expect(again.batches.count).toBe(1)
  })

  test.each(disks)(
    'seen by batches is the state of the whole store, and they are written once there is room: %s',
    async (_, on) => {
      const files = failingFiles()
      const { store, failures, directory } = await open({}, { files: on(files) })
      files.fillAfter(100)
      const digest = append(store, 1)
      await expect(store.flush()).rejects.toMatchObject({ code: 'disk-full' })
      expect(store.batches.read(digest)).toEqual(batchOf(1, 1000).bytes)
      expect(() => append(store, 2)).toThrow('disk-full')
      expect(await store.retry()).toBe(false)
      files.mend()
      expect(await Promise.all([store.retry(), store.retry()])).toEqual([true, true])
      append(store, 2)
      // A second time is told again.
      files.fillAfter(0)
      await expect(store.flush()).rejects.toThrow('disk-full')
      expect(failures).toEqual(['disk-full', 'disk-full'])
      await store[Symbol.asyncDispose]()
      const again = (await reopened(directory)).batches
      expect([again.count, again.read(digest)]).toEqual([1, batchOf(1, 1000).bytes])
    }
  )

  test('seen by LevelDB alone loses nothing that was journaled, and stops what comes after', async () => {
    let isFull = false
    const onPersist = (point: PersistPoint): void => {
      if (point === 'database-batch' && isFull) throw systemError('ENOSPC')
    }
    const { store, directory, failures } = await open({}, { onPersist })
    isFull = true
    store.write([put('votes', 1, 'v'), put('signed', 1, 's')])
    await store.flush()
    await expect(store.settle()).rejects.toMatchObject({ code: 'disk-full' })
    expect([store.stats().state, failures]).toEqual(['disk-full', ['disk-full']])
    store.write([put('votes', 2, 'w'), put('signed', 2, 't')])
    await expect(store.flush()).rejects.toMatchObject({ code: 'disk-full' })
    await expect(store.settle()).rejects.toMatchObject({ code: 'disk-full' })
    expect(() => append(store, 1)).toThrow('disk-full')
    expect(await store.retry()).toBe(false)
    expect(await entriesOf(store, 'signed')).toEqual(['01=s'])
    isFull = false
    expect(await store.retry()).toBe(true)
    await store[Symbol.asyncDispose]()
    const again = await reopened(directory)
    expect(await entriesOf(again, 'votes')).toEqual(['01=v', '02=w'])
    expect(await entriesOf(again, 'signed')).toEqual(['01=s', '02=t'])
  })

  test.each([
    ['journal-append', 1_000_000],
    ['database-batch', 0]
  ] as const)(
    'at %s: every flush that was waiting learns of it, and one unit is never half applied',
    async (failing, journaledBytesMax) => {
      let isFull = false
      const onPersist = (point: PersistPoint): void => {
        if (point === failing && isFull) throw systemError('EDQUOT')
      }
      const { store } = await open({ journaledBytesMax }, { onPersist })
      isFull = true
      store.write([put('votes', 1, 'a'), put('votes', 2, 'a')])
      const first = store.flush()
      const outcomes = Promise.allSettled([first, Promise.resolve().then(() => store.flush())])
      store.write([put('votes', 3, 'b')])
      const third = store.flush()
      const all = [...(await outcomes), ...(await Promise.allSettled([third]))]
      expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
      expect(await entriesOf(store, 'votes')).toEqual([])
      isFull = false
      expect(await store.retry()).toBe(true)
      await store.settle()
      expect(await entriesOf(store, 'votes')).toEqual(['01=a', '02=a', '03=b'])
    }
  )

  test('that signed.log cannot be made short on stops the store, and loses nothing', async () => {
    const { store, files, failures, directory } = await open()
    files.fail('rename', 'ENOSPC')
    let count = 0
    const step = (): Promise<void> => {
      count += 1
      store.write([put('votes', count, 'v'), put('signed', 1, `${count}`)])
      // What the database has makes the file longer than it need be.
      return store.settle()
    }
    await expect(
      (async () => {
        for (let i = 0; i < 100; i++) await step()
      })()
    ).rejects.toMatchObject({ code: 'disk-full' })
    expect([store.stats().state, failures]).toEqual(['disk-full', ['disk-full']])
    expect(await store.retry()).toBe(false)
    files.mend()
    expect(await store.retry()).toBe(true)
    await step()
    expect(store.stats().journalBytes).toBeLessThan(1500)
    await store[Symbol.asyncDispose]()
    const again = await reopened(directory)
    expect(await entriesOf(again, 'votes')).toHaveLength(count)
    expect(await entriesOf(again, 'signed')).toEqual([`01=${count}`])
  })

  test('a quota is a full disk, removals pass, and dropping batches makes room', async () => {
    const { store } = await open({ diskBytesMax: 40_000 })
    const digests: Digest[] = []
    expect(() => {
      for (let seed = 0; seed < 100; seed++) digests.push(append(store, seed))
    }).toThrow('diskBytesMax is 40000')
    expect(store.stats().diskBytes).toBeLessThanOrEqual(40_000)
    expect(await store.retry()).toBe(true)
    expect(() => append(store, 1000)).toThrow('disk-full')
    store.batches.drop(digests.slice(0, -1))
    expect(await store.retry()).toBe(true)
    append(store, 1000)
    store.write([{ type: 'delete', table: 'votes', key: key(1) }])
    await store.flush()
    store.write([put('votes', 1, 'z'.repeat(50_000))])
    await expect(store.flush()).rejects.toMatchObject({ code: 'disk-full' })
    expect(await store.retry()).toBe(false)
  })

  test('too little free space is a full disk before it is one', async () => {
    const { store, files } = await open({ diskFreeBytesMin: 1_000_000 })
    files.setFreeBytes(1_000_500)
    append(store, 1, 100)
    expect(() => append(store, 2, 600)).toThrow('diskFreeBytesMin is 1000000')
    expect(store.stats()).toMatchObject({ state: 'disk-full', diskFreeBytes: 1_000_500 })
    files.setFreeBytes(2_000_000)
    expect(await store.retry()).toBe(true)
    append(store, 2, 600)
  })

  test('a file system that does not tell is taken to have room', async () => {
    const { store, files } = await open({ diskFreeBytesMin: 1_000_000 })
    files.fail('freeBytes', 'ENOSYS')
    append(store, 1)
    expect(store.stats().diskFreeBytes).toBeUndefined()
  })

  test('disposing does not hang on it', async () => {
    const { store, files, directory } = await open()
    files.fail('writev', 'ENOSPC')
    store.write([put('signed', 1, 'x')])
    await store[Symbol.asyncDispose]()
    expect(readdirSync(directory)).not.toContain('lock')
  })
})

describe('damage', () => {
  test('a value in the database whose checksum is wrong reads as missing and is told', async () => {
    const directory = temporaryDirectory()
    const first = await open({}, {}, directory)
    first.store.write([put('votes', 1, 'good'), put('votes', 2, 'bad'), put('votes', 3, 'good')])
    await first.store[Symbol.asyncDispose]()
    const level = new Level<Uint8Array, Uint8Array>(join(directory, 'db'), {
      keyEncoding: 'view',
      valueEncoding: 'view'
    })
    const sealed = (await level.get(databaseKey('votes', key(2)))) as Uint8Array
    sealed[5] = (sealed[5] as number) ^ 1
    await level.put(databaseKey('votes', key(2)), sealed)
    await level.close()
    const { store, damaged } = await open({}, {}, directory)
    expect(await store.get('votes', key(2))).toBeUndefined()
    expect(await entriesOf(store, 'votes', { limit: 2 })).toEqual(['01=good', '03=good'])
    expect(damaged).toEqual(['votes 02', 'votes 02'])
    expect(store.stats().damagedCount).toBe(2)
  })

  test('a damaged batch is told with its digest', async () => {
    const { store, directory, damaged } = await open()
    const digest = append(store, 1, 20_000_000)
    await store.flush()
    const path = join(directory, 'batches', '00000001.seg')
    const bytes = readFileSync(path)
    bytes[500] = (bytes[500] as number) ^ 1
    writeFileSync(path, bytes)
    expect(store.batches.read(digest)).toBeUndefined()
    expect(damaged).toEqual([`batches ${digest}`])
  })

  test('a lost database leaves what was signed', async () => {
    const { store, directory } = await open()
    store.write([put('votes', 1, 'lost'), put('signed', 1, 'kept')])
    await store[Symbol.asyncDispose]()
    rmSync(join(directory, 'db'), { recursive: true })
    const opened = await openStore({ directory, ...small })
    onTestFinished(() => opened.store[Symbol.asyncDispose]())
    expect(opened.signedLog).toBe('present')
    expect(await entriesOf(opened.store, 'signed')).toEqual(['01=kept'])
    expect(await entriesOf(opened.store, 'votes')).toEqual([])
  })
})
