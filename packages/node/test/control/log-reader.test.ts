import { ascii, type CommitIndex, type Digest } from '@novacron/base'
import { kvApplication, logApplication } from '@novacron/execution'
import { expect, test } from 'vitest'
import { logBytesMax } from '../../src/api/options.ts'
import { sha256 } from '../../src/config/ed25519.ts'
import { LogReader } from '../../src/control/log-reader.ts'
import type { Store } from '../../src/store/store.ts'
import { diskFull } from '../driver/fake-store.ts'
import { domain, WrittenLog } from './commits.ts'

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const start = { index: 0, ordinal: 0 }

function readerOf(
  log: WrittenLog,
  facts: { executed?: number; lowest?: number; store?: Store; names?: [number, string][] } = {}
): LogReader {
  return new LogReader({
    store: facts.store ?? log.store,
    batches: log.store.batches,
    domain,
    hash: sha256,
    transactionBytesMax: 1_000_000,
    applicationNames: new Map(facts.names ?? [[logApplication, 'log']]),
    executedIndex: () => (facts.executed ?? log.commits.length) as CommitIndex,
    retainedFrom: () => (facts.lowest ?? 1) as CommitIndex
  })
}

/** Three commits: two batches, nothing, one batch. */
function threeCommits(): WrittenLog {
  const log = new WrittenLog()
  log.add(
    [[ascii('a'), ascii('b')], [ascii('c')]],
    [
      { first: 0, last: 0 },
      { first: 2, last: 2 }
    ]
  )
  log.add([])
  log.add([[ascii('d')]])
  return log
}

test('the log is read in order, with who sent what and whether it was applied', async () => {
  const log = threeCommits()
  const { entries, next, lowest } = await readerOf(log).range({ from: start, limit: 10 })
  expect(
    entries.map(({ index, ordinal, sequence, payload, applied }) => [
      index,
      ordinal,
      sequence,
      text(payload),
      applied
    ])
  ).toEqual([
    [1, 0, 1, 'a', true],
    [1, 1, 2, 'b', false],
    [1, 2, 3, 'c', true],
    [3, 0, 4, 'd', true]
  ])
  expect(entries[0]).toMatchObject({
    digest: log.commits[0]?.digest,
    session: log.session,
    application: 'log'
  })
  expect(next).toEqual({ index: 4, ordinal: 0 })
  expect(lowest).toBe(1)
})

test('pages go on where the one before ended, within a commit too', async () => {
  const reader = readerOf(threeCommits())
  const seen: string[] = []
  let from = start
  for (let pages = 0; pages < 10 && from.index < 4; pages++) {
    const page = await reader.range({ from, limit: 1 })
    seen.push(...page.entries.map(entry => text(entry.payload)))
    expect(page.entries.length).toBeLessThanOrEqual(1)
    from = page.next as typeof from
  }
  expect(seen).toEqual(['a', 'b', 'c', 'd'])
  expect(await reader.range({ from: { index: 1, ordinal: 1 }, limit: 1 })).toMatchObject({
    entries: [{ ordinal: 1 }],
    next: { index: 1, ordinal: 2 }
  })
  expect(await reader.range({ from: { index: 4, ordinal: 0 }, limit: 1 })).toEqual({
    entries: [],
    next: { index: 4, ordinal: 0 },
    lowest: 1
  })
})

test('a page ends at so many bytes, after one entry at least', async () => {
  const log = new WrittenLog()
  const half = new Uint8Array(logBytesMax / 2)
  log.add([
    [half, half, half],
    [new Uint8Array(logBytesMax + 1), half]
  ])
  const reader = readerOf(log)
  const first = await reader.range({ from: start, limit: 10 })
  expect(first.entries).toHaveLength(2)
  const second = await reader.range({ from: first.next, limit: 10 })
  expect(second.entries).toHaveLength(2)
  const third = await reader.range({ from: second.next, limit: 10 })
  expect(third.entries).toHaveLength(1)
  expect(third.next).toEqual({ index: 2, ordinal: 0 })
})

