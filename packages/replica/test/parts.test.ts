import { Fault, type PeerId } from '@novacron/base'
import { indexKey, type Row, tables } from '@novacron/consensus'
import { encodeExecuted, executionTables } from '@novacron/execution'
import { describe, expect, test } from 'vitest'
import type { ReplicaEffect } from '../src/effects.ts'
import { EvidenceBook } from '../src/evidence-book.ts'
import { FreshBatches } from '../src/fresh-batches.ts'
import { headSigningBytes } from '../src/head.ts'
import { HeadTeller, headTimer } from '../src/head-teller.ts'
import {
  checkReplicaOptions,
  decodeGossip,
  decodeOutcome,
  defaultReplicaOptions,
  evidenceTable,
  outcomeTable
} from '../src/index.ts'
import { outcomeWrite } from '../src/outcome.ts'
import { PayloadWait } from '../src/payload-wait.ts'
import { ReplicaRestorer } from '../src/restorer.ts'
import {
  at,
  batch,
  checkpointAt,
  digestOfText,
  domain,
  hash,
  indexOf,
  keyOf,
  only,
  openOf,
  replicaOf,
  signerOf,
  verify
} from './fixtures.ts'
import { MemoryStore } from './memory-store.ts'

describe('fresh batches', () => {
  const [old, made] = [batch(openOf(1)), batch(openOf(2))]

  test('count as held within the step that stores them, and not after it', () => {
    const store = new MemoryStore()
    store.batches.set(old.digest, old.bytes)
    const batches = new FreshBatches(store)
    expect([batches.has(old.digest), batches.has(made.digest)]).toEqual([true, false])
    batches.add(made)
    expect(batches.has(made.digest)).toBe(true)
    expect(batches.read(made.digest)).toEqual(made.bytes)
    expect(batches.read(old.digest)).toEqual(old.bytes)
    batches.clear()
    expect(batches.read(made.digest)).toBeUndefined()
    store.batches.set(made.digest, made.bytes)
    expect(batches.has(made.digest)).toBe(true)
  })
})

describe('heads', () => {
  const digest = digestOfText('commit')

  function teller(members = 4) {
    return new HeadTeller(250, {
      committee: { size: members },
      domain,
      self: replicaOf(2),
      sign: signerOf(2)
    })
  }

  test('are told at most once in an interval', () => {
    const heads = teller()
    const out: ReplicaEffect[] = []
    heads.onExecuted(at(100), out)
    heads.onExecuted(at(110), out)
    expect(out).toEqual([{ type: 'set-timer', timer: headTimer, at: 350 }])
    heads.onTimer(indexOf(7), digest, out)
    const [published] = only(out, 'publish')
    if (published?.message.topic !== 'heads') throw new Error('no head')
    const { head } = published.message
    expect(head).toMatchObject({ epoch: 0, index: 7, digest, replica: 2 })
    expect(verify(keyOf(2), headSigningBytes(head, domain), head.signature)).toBe(true)
    heads.onExecuted(at(400), out)
    expect(only(out, 'set-timer').map(timer => timer.at)).toEqual([350, 650])
  })

  test.each([
    { members: 1, intervalMs: 250 },
    { members: 5, intervalMs: 313 },
    { members: 10, intervalMs: 625 }
  ])('are told by each of $members members every $intervalMs ms', ({ members, intervalMs }) => {
    const out: ReplicaEffect[] = []
    teller(members).onExecuted(at(100), out)
    expect(only(out, 'set-timer').map(timer => timer.at)).toEqual([100 + intervalMs])
  })

  test('are told only when the log has moved', () => {
    const heads = teller()
    const out: ReplicaEffect[] = []
    for (const index of [7, 7, 6, 8]) heads.onTimer(indexOf(index), digest, out)
    const told = only(out, 'publish').map(({ message }) => 'head' in message && message.head.index)
    expect(told).toEqual([7, 8])
  })

  test('are not for observers to tell', () => {
    const heads = new HeadTeller(250, {
      committee: { size: 4 },
      domain,
      self: undefined,
      sign: signerOf(0)
    })
    const out: ReplicaEffect[] = []
    heads.onExecuted(at(100), out)
    heads.onTimer(indexOf(7), digest, out)
    expect(out).toEqual([])
  })
})

describe('evidence', () => {
  const evidence = (name: string) => ({
    against: 'peer-1' as PeerId,
    kind: 'header-equivocation',
    objects: [new Uint8Array([name.charCodeAt(0)])]
  })

  test('is kept once, written down and noted', () => {
    const book = new EvidenceBook(2, hash)
    const out: ReplicaEffect[] = []
    expect(book.add(evidence('a'), out)).toBe(true)
    expect(out.map(({ type }) => type)).toEqual(['persist', 'note'])
    const [write] = only(out, 'persist')[0]?.writes ?? []
    if (write?.type !== 'put') throw new Error('nothing written')
    expect(write.table).toBe(evidenceTable)
    expect(decodeGossip('evidence', write.value)).toMatchObject({ evidence: evidence('a') })
    expect(book.add(evidence('a'), out)).toBe(false)
    expect(out).toHaveLength(2)
  })

  test('is kept up to the bound', () => {
    const book = new EvidenceBook(2, hash)
    const added = ['a', 'b', 'c', 'a'].map(name => book.add(evidence(name), []))
    expect(added).toEqual([true, true, false, false])
    expect(book.size).toBe(2)
  })
})

