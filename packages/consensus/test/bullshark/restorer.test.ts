import { type CommitIndex, type Write, Writer } from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import { Committer } from '../../src/bullshark/committer.ts'
import { commitWrite } from '../../src/bullshark/dag-keeper.ts'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import { Pruner } from '../../src/bullshark/pruner.ts'
import { type Restored, Restorer } from '../../src/bullshark/restorer.ts'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import { encodeSignedHeader } from '../../src/dag/header.ts'
import { Dag, indexKey, slotKey, tables, writeCertificate } from '../../src/index.ts'
import {
  at,
  four,
  header,
  only,
  partsOf,
  replica,
  round,
  Sketch,
  signed,
  slots,
  voteBy
} from '../fixtures.ts'
import { Observer } from './ordering.ts'
import { TableStore } from './table-store.ts'

const cluster = { gcDepthRounds: 4, schedulePeriodCommits: 0, scheduleWindowCommits: 10 }
const sketch = new Sketch().full(1, 24)
const lived = new Observer(four, cluster).insert(sketch.all).order()

let store: TableStore
beforeEach(() => {
  store = new TableStore()
})

function keepCommits(): void {
  store.perform(lived.commits.map(commitWrite))
}

function keepVertices(): void {
  for (const certificate of sketch.all) {
    const { epoch, round: r, author } = certificate.header
    const writer = new Writer()
    writeCertificate(writer, certificate)
    const key = slotKey(epoch, r, author)
    const value = encodeSignedHeader(signed(certificate.header))
    store.perform([
      { type: 'put', table: tables.certificate, key, value: writer.finish() },
      { type: 'put', table: tables.header, key, value }
    ])
  }
}

type Put = Extract<Write, { readonly type: 'put' }>

const headerRow = (): Put =>
  new SignedRecord().setHeader(signed(header({ round: round(24) }))) as Put
const voteRow = (author: number, r: number): Put =>
  new SignedRecord().setVote(voteBy(0, header({ author: replica(author), round: round(r) }))) as Put

function keepVote(author: number, r: number): void {
  store.perform([voteRow(author, r)])
}

/** Answers every read from the store until all is restored. */
function restore() {
  const dag = new Dag(four)
  const parts = partsOf({ dag }, cluster)
  const committer = new Committer(parts.options, parts)
  const record = new SignedRecord()
  const restorer = new Restorer(parts)
  const out: BullsharkEffect[] = []
  restorer.start(out)
  const restored: Restored[] = []
  let reads = 0
  for (let next = only(out, 'read')[reads]; next; next = only(out, 'read')[++reads]) {
    const done = restorer.onRead(next.token, store.read(next), committer, record, out)
    if (done !== undefined) restored.push(done)
  }
  expect(restored).toHaveLength(1)
  return { restored: restored[0]!, committer, record, dag, reads, notes: only(out, 'note') }
}

test('an empty store: nothing, and the log begins at its first commit', () => {
  const { restored, committer, record } = restore()
  expect(restored).toEqual({ lowestIndex: 1, certificates: [], headers: [] })
  expect([committer.lastIndex, record.headerRound]).toEqual([0, 0])
})

describe('a whole store', () => {
  beforeEach(() => {
    keepCommits()
    keepVertices()
    store.perform([new Pruner(partsOf()).adopt(4 as CommitIndex)])
    store.perform([headerRow()])
    for (const author of [1, 2, 3]) keepVote(author, 24)
  })

  test('without a header whose vote a crash took: it never left, so nothing was promised', () => {
    keepVote(2, 23)
    const { restored } = restore()
    const newest = restored.headers.filter(entry => entry.header.round === 24)
    expect(newest.map(entry => entry.header.author)).toEqual([0, 1, 3])
  })

  test('with all headers when the record of what was signed is lost', () => {
    for (const author of [1, 2, 3]) store.lose(tables.signed, voteRow(author, 24).key)
    store.lose(tables.signed, headerRow().key)
    const { restored } = restore()
    expect(restored.headers.filter(entry => entry.header.round === 24)).toHaveLength(4)
  })

  test('gives back the head, the vertices above the floor, what was signed, and the lowest commit', () => {
    const { restored, committer, record, dag } = restore()
    expect(committer.lastDigest).toBe(lived.digests.at(-1))
    expect(committer.lastIndex).toBe(lived.commits.length)
    expect(dag.gcRound).toBe(lived.dag.gcRound)
    expect(restored.lowestIndex).toBe(5)
    const above = sketch.all.filter(c => c.header.round > lived.dag.gcRound)
    expect(slots(restored.certificates)).toEqual(slots(above))
    expect(restored.headers.map(entry => entry.header)).toEqual(above.map(c => c.header))
    expect(record.headerRound).toBe(24)
  })

  test('with a commit record lost: the log goes on below the gap', () => {
    const gap = lived.commits.length - 2
    store.lose(tables.commit, indexKey(gap))
    const { committer, reads } = restore()
    expect(committer.lastIndex).toBe(gap - 1)
    expect(committer.lastDigest).toBe(lived.digests[gap - 2])
    expect(reads).toBe(6)
  })

  test('with less left than a whole window: from the beginning, since what was ordered before is not known', () => {
    for (const index of [1, 5, 10]) store.lose(tables.commit, indexKey(index))
    const { committer, dag, notes } = restore()
    expect([committer.lastIndex, dag.gcRound]).toEqual([0, 0])
    const facts = { lastIndex: 4, records: 3 }
    expect(notes).toEqual([{ type: 'note', level: 'warn', event: 'log-records-lost', facts }])
  })

  test('with two gaps in a window: below the lower one, since what was ordered in it is not known', () => {
    store.lose(tables.commit, indexKey(4))
    store.lose(tables.commit, indexKey(8))
    const { committer } = restore()
    expect(committer.lastIndex).toBe(3)
    expect(committer.lastDigest).toBe(lived.digests[2])
  })

  test('with a record that was changed: it is not the head of the log', () => {
    const changed = { ...lived.commits[6]!, timestamp: at(1) }
    store.perform([commitWrite(changed)])
    const { committer } = restore()
    expect(committer.lastIndex).toBe(6)
    expect(committer.lastDigest).toBe(lived.digests[5])
  })

  test('only the window of commits is read', () => {
    store.lose(tables.commit, indexKey(1))
    expect(restore().committer.lastIndex).toBe(lived.commits.length)
  })
})

test('a read of somebody else is not its own', () => {
  const parts = partsOf()
  const restorer = new Restorer(parts)
  const committer = new Committer(parts.options, parts)
  expect(restorer.onRead('prune/0', [], committer, new SignedRecord(), [])).toBeUndefined()
})
