import { Fault, type Write } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  bucketKey,
  type EncodedBucket,
  Executor,
  encodeCheckpoint,
  executionTables,
  persistWrites,
  replacingWrites,
  restoreExecutor,
  restoreSnapshot,
  type StateRow
} from '../src/index.ts'
import { Chain, chain, digestAt, epoch, join, kvOf, logOf, needs, putOf, text } from './fixtures.ts'
import { Table } from './table.ts'

function filled(): Chain {
  const log = new Chain()
  const session = log.open()
  const puts = Array.from({ length: 50 }, (_, i) => putOf(session, i + 1, `key-${i}`, `${i}`))
  log.run(join(...puts, logOf(session, 60)))
  return log
}

function stored(log: Chain): Table {
  const table = new Table()
  log.executor.takeCheckpoint(epoch)
  table.write(persistWrites(log.executor))
  return table
}

const codeOf = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    if (error instanceof Fault) return error.code
    throw error
  }
  return 'nothing'
}

describe('what is written at a checkpoint', () => {
  test('is nothing before the first', () => {
    expect(persistWrites(new Executor({}, needs))).toEqual([])
  })

  test('is what changed since the last, and which checkpoint it is', () => {
    const log = filled()
    stored(log)
    const kinds = (writes: readonly Write[]) => writes.map(write => `${write.type} ${write.table}`)
    log.executor.takeCheckpoint(epoch)
    expect(kinds(persistWrites(log.executor))).toEqual(['put executed'])
    const session = log.open(2)
    log.executor.takeCheckpoint(epoch)
    persistWrites(log.executor)
    log.run(kvOf(session, 1, { type: 'delete', key: text('key-7') }))
    log.executor.takeCheckpoint(epoch)
    // The bucket of the position in the log, and that of the session; that of the key is empty.
    expect(kinds(persistWrites(log.executor)).sort()).toEqual([
      'put bucket',
      'put bucket',
      'put executed'
    ])
  })

  test('belongs to the checkpoint, whatever was executed since', () => {
    const log = filled()
    const image = log.executor.takeCheckpoint(epoch)
    log.run(putOf(log.open(3), 1, 'later', 'x'))
    const table = new Table()
    table.write(persistWrites(log.executor))
    const restored = restoreExecutor({}, needs, table.rows())
    expect(restored.index).toBe(image.checkpoint.index)
    expect(restored.kvGet(text('later'))).toBeUndefined()
    expect(restored.takeCheckpoint(epoch).checkpoint).toEqual(image.checkpoint)
  })
})

