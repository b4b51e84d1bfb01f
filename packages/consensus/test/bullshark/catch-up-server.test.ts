import { type CommitIndex, type PeerId, type Round, Writer } from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import { CatchUpServer, type LogBounds } from '../../src/bullshark/catch-up.ts'
import type { BullsharkOptions } from '../../src/bullshark/options.ts'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import {
  type BullsharkMessage,
  type Certificate,
  type CommittedSubDag,
  encodeSubDag,
  indexKey,
  type Row,
  roundKey,
  tables,
  writeCertificate
} from '../../src/index.ts'
import { counted, domain, four, only, partsOf, peerAt, round, Sketch, slots } from '../fixtures.ts'
import { Observer } from './ordering.ts'

type Request = Extract<BullsharkMessage, { type: 'catch-up' }>

const index = (value: number) => value as CommitIndex
const cluster = { gcDepthRounds: 50, schedulePeriodCommits: 0, scheduleWindowCommits: 10 }
const sketch = new Sketch().full(1, 12)
const { commits, dag } = new Observer(four, cluster).insert(sketch.all).order()
const bounds: LogBounds = { lowest: index(1), head: index(5), lastAnchorRound: round(10) }

let server: CatchUpServer
let out: BullsharkEffect[]

function setUp(options: Partial<BullsharkOptions> = {}): void {
  server = new CatchUpServer(partsOf({ dag }, options))
  out = []
}
beforeEach(() => setUp())

function request(fromIndex: number, fromRound = 0, to: PeerId = peerAt(1), within = bounds): void {
  const message: Request = {
    type: 'catch-up',
    epoch: domain.epoch,
    fromIndex: index(fromIndex),
    fromRound: fromRound as Round
  }
  server.onRequest(to, message, within, out)
}

const commitRows = (some: readonly CommittedSubDag[]): Row[] =>
  some.map(commit => ({
    table: tables.commit,
    key: new Uint8Array(8),
    value: encodeSubDag(commit)
  }))

function certificateRows(some: readonly Certificate[]): Row[] {
  return some.map(certificate => {
    const writer = new Writer()
    writeCertificate(writer, certificate)
    return { table: tables.certificate, key: new Uint8Array(18), value: writer.finish() }
  })
}

const lastRead = () => only(out, 'read').at(-1)!
const replies = () =>
  only(out, 'send').map(({ to, message }) => {
    if (message.type !== 'caught-up') throw new Error(message.type)
    return { ...message, to, slots: slots(message.certificates) }
  })

/** Rounds of the store from `first` to `last`. */
const stored = (first: number, last: number) =>
  sketch.all.filter(c => c.header.round >= first && c.header.round <= last)

test('the commits asked for decide which rounds are sent: from their lowest vertex to the votes', () => {
  request(2)
  expect(lastRead().range).toMatchObject({ from: indexKey(2), to: indexKey(66), limit: 64 })
  expect(server.onRead(lastRead().token, commitRows(commits.slice(1, 3)), bounds, out)).toBe(true)
  const { range } = lastRead()
  // Commit 2 orders rounds 2 and 3 and its anchor; the votes on the anchor of commit 3 are in round 7.
  expect(range?.table).toBe(tables.certificate)
  expect(range?.from).toEqual(roundKey(domain.epoch, round(2)))
  expect(range?.to).toEqual(roundKey(domain.epoch, round(9)))
  server.onRead(lastRead().token, certificateRows(stored(2, 8)), bounds, out)
  expect(replies()).toHaveLength(1)
  expect(replies()[0]).toMatchObject({ to: peerAt(1), fromIndex: 2, lowest: 1, head: 5 })
  expect(replies()[0]?.certificates).toEqual(stored(2, 8))
})

test('who asks for a round gets everything from it, also what no commit orders', () => {
  request(5, 3)
  server.onRead(lastRead().token, commitRows(commits.slice(4)), bounds, out)
  expect(lastRead().range?.from).toEqual(roundKey(domain.epoch, round(3)))
  server.onRead(lastRead().token, [], bounds, out)
  expect(replies()[0]?.slots).toEqual(slots(stored(3, 12)))
})

test('at the head what is not ordered yet comes along, each vertex once', () => {
  request(5)
  server.onRead(lastRead().token, commitRows(commits.slice(4)), bounds, out)
  server.onRead(lastRead().token, certificateRows(stored(8, 11)), bounds, out)
  expect(replies()[0]?.slots).toEqual(slots(stored(8, 12)))
})