test('only what was executed is told, and what lies behind a gap is not', async () => {
  const log = threeCommits()
  const some = await readerOf(log, { executed: 1 }).range({ from: start, limit: 10 })
  expect(some.entries).toHaveLength(3)
  expect(some.next).toEqual({ index: 2, ordinal: 0 })
  const page = await readerOf(log, { executed: 9 }).commits({ from: 2, limit: 10 })
  expect(page.commits.map(commit => commit.index)).toEqual([2, 3])
  await log.store.settle()
  log.store.write([{ type: 'delete', table: 'commit', key: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 2) }])
  const gap = await readerOf(log).commits({ from: 1, limit: 10 })
  expect(gap.commits.map(commit => commit.index)).toEqual([1])
  expect(gap.next).toBe(2)
})

test('many commits are read piece by piece, and empty ones are passed over', async () => {
  const log = new WrittenLog()
  for (let i = 1; i <= 150; i++) log.add(i === 130 ? [[ascii('late')]] : [])
  const page = await readerOf(log).range({ from: start, limit: 10 })
  expect(page.entries.map(entry => [entry.index, text(entry.payload)])).toEqual([[130, 'late']])
  expect(page.next).toEqual({ index: 151, ordinal: 0 })
  const chain = await readerOf(log).commits({ from: 0, limit: 100 })
  expect(chain.commits).toEqual(
    log.commits.slice(0, 100).map(({ index, digest }) => ({ index, digest }))
  )
  expect(chain.next).toBe(101)
})

test('below the lowest commit the answer names it', async () => {
  const log = threeCommits()
  const reader = readerOf(log, { lowest: 3 })
  const pruned = { facts: { code: 'pruned', lowest: 3 } }
  await expect(reader.range({ from: start, limit: 1 })).rejects.toMatchObject(pruned)
  await expect(reader.range({ from: { index: 2, ordinal: 0 }, limit: 1 })).rejects.toMatchObject(
    pruned
  )
  await expect(reader.commits({ from: 0, limit: 1 })).rejects.toMatchObject(pruned)
  expect(await reader.commits({ from: 3, limit: 1 })).toMatchObject({ lowest: 3, next: 4 })
})

test('a batch that goes while it is read counts as pruned', async () => {
  const log = threeCommits()
  const digest = log.commits[0]?.vertices[0]?.payload[1]?.digest as Digest
  log.store.batches.drop([digest])
  await expect(readerOf(log).range({ from: start, limit: 10 })).rejects.toMatchObject({
    facts: { code: 'pruned', lowest: 2 }
  })
  // What comes before it on the page is still told when the page ends there.
  expect((await readerOf(log).range({ from: start, limit: 2 })).entries).toHaveLength(2)
})

test('without its outcome a transaction counts as not applied, and applications without a name have a number', async () => {
  const log = new WrittenLog()
  log.add([[ascii('a')]], 'none')
  const { entries } = await readerOf(log, { names: [[kvApplication, 'kv']] }).range({
    from: start,
    limit: 10
  })
  expect(entries).toMatchObject([{ applied: false, application: `application-${logApplication}` }])
})

test('while the disk is full, what is on it is still read; other failures are told', async () => {
  const log = threeCommits()
  await log.store.settle()
  const failing = (error: unknown): Store =>
    Object.assign(Object.create(log.store), {
      settle: () => Promise.reject(error),
      range: log.store.range.bind(log.store),
      get: log.store.get.bind(log.store)
    })
  const reader = readerOf(log, { store: failing(diskFull()) })
  expect((await reader.range({ from: start, limit: 10 })).entries).toHaveLength(4)
  const broken = readerOf(log, { store: failing(new Error('io')) })
  await expect(broken.commits({ from: 1, limit: 1 })).rejects.toThrow('io')
})
