import type { Digest } from '@novacron/base'
import { afterEach, describe, expect, test } from 'vitest'
import type { RangeOptions, Store } from '../../src/store/store.ts'
import { batchOf, key, put } from './store-units.ts'

export interface StoreHarness {
  readonly store: Store
  /** The store as it is after the process died right now, without any goodbye. */
  readonly crash: () => Promise<Store>
  readonly dispose: () => Promise<void>
}

export async function entriesOf(
  store: Store,
  table: string,
  options?: RangeOptions
): Promise<string[]> {
  const entries: string[] = []
  for await (const [k, v] of store.range(table, options)) {
    entries.push(`${Buffer.from(k).toString('hex')}=${Buffer.from(v).toString()}`)
  }
  return entries
}

async function textAt(store: Store, table: string, at: number): Promise<string | undefined> {
  const value = await store.get(table, key(at))
  return value === undefined ? undefined : Buffer.from(value).toString()
}

/** What every store promises. `tables` are tried one by one, since a store may keep one of them apart. */
export function storeContract(name: string, makeStore: () => Promise<StoreHarness>): void {
  describe(name, () => {
    let harness: StoreHarness | undefined
    const open = async (): Promise<StoreHarness> => {
      harness = await makeStore()
      return harness
    }
    afterEach(async () => {
      await harness?.dispose()
      harness = undefined
    })

    for (const table of ['votes', 'signed']) tableContract(table, open)
    durabilityContract(open)
    batchContract(open)
  })
}

type Open = () => Promise<StoreHarness>

function tableContract(table: string, open: Open): void {
  describe(`table ${table}`, () => {
    test('an absent key reads as undefined', async () => {
      const { store } = await open()
      expect(await store.get(table, key(1))).toBeUndefined()
      expect(await entriesOf(store, table)).toEqual([])
    })

    test('a put is readable after settle, a later put replaces it, a delete removes it', async () => {
      const { store } = await open()
      store.write([put(table, 1, 'a')])
      await store.settle()
      expect(await textAt(store, table, 1)).toBe('a')
      store.write([put(table, 1, 'b'), put(table, 2, '')])
      await store.settle()
      expect(await entriesOf(store, table)).toEqual(['01=b', '02='])
      store.write([{ type: 'delete', table, key: key(1) }])
      await store.settle()
      expect(await textAt(store, table, 1)).toBeUndefined()
      expect(await textAt(store, table, 2)).toBe('')
    })

    test('writes copy what they are given', async () => {
      const { store } = await open()
      // Buffers too, whose `slice` does not copy.
      const k = Buffer.from([7])
      const value = Buffer.from('kept')
      store.write([{ type: 'put', table, key: k, value }])
      k[0] = 8
      value.fill(0)
      await store.settle()
      expect(await entriesOf(store, table)).toEqual(['07=kept'])
    })

    test('what is read belongs to the reader, and is plain bytes', async () => {
      const { store } = await open()
      store.write([put(table, 1, 'kept')])
      await store.settle()
      const read = (await store.get(table, key(1))) as Uint8Array
      expect(read.constructor).toBe(Uint8Array)
      read.fill(0)
      for await (const [k, value] of store.range(table)) {
        expect([k.constructor, value.constructor]).toEqual([Uint8Array, Uint8Array])
        value.fill(0)
      }
      expect(await textAt(store, table, 1)).toBe('kept')
    })

    test('a range has an inclusive start, an exclusive end, a limit, and both directions', async () => {
      const { store } = await open()
      store.write([0, 1, 2, 3, 255].map(at => put(table, at, `v${at}`)))
      await store.settle()
      const keys = async (options: RangeOptions): Promise<string> =>
        (await entriesOf(store, table, options)).map(entry => entry.slice(0, 2)).join(' ')
      expect(await keys({})).toBe('00 01 02 03 ff')
      expect(await keys({ from: key(1), to: key(3) })).toBe('01 02')
      expect(await keys({ from: key(3) })).toBe('03 ff')
      expect(await keys({ to: key(1) })).toBe('00')
      expect(await keys({ limit: 2 })).toBe('00 01')
      expect(await keys({ limit: 0 })).toBe('')
      expect(await keys({ limit: 2, reverse: true })).toBe('ff 03')
      expect(await keys({ from: key(3), to: key(1) })).toBe('')
    })

    test('delete-range removes stored keys and keys put before it, and leaves the later ones', async () => {
      const { store } = await open()
      store.write([put(table, 1, 'old'), put(table, 2, 'old'), put(table, 4, 'old')])
      await store.flush()
      store.write([
        put(table, 3, 'queued'),
        { type: 'delete-range', table, from: key(2), to: key(4) },
        put(table, 2, 'new')
      ])
      await store.settle()
      expect(await entriesOf(store, table)).toEqual(['01=old', '02=new', '04=old'])
      store.write([{ type: 'delete-range', table, from: key(4), to: key(2) }])
      await store.settle()
      expect(await entriesOf(store, table)).toEqual(['01=old', '02=new', '04=old'])
    })

    test('a range shows the table as it was when the range began', async () => {
      const { store } = await open()
      store.write([put(table, 1, 'a'), put(table, 2, 'b')])
      await store.settle()
      const range = store.range(table)[Symbol.asyncIterator]()
      await range.next()
      store.write([put(table, 2, 'changed'), put(table, 3, 'c')])
      await store.settle()
      const second = await range.next()
      expect(Buffer.from(second.value[1]).toString()).toBe('b')
      expect((await range.next()).done).toBe(true)
    })
  })
}

