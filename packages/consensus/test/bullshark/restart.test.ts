import type { CommitIndex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { commitWindow, type Header, tables } from '../../src/index.ts'
import {
  batch,
  certify,
  domain,
  four,
  header,
  only,
  partsOf,
  peerAt,
  replica,
  round,
  Sketch,
  signed,
  voteBy
} from '../fixtures.ts'
import { Observer } from './ordering.ts'
import { messagesIn, Seat, type SeatSettings } from './seat.ts'

const index = (value: number) => value as CommitIndex
const cluster = { gcDepthRounds: 4, schedulePeriodCommits: 0, scheduleWindowCommits: 10 }

interface Known {
  readonly headerRound: number
  readonly voteRound: number
  readonly highestRound: number
}

function start(settings: SeatSettings, known: Partial<Known> = {}) {
  const seat = new Seat(0, settings).connect(1, 2, 3)
  const effects = [...seat.step({ type: 'started' })]
  const [ask] = messagesIn(effects, 'ask-own-round')
  for (const from of [1, 2]) {
    const reply = { headerRound: 0, voteRound: 0, highestRound: 0, ...known }
    effects.push(
      ...seat.receive(from, {
        type: 'own-round',
        epoch: domain.epoch,
        nonce: ask?.nonce ?? 0,
        headerRound: round(reply.headerRound),
        voteRound: round(reply.voteRound),
        highestRound: round(reply.highestRound)
      })
    )
  }
  return { seat, effects }
}

/** Lives through a few rounds and leaves its store; the others proposed without waiting for it. */
function lived(settings: SeatSettings = {}) {
  const { seat } = start(settings)
  seat.payload = [batch('own')]
  const sketch = new Sketch().full(1, 5, [1, 2, 3])
  for (const certificate of sketch.all) {
    seat.receive(certificate.header.author, { type: 'header', signed: signed(certificate.header) })
    seat.receive(1, { type: 'certificate', certificate })
  }
  const proposed = messagesIn(
    [...seat.fire('propose'), ...seat.fire('resend'), ...seat.fire('resend')],
    'header'
  )
  return { seat, sketch, own: proposed.at(-1)!.signed.header }
}

function nextHeader(round_: number, author: number, sketch: Sketch, fields: Partial<Header> = {}) {
  const parents = [1, 2, 3].map(a => ({
    author: replica(a),
    digest: sketch.at(round_ - 1, a).digest
  }))
  return header({ round: round(round_), author: replica(author), parents, ...fields })
}

describe('after a restart on the own store', () => {
  test('the log goes on where it was, nothing is delivered twice, and the last header is completed', () => {
    const { seat, own } = lived()
    expect(seat.delivered.map(d => d.index)).toEqual([1, 2])
    expect(own.round).toBe(6)
    const again = start(
      { store: seat.store },
      { headerRound: own.round, voteRound: 6, highestRound: 6 }
    )
    expect(again.seat.delivered).toEqual([])
    expect(again.seat.machine.status()).toMatchObject({
      phase: 'running',
      lastIndex: 2,
      lastDigest: seat.delivered[1]?.digest
    })
    const resent = messagesIn(again.effects, 'header').map(m => m.signed.header)
    expect(new Set(resent.map(value => value.id))).toEqual(new Set([own.id]))
    const [, second] = [1, 2].map(voter =>
      again.seat.receive(voter, { type: 'vote', vote: voteBy(voter, own) })
    )
    expect(messagesIn(second!, 'certificate')).toHaveLength(1)
  })

  test('it votes for no second header in a slot, and shows both', () => {
    const { seat, sketch } = lived()
    const again = start({ store: seat.store }, { headerRound: 6, voteRound: 6, highestRound: 6 })
    const twin = nextHeader(5, 1, sketch, { payload: [batch('twin')] })
    const effects = again.seat.receive(1, { type: 'header', signed: signed(twin) })
    expect(messagesIn(effects, 'vote')).toEqual([])
    expect(only(effects, 'evidence')).toHaveLength(1)
  })

  test('own payload that was not ordered is still watched', () => {
    const { seat } = lived({ options: cluster })
    const again = start({ store: seat.store, options: cluster }, { headerRound: 6, voteRound: 6 })
    const others = new Sketch().full(1, 16, [1, 2, 3])
    const effects = others.all.flatMap(certificate =>
      again.seat.receive(1, { type: 'certificate', certificate })
    )
    const requeued = only(effects, 'requeue').flatMap(effect => effect.batches)
    expect(requeued).toEqual([batch('own')])
  })

  test('with a commit record lost, what follows it is ordered again, the same', () => {
    const { seat } = lived()
    const digests = seat.delivered.map(d => d.digest)
    seat.store.wipe(tables.commit)
    const again = start({ store: seat.store }, { headerRound: 6, voteRound: 6, highestRound: 6 })
    expect(again.seat.delivered.map(d => d.digest)).toEqual(digests)
  })
})

describe('with a record that is lost or an old copy', () => {
  test('a lost record: above whatever anybody knows', () => {
    const { seat, sketch } = lived()
    seat.store.wipe(tables.signed)
    const settings = { store: seat.store, needs: { wasSignedLogPresent: false } }
    const again = start(settings, { headerRound: 6, voteRound: 6, highestRound: 7 })
    expect(only(again.effects, 'note')).toMatchObject([
      { event: 'signed-record-stale', level: 'warn', facts: { proposeAbove: 8, voteAbove: 8 } }
    ])
    const six = nextHeader(6, 1, sketch)
    expect(
      messagesIn(again.seat.receive(1, { type: 'header', signed: signed(six) }), 'vote')
    ).toEqual([])
    expect(messagesIn(again.seat.fire('propose'), 'header')).toEqual([])
    const more = new Sketch().full(1, 9, [1, 2, 3])
    const effects = more.all.flatMap(certificate =>
      again.seat.receive(1, { type: 'certificate', certificate })
    )
    const rounds = messagesIn([...effects, ...again.seat.fire('propose')], 'header').map(
      m => m.signed.header.round
    )
    expect(Math.min(...rounds)).toBeGreaterThan(8)
    const nine = nextHeader(9, 1, more)
    expect(
      messagesIn(again.seat.receive(1, { type: 'header', signed: signed(nine) }), 'vote')
    ).toHaveLength(1)
  })

  test('an old copy signs nothing in the rounds it has forgotten', () => {
    const old = lived()
    const copy = old.seat.store.copy()
    const again = start({ store: copy }, { headerRound: 40, voteRound: 40, highestRound: 41 })
    expect(only(again.effects, 'note')[0]?.event).toBe('signed-record-stale')
    const effects = again.seat.receive(1, {
      type: 'header',
      signed: signed(nextHeader(6, 2, old.sketch))
    })
    expect(messagesIn(effects, 'vote')).toEqual([])
  })
})

describe('a snapshot', () => {
  const full = new Sketch().full(1, 30)
  const whole = new Observer(four, cluster).insert(full.all).order()
  const window = whole.commits.slice(0, 9).slice(-commitWindow(cluster))

  test('replaces the log, persists its window, and the node goes on from there', () => {
    const { seat } = start({ options: cluster })
    seat.receive(1, { type: 'certificate', certificate: full.at(9, 1) })
    const effects = seat.step({ type: 'adopt', commits: window })
    const [persist] = only(effects, 'persist')
    expect(persist?.durable).toBe(true)
    expect(persist?.writes.map(write => write.table)).toEqual([
      ...window.map(() => tables.commit),
      tables.meta
    ])
    expect(seat.machine.status()).toMatchObject({ lastIndex: 9, lastDigest: whole.digests[8] })
    for (const certificate of full.all) seat.receive(1, { type: 'certificate', certificate })
    expect(seat.delivered.map(d => d.digest)).toEqual(whole.digests.slice(9))
    const again = start({ store: seat.store, options: cluster }, { headerRound: 31, voteRound: 31 })
    expect(again.seat.lastIndex).toBe(whole.commits.length)
  })

  test('that is empty or not ahead changes nothing', () => {
    const { seat } = start({ options: cluster })
    seat.step({ type: 'adopt', commits: window })
    expect(only(seat.step({ type: 'adopt', commits: [] }), 'persist')).toEqual([])
    expect(only(seat.step({ type: 'adopt', commits: window }), 'persist')).toEqual([])
  })
})

test('pruning deletes old rounds and commits, and what is pruned is not served', () => {
  const { seat } = start({ options: cluster })
  const sketch = new Sketch().full(1, 30)
  for (const certificate of sketch.all) seat.receive(1, { type: 'certificate', certificate })
  const before = seat.store.rows(tables.certificate).length
  seat.step({ type: 'prune', below: index(10) })
  expect(seat.store.rows(tables.certificate).length).toBeLessThan(before)
  expect(seat.store.rows(tables.commit)).toHaveLength(11)
  const ask = {
    type: 'catch-up',
    epoch: domain.epoch,
    fromIndex: index(9),
    fromRound: round(0)
  } as const
  expect(messagesIn(seat.receive(1, ask), 'caught-up')[0]).toMatchObject({
    lowest: 10,
    head: 14,
    certificates: []
  })
  const rest = messagesIn(seat.receive(1, { ...ask, fromIndex: index(10) }), 'caught-up')[0]
  expect(rest?.certificates.length).toBeGreaterThan(20)
  const again = start({ store: seat.store, options: cluster }, { headerRound: 30, voteRound: 30 })
  expect(messagesIn(again.seat.receive(1, ask), 'caught-up')[0]).toMatchObject({ lowest: 10 })
})

test('an observer follows and signs nothing', () => {
  const observer = new Seat('observer').connect(1, 2)
  const started = observer.step({ type: 'started' })
  expect(messagesIn(started, 'catch-up')[0]).toMatchObject({ fromIndex: 1 })
  expect(observer.machine.status().phase).toBe('observing')
  const sketch = new Sketch().full(1, 5)
  const reply = {
    type: 'caught-up',
    epoch: domain.epoch,
    fromIndex: index(1),
    lowest: index(1),
    head: index(2),
    certificates: sketch.all
  } as const
  expect(observer.receive(2, reply)).toEqual([])
  observer.receive(1, reply)
  expect(observer.delivered.map(d => d.index)).toEqual([1, 2])
  observer.receive(1, { type: 'header', signed: signed(header({ author: replica(1) })) })
  const effects = [
    ...observer.fire('resend'),
    ...observer.fire('sync'),
    ...observer.fire('propose')
  ]
  expect(messagesIn(effects, 'header')).toEqual([])
  const seen = observer.step({ type: 'head-seen', index: index(3), from: peerAt(1) })
  expect(messagesIn(seen, 'catch-up')[0]).toMatchObject({ fromIndex: 3 })
  expect(partsOf({ self: undefined }).self).toBeUndefined()
})

describe('a node that fell behind', () => {
  const fields = { type: 'caught-up', epoch: domain.epoch, lowest: index(1) } as const

  test('asks for commits when it sees far rounds, and goes on until it is level', () => {
    const { seat } = start({})
    const sketch = new Sketch().full(1, 30)
    const far = seat.receive(1, { type: 'certificate', certificate: sketch.at(30, 1) })
    const asked = [...far, ...seat.fire('sync')]
    expect(messagesIn(asked, 'catch-up').at(-1)).toMatchObject({ fromIndex: 1 })
    const part = sketch.all.filter(c => c.header.round <= 9)
    const first = { ...fields, fromIndex: index(1), head: index(14), certificates: part }
    const next = [1, 2, 3].flatMap(from => seat.receive(from, first))
    expect(seat.lastIndex).toBe(4)
    expect(messagesIn(next, 'catch-up').map(m => m.fromIndex)).toEqual([5])
    const rest = { ...first, fromIndex: index(5), certificates: sketch.all }
    for (const from of [1, 2, 3]) seat.receive(from, rest)
    expect(seat.lastIndex).toBe(14)
  })

  test('says so when peers have pruned what it needs', () => {
    const { seat } = start({})
    const reply = {
      ...fields,
      fromIndex: index(1),
      lowest: index(50),
      head: index(90),
      certificates: []
    }
    // Each is asked in turn, and each of them says it.
    for (const from of [1, 2, 3]) {
      expect(only(seat.receive(from, reply), 'behind')).toEqual([{ type: 'behind', lowest: 50 }])
    }
  })

  test('does not fetch more than its executor can take', () => {
    const { seat } = start({ executes: false, options: { executionLagCommitsMax: 1 } })
    const sketch = new Sketch().full(1, 9)
    for (const certificate of sketch.all) seat.receive(1, { type: 'certificate', certificate })
    seat.step({ type: 'head-seen', index: index(100), from: peerAt(1) })
    seat.now += 10_000
    expect(messagesIn(seat.fire('sync'), 'catch-up')).toEqual([])
    expect(messagesIn(seat.step({ type: 'executed', index: index(4) }), 'catch-up')).toHaveLength(1)
  })

  test('turns to commits when a pull stays without an answer', () => {
    const { seat } = start({})
    const lonely = certify(
      header({
        round: round(2),
        author: replica(1),
        parents: [1, 2, 3].map(a => ({ author: replica(a), digest: batch(a).digest }))
      }),
      [1, 2, 3]
    )
    seat.receive(1, { type: 'certificate', certificate: lonely })
    const tries = Array.from({ length: 8 }, () => seat.fire('sync'))
    expect(tries.flatMap(effects => messagesIn(effects, 'pull')).length).toBeGreaterThan(4)
    expect(messagesIn(tries.at(-1)!, 'catch-up')).toHaveLength(1)
  })

  test('measures how long to wait for leaders', () => {
    const { seat } = start({})
    expect(messagesIn(seat.step({ type: 'network-measured', roundTripMs: 80 }), 'header')).toEqual(
      []
    )
    seat.step({ type: 'peer-disconnected', peer: peerAt(1) })
    seat.step({ type: 'peer-disconnected', peer: peerAt(2) })
    expect(seat.machine.status().reasons).toContain('no quorum: not connected to peer-1, peer-2')
  })
})
