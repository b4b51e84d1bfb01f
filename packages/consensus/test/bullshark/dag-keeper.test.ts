import { describe, expect, test } from 'vitest'
import { Certifier } from '../../src/bullshark/certifier.ts'
import { Committer } from '../../src/bullshark/committer.ts'
import { DagKeeper } from '../../src/bullshark/dag-keeper.ts'
import type { BullsharkOptions } from '../../src/bullshark/options.ts'
import type { BullsharkEffect, BullsharkParts } from '../../src/bullshark/parts.ts'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import { Synchronizer } from '../../src/bullshark/synchronizer.ts'
import { Dag, tables } from '../../src/index.ts'
import { at, batch, four, only, partsOf, peerAt, round, Sketch } from '../fixtures.ts'
import { never } from './ordering.ts'

function setUp(options: Partial<BullsharkOptions> = {}, overrides: Partial<BullsharkParts> = {}) {
  const parts = partsOf({ dag: new Dag(four), ...overrides }, { gcDepthRounds: 4, ...options })
  const needs = {
    parts,
    certifier: new Certifier(parts, new SignedRecord()),
    committer: new Committer(parts.options, parts),
    synchronizer: new Synchronizer(parts)
  }
  const out: BullsharkEffect[] = []
  return { ...needs, keeper: new DagKeeper(needs), out }
}

const sketch = new Sketch(four, (r, a) => (a === 0 ? { payload: [batch(`own ${r}`)] } : {}))
sketch.full(1, 9)

test('what goes in is persisted, what came from the own store is not', () => {
  const fresh = setUp()
  fresh.keeper.accept([sketch.at(1, 1), sketch.at(1, 1)], peerAt(1), at(0), fresh.out)
  expect(only(fresh.out, 'persist').map(e => [e.durable, e.writes.map(w => w.table)])).toEqual([
    [false, [tables.certificate]]
  ])
  const restored = setUp()
  restored.keeper.restore(sketch.all, at(0), restored.out)
  expect(restored.out).toEqual([])
  expect(restored.keeper.isChanged).toBe(true)
})

test('a certificate that waits asks whoever holds it when the store gave it back', () => {
  const { keeper, out } = setUp()
  keeper.restore([sketch.at(3, 1)], at(0), out)
  expect(only(out, 'send').map(send => send.to)).toEqual([peerAt(1)])
  expect(keeper.isChanged).toBe(false)
})

describe('own payload that the next own vertex does not lead to', () => {
  test('is what stands in own vertices that are not certified, oldest first', () => {
    const { keeper } = setUp()
    keeper.accept(
      [0, 1, 2].map(author => sketch.at(1, author)),
      peerAt(1),
      at(0),
      []
    )
    for (const r of [1, 3, 2]) keeper.addProposal(round(r), [batch(`own ${r}`)])
    expect(keeper.unlinkedPayload()).toEqual([batch('own 2'), batch('own 3')])
    keeper.replaceUnlinked(round(4), [...keeper.unlinkedPayload(), batch('new')])
    expect(keeper.unlinkedPayload()).toEqual([batch('own 2'), batch('own 3'), batch('new')])
    expect([...keeper.proposedPayload()]).toHaveLength(4)
  })

  test.each([
    { what: 'nobody linked to', linking: [1, 2, 3], unlinked: [batch('own 1')] },
    { what: 'the others linked to', linking: [0, 1, 2, 3], unlinked: [] }
  ])('where a round was passed over it is what $what', ({ linking, unlinked }) => {
    const passed = new Sketch().full(1, 1)
    for (const author of [1, 2, 3]) passed.add(2, author, linking)
    passed.full(3, 4)
    const { keeper } = setUp()
    keeper.accept(passed.all, peerAt(1), at(0), [])
    for (const r of [1, 3, 4]) keeper.addProposal(round(r), [batch(`own ${r}`)])
    expect(keeper.unlinkedPayload()).toEqual(unlinked)
    keeper.replaceUnlinked(round(5), [...unlinked, batch('new')])
    expect([...keeper.proposedPayload()]).toHaveLength(4)
  })

  test('is nothing of own vertices that follow on each other, whoever else linked to them', () => {
    const alone = new Sketch().full(1, 1)
    for (const author of [1, 2, 3]) alone.add(2, author, [1, 2, 3])
    alone.add(2, 0)
    for (const author of [1, 2, 3]) alone.add(3, author, [1, 2, 3])
    alone.add(3, 0)
    const { keeper } = setUp()
    keeper.accept(alone.all, peerAt(1), at(0), [])
    for (const r of [1, 2, 3]) keeper.addProposal(round(r), [batch(`own ${r}`)])
    expect(keeper.unlinkedPayload()).toEqual([])
  })

  test('is all of an own chain whose last vertex came too late', () => {
    const late = new Sketch().full(1, 2)
    for (const author of [1, 2, 3]) late.add(3, author, [1, 2, 3])
    const { keeper } = setUp()
    keeper.accept(late.all, peerAt(1), at(0), [])
    for (const r of [1, 2]) keeper.addProposal(round(r), [batch(`own ${r}`)])
    // Round 2 of the others leads to the own first vertex; nothing leads to the second.
    expect(keeper.unlinkedPayload()).toEqual([batch('own 2')])
  })

  test('stays where the next header has no room for all of it', () => {
    const { keeper } = setUp()
    for (const r of [2, 3]) keeper.addProposal(round(r), [batch(`own ${r}`), batch('both')])
    keeper.replaceUnlinked(round(4), [batch('own 2'), batch('both')])
    expect(keeper.unlinkedPayload()).toEqual([
      batch('own 3'),
      batch('both'),
      batch('own 2'),
      batch('both')
    ])
  })

  test('is nothing for an observer', () => {
    const { keeper } = setUp({}, { self: undefined })
    keeper.addProposal(round(1), [batch('own 1')])
    expect(keeper.unlinkedPayload()).toEqual([])
    keeper.replaceUnlinked(round(2), [])
    expect([...keeper.proposedPayload()]).toHaveLength(1)
  })
})