function durabilityContract(open: Open): void {
  test('tables do not see one another, whatever their names share', async () => {
    const { store } = await open()
    store.write([put('a', 1, 'a'), put('aa', 1, 'aa'), put('b', 1, 'b')])
    await store.settle()
    expect(await entriesOf(store, 'a')).toEqual(['01=a'])
    expect(await entriesOf(store, 'aa')).toEqual(['01=aa'])
  })

  test('what a flush covered survives a crash, in every table and among the batches', async () => {
    const { store, crash } = await open()
    const { digest, bytes } = batchOf(1, 1000)
    store.write([put('votes', 1, 'vote'), put('signed', 1, 'header')])
    store.batches.append(digest, bytes)
    await store.flush()
    const after = await crash()
    expect(await entriesOf(after, 'votes')).toEqual(['01=vote'])
    expect(await entriesOf(after, 'signed')).toEqual(['01=header'])
    expect(Buffer.compare(after.batches.read(digest) as Uint8Array, bytes)).toBe(0)
  })

  test('many flushes at once share syncs and each covers its own writes', async () => {
    const { store, crash } = await open()
    const flushes: Promise<void>[] = []
    for (let at = 0; at < 100; at++) {
      store.write([put('votes', at, `v${at}`)])
      flushes.push(store.flush())
    }
    await Promise.all(flushes)
    expect(await entriesOf(await crash(), 'votes')).toHaveLength(100)
  })

  test('a flush with nothing to do resolves', async () => {
    const { store } = await open()
    await store.flush()
    store.write([])
    await store.flush()
    expect(store.stats().queuedBytes).toBe(0)
  })

  test('stats count what is there', async () => {
    const { store } = await open()
    store.write([put('votes', 1, 'vote')])
    expect(store.stats().queuedBytes).toBeGreaterThan(0)
    store.batches.append(batchOf(1, 500).digest, batchOf(1, 500).bytes)
    await store.flush()
    const stats = store.stats()
    expect(stats).toMatchObject({ state: 'open', batchCount: 1, batchBytes: 500, queuedBytes: 0 })
    expect(stats.flushCount).toBeGreaterThan(0)
    expect(stats.databaseBytes).toBeGreaterThan(0)
    expect(stats.diskBytes).toBeGreaterThanOrEqual(500)
    expect(await store.retry()).toBe(true)
  })

  test('a closed store says so', async () => {
    const { store, dispose } = await open()
    await dispose()
    store.write([put('votes', 1, 'late')])
    await expect(store.flush()).rejects.toMatchObject({ code: 'store-closed' })
    const { digest, bytes } = batchOf(1, 10)
    expect(() => store.batches.append(digest, bytes)).toThrow('store-closed')
    expect(store.stats().state).toBe('closed')
    expect(await store.retry()).toBe(false)
  })
}

function batchContract(open: Open): void {
  describe('batches', () => {
    test('an append is readable at once; the same digest again changes nothing', async () => {
      const { store } = await open()
      const { digest, bytes } = batchOf(1, 1000)
      expect(store.batches.has(digest)).toBe(false)
      expect(store.batches.sizeOf(digest)).toBeUndefined()
      expect(store.batches.read(digest)).toBeUndefined()
      store.batches.append(digest, bytes)
      store.batches.append(digest, bytes)
      expect(store.batches.has(digest)).toBe(true)
      expect(store.batches.sizeOf(digest)).toBe(1000)
      expect(store.batches.read(digest)).toEqual(bytes)
      expect([store.batches.count, store.batches.bytes]).toEqual([1, 1000])
      expect([...store.batches.digests()]).toEqual([digest])
    })

    test('a drop forgets what is there and ignores the rest, also across a crash', async () => {
      const { store, crash } = await open()
      const batches = [1, 2, 3].map(seed => batchOf(seed, 300))
      for (const { digest, bytes } of batches) store.batches.append(digest, bytes)
      const [first, second, third] = batches.map(({ digest }) => digest) as [Digest, Digest, Digest]
      store.batches.drop([first, third, batchOf(9, 10).digest])
      expect([store.batches.count, store.batches.bytes]).toEqual([1, 300])
      await store.flush()
      const after = await crash()
      expect([...after.batches.digests()]).toEqual([second])
      expect(after.batches.has(first)).toBe(false)
    })

    test('a batch may come back after it was dropped', async () => {
      const { store, crash } = await open()
      const { digest, bytes } = batchOf(1, 300)
      store.batches.append(digest, bytes)
      store.batches.drop([digest])
      store.batches.append(digest, bytes)
      await store.flush()
      const after = await crash()
      expect(Buffer.compare(after.batches.read(digest) as Uint8Array, bytes)).toBe(0)
    })
  })
}
