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
import { ownRound, type Proofs } from './own-round.ts'
import { messagesIn, Seat, type SeatSettings } from './seat.ts'

const index = (value: number) => value as CommitIndex
const cluster = { gcDepthRounds: 4, schedulePeriodCommits: 0, scheduleWindowCommits: 10 }

/** Started on a store and past its recovery; these members tell it what they can prove. */
function start(settings: SeatSettings, proofs: Proofs = {}, from: readonly number[] = [1, 2]) {
  const seat = new Seat(0, settings).connect(1, 2, 3)
  const effects = [...seat.step({ type: 'started' })]
  const [ask] = messagesIn(effects, 'ask-own-round')
  for (const peer of from) effects.push(...seat.receive(peer, ownRound(proofs, ask?.nonce ?? 0)))
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
    const again = start({ store: seat.store }, { header: signed(own) })
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
    const { seat, sketch, own } = lived()
    const again = start({ store: seat.store }, { header: signed(own) })
    const twin = nextHeader(5, 1, sketch, { payload: [batch('twin')] })
    const effects = again.seat.receive(1, { type: 'header', signed: signed(twin) })
    expect(messagesIn(effects, 'vote')).toEqual([])
    expect(only(effects, 'evidence')).toHaveLength(1)
  })

  test('own payload that was not ordered is still watched', () => {
    const { seat, own } = lived({ options: cluster })
    const again = start({ store: seat.store, options: cluster }, { header: signed(own) })
    const others = new Sketch().full(1, 16, [1, 2, 3])
    const effects = others.all.flatMap(certificate =>
      again.seat.receive(1, { type: 'certificate', certificate })
    )
    const requeued = only(effects, 'requeue').flatMap(effect => effect.batches)
    expect(requeued).toEqual([batch('own')])
  })

  test('with a commit record lost, what follows it is ordered again, the same', () => {
    const { seat, own } = lived()
    const digests = seat.delivered.map(d => d.digest)
    seat.store.wipe(tables.commit)
    const again = start({ store: seat.store }, { header: signed(own) })
    expect(again.seat.delivered.map(d => d.digest)).toEqual(digests)
  })
})

describe('with a record that is lost or an old copy', () => {
  test('a lost record: two above whatever anybody knows, once all the others have answered', () => {
    const { seat, sketch, own } = lived()
    seat.store.wipe(tables.signed)
    const settings = { store: seat.store, needs: { wasSignedLogPresent: false } }
    const again = start(settings, { header: signed(own) })
    expect(again.seat.machine.status()).toMatchObject({
      phase: 'recovering',
      reasons: ['waiting for own last round from peer-3']
    })
    const asked = again.seat.fire('sync')
    const [ask] = messagesIn(asked, 'ask-own-round')
    const done = again.seat.receive(3, ownRound({}, ask?.nonce))
    expect(only(done, 'note')).toMatchObject([
      { event: 'signed-record-stale', level: 'warn', facts: { proposeAbove: 7, voteAbove: 7 } }
    ])
    const six = nextHeader(6, 1, sketch)
    const early = again.seat.receive(1, { type: 'header', signed: signed(six) })
    expect(messagesIn(early, 'vote')).toEqual([])
    expect(messagesIn(again.seat.fire('propose'), 'header')).toEqual([])
    const more = new Sketch().full(1, 8, [1, 2, 3])
    const effects = more.all.flatMap(certificate =>
      again.seat.receive(1, { type: 'certificate', certificate })
    )
    const proposed = messagesIn([...effects, ...again.seat.fire('propose')], 'header')
    expect(Math.min(...proposed.map(m => m.signed.header.round))).toBe(8)
    const eight = nextHeader(8, 1, more)
    const late = again.seat.receive(1, { type: 'header', signed: signed(eight) })
    expect(messagesIn(late, 'vote')).toHaveLength(1)
  })

  test('an old copy signs nothing in the rounds it has forgotten', () => {
    const old = lived()
    const copy = old.seat.store.copy()
    const proof = { header: signed(header({ round: round(40) })) }
    const again = start({ store: copy }, proof, [1, 2, 3])
    expect(only(again.effects, 'note')[0]).toMatchObject({
      event: 'signed-record-stale',
      facts: { proposeAbove: 40, voteAbove: 40 }
    })
    const effects = again.seat.receive(1, {
      type: 'header',
      signed: signed(nextHeader(6, 2, old.sketch))
    })
    expect(messagesIn(effects, 'vote')).toEqual([])
  })

  test('a liar cannot silence it: without signatures nothing counts, and the others are enough', () => {
    const { seat, own } = lived()
    const far = header({ round: round(1_000_000), author: replica(1) })
    const mine = header({ round: round(1_000_000) })
    const [signature] = certify(far, [1]).signatures.map(entry => entry.signature)
    const forged = [0, 1, 2].map(voter => ({ voter: replica(voter), signature: signature! }))
    const lies: Proofs[] = [
      { certificates: [certify(far, [1])] },
      { certificates: [certify(far, [1, 60_000, 60_001])] },
      { header: signed(far), vote: voteBy(1, far) },
      { header: { ...signed(mine), signature: new Uint8Array(64) } },
      { header: { ...signed(mine), signature: signed(far).signature } },
      { vote: { ...voteBy(1, far), voter: replica(0) } },
      { certificates: [{ ...certify(far, [0, 1, 2]), signatures: forged }] }
    ]
    for (const lie of lies) {
      const again = start({ store: seat.store.copy() }, lie, [3])
      again.seat.fire('sync')
      const effects = [1, 2].flatMap(peer =>
        again.seat.receive(peer, ownRound({ header: signed(own) }))
      )
      expect(only(effects, 'note')).toMatchObject([
        { event: 'recovered', facts: { proposeAbove: own.round, voteAbove: 0 } }
      ])
    }
  })
})