test('who has everything gets the tail at once', () => {
  request(6)
  expect(only(out, 'read')).toEqual([])
  expect(replies()[0]?.slots).toEqual(slots(stored(9, 12)))
  request(6, 12)
  expect(replies()[1]?.slots).toEqual(slots(stored(12, 12)))
})

test('who asks for what is pruned learns what is not', () => {
  request(2, 0, peerAt(1), { ...bounds, lowest: index(3) })
  expect(replies()[0]).toMatchObject({ lowest: 3, head: 5, certificates: [] })
})

describe('a request that goes on inside one commit', () => {
  test('begins at its round', () => {
    request(1, 4)
    server.onRead(lastRead().token, commitRows(commits.slice(0, 3)), bounds, out)
    expect(lastRead().range?.from).toEqual(roundKey(domain.epoch, round(4)))
  })

  test('and reads no more than fits into one reply', () => {
    setUp({ catchUpCertificatesMax: 70 })
    request(1)
    server.onRead(lastRead().token, commitRows(commits), bounds, out)
    // Half of the reply for the vertices of commits, the rest for the votes around them.
    expect(lastRead().range?.limit).toBe(70)
    expect(commits.slice(0, 4).reduce((sum, c) => sum + c.vertices.length, 0)).toBeLessThanOrEqual(
      35
    )
    expect(lastRead().range?.to).toEqual(roundKey(domain.epoch, round(11)))
    const rows = certificateRows([...stored(1, 12), ...stored(1, 6)].slice(0, 70))
    server.onRead(lastRead().token, rows, bounds, out)
    expect(replies()[0]?.certificates).toHaveLength(70)
  })

  test('the first commit is sent even when it alone is larger', () => {
    setUp({ catchUpCertificatesMax: 64 })
    const huge = { ...commits[0]!, vertices: new Array(40).fill(commits[0]!.vertices[0]) }
    request(1)
    server.onRead(lastRead().token, commitRows([huge, commits[1]!]), bounds, out)
    expect(lastRead().range?.to).toEqual(roundKey(domain.epoch, round(5)))
  })
})

describe('what the store has lost', () => {
  test('a commit: an empty answer', () => {
    request(2)
    const rows = [{ table: tables.commit, key: new Uint8Array(8), value: undefined }]
    server.onRead(lastRead().token, rows, bounds, out)
    expect(replies()[0]?.certificates).toEqual([])
  })

  test('a certificate: the others', () => {
    request(1)
    server.onRead(lastRead().token, commitRows(commits.slice(0, 1)), bounds, out)
    const rows = certificateRows(stored(1, 2))
    server.onRead(
      lastRead().token,
      [{ ...rows[0]!, value: undefined }, ...rows.slice(1)],
      bounds,
      out
    )
    expect(replies()[0]?.certificates).toEqual(stored(1, 2).slice(1))
  })
})

test('it serves so many at once, and each peer once', () => {
  setUp({ servingMax: 2 })
  request(1, 0, peerAt(1))
  request(1, 0, peerAt(1))
  request(1, 0, peerAt(2))
  request(1, 0, peerAt(3))
  expect(only(out, 'read').map(read => read.token)).toEqual(['serve/0', 'serve/1'])
  expect(counted(out)).toEqual(['catch_up_refused', 'catch_up_refused'])
  server.onRead('serve/0', [], bounds, out)
  request(1, 0, peerAt(3))
  expect(only(out, 'read')).toHaveLength(3)
})

test('observers take so many places, and leave the rest to members', () => {
  setUp({ servingMax: 3, servingObserversMax: 1 })
  const [first, second] = ['observer-1', 'observer-2'] as [PeerId, PeerId]
  request(1, 0, first)
  request(1, 0, second)
  expect(counted(out)).toEqual(['catch_up_refused'])
  request(1, 0, peerAt(1))
  request(1, 0, peerAt(2))
  expect(only(out, 'read')).toHaveLength(3)
  request(1, 0, peerAt(3))
  expect(counted(out)).toEqual(['catch_up_refused', 'catch_up_refused'])
  server.onRead('serve/0', [], bounds, out)
  request(1, 0, second)
  expect(only(out, 'read')).toHaveLength(4)
})

test('a read of somebody else is not its own', () => {
  expect(server.onRead('restore/meta', [], bounds, out)).toBe(false)
})