describe('outcomes', () => {
  const counts = { duplicates: 0, rejected: 0, malformedBatches: 0, runs: [] }
  const executed = (count: number) => ({
    ...counts,
    index: indexOf(5),
    digest: digestOfText('commit'),
    transactions: count * 2,
    applied: count,
    appliedRanges: Array.from({ length: count }, (_, i) => ({ first: i * 2, last: i * 2 }))
  })

  test('tell a reader of the log which transactions were applied', () => {
    const write = outcomeWrite(executed(3))
    if (write.type !== 'put') throw new Error('nothing written')
    expect(write).toMatchObject({ table: outcomeTable, key: indexKey(5) })
    const { index, transactions, appliedRanges } = executed(3)
    expect(decodeOutcome(index, write.value)).toEqual({ index, transactions, appliedRanges })
    expect(() => decodeOutcome(index, write.value.slice(0, -1))).toThrow(Fault)
    expect(() => decodeOutcome(index, new Uint8Array([...write.value, 0]))).toThrow(Fault)
  })

  test('beyond the bound show more as applied, never less', () => {
    const full = executed(65_535)
    const over = executed(65_540)
    const read = (write: ReturnType<typeof outcomeWrite>) =>
      decodeOutcome(indexOf(5), write.type === 'put' ? write.value : new Uint8Array())
    expect(read(outcomeWrite(full)).appliedRanges).toEqual(full.appliedRanges)
    const { appliedRanges } = read(outcomeWrite(over))
    expect(appliedRanges).toHaveLength(65_535)
    expect(appliedRanges.at(-1)).toEqual({ first: 131_068, last: 131_078 })
  })
})

describe('the wait for payload', () => {
  test('is over when one commit has waited for so long, and then begins anew', () => {
    const wait = new PayloadWait(100)
    const isOver = (index: number, ms: number) => wait.isOver(indexOf(index), true, at(ms))
    expect([isOver(7, 10), isOver(7, 109), isOver(7, 110)]).toEqual([false, false, true])
    expect([isOver(7, 111), isOver(7, 209), isOver(7, 210)]).toEqual([false, false, true])
  })

  test('begins anew with the next commit, and when nothing was missing', () => {
    const wait = new PayloadWait(100)
    const isOver = (index: number, isMissing: boolean, ms: number) =>
      wait.isOver(indexOf(index), isMissing, at(ms))
    isOver(7, true, 0)
    expect(isOver(8, true, 100)).toBe(false)
    expect(isOver(8, false, 150)).toBe(false)
    expect(isOver(8, true, 200)).toBe(false)
    expect(isOver(8, true, 300)).toBe(true)
  })
})

describe('options', () => {
  test.each(Object.keys(defaultReplicaOptions))('%s is an integer of at least 1', key => {
    checkReplicaOptions(defaultReplicaOptions)
    checkReplicaOptions({ ...defaultReplicaOptions, [key]: 1 })
    for (const value of [0, 1.5, -1, Number.NaN]) {
      expect(() => checkReplicaOptions({ ...defaultReplicaOptions, [key]: value })).toThrow(key)
    }
  })
})

describe('the restorer', () => {
  const row = (table: string, value?: Uint8Array): Row => ({ table, key: new Uint8Array(), value })

  test('asks for the rows of the restored state and the window before it once everything else is in, in any order', () => {
    const restorer = new ReplicaRestorer(4)
    const tokens = restorer.start().map(read => read.token)
    const out: ReplicaEffect[] = []
    const [state, session] = [new Uint8Array(4_096), new Uint8Array(4_096)]
    state[7] = 1
    session[4_095] = 2
    const named = { checkpoint: checkpointAt(10), slots: { state, session } }
    const executed = row(executionTables.executed, encodeExecuted(named))
    for (const token of tokens.reverse()) {
      expect(out).toEqual([])
      const rows = token === 'own/executed' ? [executed] : []
      expect(restorer.onRead(token, rows, out)).toBeUndefined()
    }
    const range = { table: tables.commit, from: indexKey(7), to: indexKey(11), limit: 4 }
    const table = executionTables.bucket
    const keys = [
      { table, key: new Uint8Array([0, 0, 7, 1]) },
      { table, key: new Uint8Array([1, 15, 255, 2]) }
    ]
    expect(out).toEqual([
      { type: 'read', token: 'own/state', keys },
      { type: 'read', token: 'own/window', range }
    ])
    const bucket = row(table, new Uint8Array([2]))
    const bytes = new Uint8Array([1])
    const rows = [row(tables.commit, bytes), row(tables.commit)]
    expect(restorer.onRead('own/window', rows, out)).toBeUndefined()
    expect(restorer.onRead('own/state', [bucket], out)).toMatchObject({
      state: [executed, bucket],
      retained: undefined,
      checkpoints: [],
      partial: [],
      window: [bytes]
    })
  })

  test('of an empty store begins at nothing, and leaves the tokens of others alone', () => {
    const restorer = new ReplicaRestorer(4)
    const out: ReplicaEffect[] = []
    expect(restorer.onRead('replay', [], out)).toBeUndefined()
    for (const { token } of restorer.start()) restorer.onRead(token, [], out)
    expect(out).toMatchObject([
      { token: 'own/state', keys: [] },
      { range: { from: indexKey(0), to: indexKey(1) } }
    ])
    expect(restorer.onRead('own/state', [], out)).toBeUndefined()
    expect(restorer.onRead('own/window', [], out)?.window).toEqual([])
  })
})