describe('a snapshot', () => {
  const full = new Sketch().full(1, 30)
  const whole = new Observer(four, cluster).insert(full.all).order()
  const window = whole.commits.slice(0, 9).slice(-commitWindow(cluster, 4))

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
    const again = start({ store: seat.store, options: cluster })
    expect(again.seat.lastIndex).toBe(whole.commits.length)
  })

  test('stands for the parents that it has ordered: what comes above is taken and voted for', () => {
    const { seat } = start({ options: cluster })
    const last = whole.commits[8]!
    const lastRound = last.anchor.round
    const above = full.all.filter(({ header: { round: r } }) => r === lastRound + 1)
    const waiting = above.map(certificate => seat.receive(1, { type: 'certificate', certificate }))
    expect(messagesIn(waiting.flat(), 'pull')).not.toEqual([])
    expect(seat.machine.dag.highestRound).toBe(0)
    const parents = last.vertices.filter(v => v.round === lastRound - 1)
    expect(parents).toHaveLength(4)
    const others = full.all.filter(({ header: { round: r } }) => r === lastRound)
    const adopted = seat.step({ type: 'adopt', commits: window })
    expect(only(adopted, 'persist')).not.toEqual([])
    // Of the last round only the anchor is ordered; the rest of it stands on vertices that are.
    for (const certificate of others) seat.receive(2, { type: 'certificate', certificate })
    expect(seat.machine.dag.highestRound).toBe(lastRound + 1)
    const next = full.at(lastRound + 2, 3).header
    seat.now = next.createdAt
    const effects = seat.receive(3, { type: 'header', signed: signed(next) })
    expect(messagesIn(effects, 'vote').map(m => m.vote.headerId)).toEqual([next.id])
    expect(messagesIn(effects, 'pull')).toEqual([])
  })

  test('lets in what waited for vertices that it has ordered', () => {
    const { seat } = start({ options: cluster })
    const anchor = whole.commits[8]!.anchor
    const sketch = full.all.filter(({ header: { round: r } }) => r === anchor.round)
    for (const certificate of sketch) seat.receive(1, { type: 'certificate', certificate })
    expect(seat.machine.dag.highestRound).toBe(0)
    seat.step({ type: 'adopt', commits: window })
    expect(seat.machine.dag.round(anchor.round)).toHaveLength(4)
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
  // Whoever stands at the commit before, even without a vertex of it, gets all it needs.
  const { seat: laggard } = start({ options: cluster })
  const { commits } = new Observer(four, cluster).insert(sketch.all).order()
  laggard.step({ type: 'adopt', commits: commits.slice(0, 9) })
  for (const certificate of rest!.certificates) {
    laggard.receive(1, { type: 'certificate', certificate })
  }
  expect(laggard.delivered.map(d => d.digest)).toEqual(seat.delivered.slice(9).map(d => d.digest))
  expect(laggard.lastIndex).toBe(14)
  const again = start({ store: seat.store, options: cluster })
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
    expect(tries.flatMap(effects => messagesIn(effects, 'catch-up')).length).toBeGreaterThan(0)
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