describe('a restart', () => {
  test('without rows begins at the beginning', () => {
    const executor = restoreExecutor({}, needs, [])
    expect(executor.index).toBe(0)
    expect(executor.images).toEqual([])
  })

  test('goes on where the rows were written, and can serve a snapshot at once', () => {
    const log = filled()
    const restored = restoreExecutor({}, needs, stored(log).rows())
    expect(restored.digest).toBe(log.executor.digest)
    expect(restored.kvGet(text('key-7'))?.value).toEqual(text('7'))
    expect(restored.logCounters).toEqual(log.executor.logCounters)
    expect(restored.images.at(-1)?.checkpoint).toEqual(log.executor.images.at(-1)?.checkpoint)
    expect(restored.images.at(-1)?.state.leaves).toEqual(log.executor.images.at(-1)?.state.leaves)
    expect(persistWrites(restored)).toHaveLength(1)
  })

  test('keeps no row: the page of the store may be used again', () => {
    const rows = stored(filled()).rows()
    const restored = restoreExecutor({}, needs, rows)
    for (const { value } of rows) value?.fill(0)
    expect(restored.kvGet(text('key-7'))?.value).toEqual(text('7'))
    expect(
      restored.images[0]?.state.buckets.every(
        bytes => bytes.length === 0 || bytes.some(b => b !== 0)
      )
    ).toBe(true)
  })

  const change = (rows: StateRow[], table: string, value: (bytes: Uint8Array) => Uint8Array) => {
    const at = rows.findIndex(row => row.table === table)
    const row = rows[at]!
    return rows.with(at, { ...row, value: value(row.value!) })
  }
  const flip = (at: number) => (bytes: Uint8Array) => {
    const changed = bytes.slice()
    changed[changed.length + at] = changed.at(at)! ^ 1
    return changed
  }
  test.each([
    { name: 'a changed value', damage: (rows: StateRow[]) => change(rows, 'bucket', flip(-1)) },
    { name: 'a cut bucket', damage: (rows: StateRow[]) => change(rows, 'bucket', b => b.slice(1)) },
    {
      name: 'a missing bucket',
      damage: (rows: StateRow[]) =>
        rows.toSpliced(
          rows.findIndex(r => r.table === 'bucket'),
          1
        )
    },
    {
      name: 'missing sessions',
      damage: (rows: StateRow[]) => rows.filter(row => row.key.length !== 4 || row.key[0] === 0)
    },
    {
      name: 'a cut checkpoint',
      damage: (rows: StateRow[]) => change(rows, 'executed', b => b.slice(1))
    }
  ])('is refused with $name', ({ damage }) => {
    const rows = damage(stored(filled()).rows())
    expect(codeOf(() => restoreExecutor({}, needs, rows))).toBe('damaged-state')
  })

  test('is refused with the state of another chain', () => {
    const rows = stored(filled()).rows()
    const other = { ...needs, chain: digestAt(9) }
    expect(codeOf(() => restoreExecutor({}, other, rows))).toBe('foreign-state')
  })

  test('passes over rows that are none of its own', () => {
    const log = filled()
    const { bucket } = executionTables
    const value = text('x')
    const table = stored(log)
    const empty = log.executor.images[0]?.state.buckets.findIndex(b => b.length === 0) as number
    const rows: StateRow[] = [
      ...table.rows(),
      { table: 'other', key: text('k'), value },
      { table: bucket, key: new Uint8Array([0, 0, 1, 1]), value: undefined },
      { table: bucket, key: bucketKey('state', 1), value },
      { table: bucket, key: text('five!'), value },
      { table: bucket, key: new Uint8Array([2, 0, 0, 1]), value },
      { table: bucket, key: new Uint8Array([0, 0x10, 0, 1]), value },
      // Leftovers: the bucket is empty, and has a row of another checkpoint in each place.
      ...[0, 1, 2].map(slot => ({
        table: bucket,
        key: new Uint8Array([...bucketKey('state', empty), slot]),
        value
      }))
    ]
    expect(restoreExecutor({}, needs, rows).index).toBe(log.executor.index)
  })
})

test('rows of a build that kept one for each bucket are refused', () => {
  const log = filled()
  const { checkpoint } = log.executor.takeCheckpoint(epoch)
  const rows = [
    { table: 'bucket', key: bucketKey('state', 1), value: text('x') },
    { table: 'executed', key: text(''), value: encodeCheckpoint(checkpoint) }
  ]
  expect(codeOf(() => restoreExecutor({}, needs, rows))).toBe('damaged-state')
})

describe('a snapshot', () => {
  const encoded = (buckets: readonly Uint8Array[]): EncodedBucket[] =>
    buckets.flatMap((bytes, bucket) => (bytes.length === 0 ? [] : [[bucket, bytes] as const]))

  test('restores the same roots, and replaces everything in the store', () => {
    const log = filled()
    const { checkpoint, state, sessions } = log.executor.takeCheckpoint(epoch)
    const restored = restoreSnapshot({}, needs, {
      checkpoint,
      state: encoded(state.buckets),
      session: encoded(sessions.buckets)
    })
    expect(restored.takeCheckpoint(epoch).checkpoint).toEqual(checkpoint)
    const table = new Table()
    table.write([
      { type: 'put', table: 'bucket', key: new Uint8Array([1, 15, 255, 2]), value: text('old') },
      { type: 'put', table: 'bucket', key: bucketKey('state', 4_095), value: text('older') }
    ])
    const writes = replacingWrites(restored)
    expect(writes[0]).toMatchObject({ type: 'delete-range', table: 'bucket' })
    table.write(writes)
    const filledBuckets = [...state.buckets, ...sessions.buckets].filter(b => b.length > 0)
    expect(table.rows('bucket')).toHaveLength(filledBuckets.length)
    const again = restoreExecutor({}, needs, table.rows())
    expect(again.takeCheckpoint(epoch).checkpoint).toEqual(checkpoint)
  })

  test('that does not give the roots is refused', () => {
    const log = filled()
    const { checkpoint, state, sessions } = log.executor.takeCheckpoint(epoch)
    const session = encoded(sessions.buckets)
    const part = encoded(state.buckets).slice(1)
    expect(codeOf(() => restoreSnapshot({}, needs, { checkpoint, state: part, session }))).toBe(
      'damaged-state'
    )
    const foreign = { ...checkpoint, chain: digestAt(3) }
    expect(encodeCheckpoint(foreign)).not.toEqual(encodeCheckpoint(checkpoint))
    expect(chain).not.toBe(foreign.chain)
  })
})