describe('ordering', () => {
  test('looks only when something changed, and stops where it is told', () => {
    const { keeper, out } = setUp()
    keeper.accept(sketch.all, peerAt(1), at(0), [])
    keeper.commit(2, at(0), out)
    expect(only(out, 'deliver').map(d => d.subDag.index)).toEqual([1, 2])
    expect(only(out, 'stopped')).toEqual([{ type: 'stopped', index: 2 }])
    expect(keeper.isChanged).toBe(false)
    const again: BullsharkEffect[] = []
    keeper.commit(never, at(0), again)
    expect(again).toEqual([])
  })

  test('collects garbage, which may complete and order what waited for collected parents', () => {
    const { keeper, synchronizer, out, parts } = setUp()
    keeper.accept(
      sketch.all.filter(c => c.header.round <= 7),
      peerAt(1),
      at(0),
      out
    )
    keeper.commit(never, at(0), out)
    expect(parts.dag.gcRound).toBe(2)
    expect(synchronizer.suspendedCount).toBe(0)
    expect(only(out, 'deliver').map(d => d.subDag.anchor.round)).toEqual([2, 4, 6])
  })
})

describe('own proposals', () => {
  test('that are ordered are done with', () => {
    const { keeper, out } = setUp()
    for (let r = 1; r <= 9; r++) keeper.addProposal(round(r), [batch(`own ${r}`)])
    keeper.accept(sketch.all, peerAt(1), at(0), out)
    keeper.commit(never, at(0), out)
    expect(only(out, 'requeue')).toEqual([])
  })

  test.each([
    { requeueRounds: 2, atAnchor: 4 },
    { requeueRounds: 4, atAnchor: 12 },
    { requeueRounds: 100, atAnchor: 12 }
  ])(
    'that nobody linked to are proposed again $requeueRounds rounds later, or once collected',
    ({ requeueRounds, atAnchor }) => {
      const others = new Sketch().full(1, 14, [1, 2, 3])
      const { keeper, out, committer } = setUp({ requeueRounds })
      keeper.addProposal(round(1), [batch('lost')])
      keeper.addProposal(round(2), [])
      let requeuedAt = 0
      for (const certificate of others.all) {
        keeper.accept([certificate], peerAt(1), at(0), out)
        keeper.commit(never, at(0), out)
        if (only(out, 'requeue').length > 0) requeuedAt ||= committer.lastAnchorRound
      }
      expect(only(out, 'requeue')).toEqual([{ type: 'requeue', batches: [batch('lost')] }])
      expect(requeuedAt).toBe(atAnchor)
    }
  )
})
