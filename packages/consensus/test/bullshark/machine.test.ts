import { AssertionError, type CommitIndex, type Epoch, type PeerId } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import { type Certificate, type Header, tables } from '../../src/index.ts'
import {
  batch,
  certify,
  committeeOf,
  counted,
  digest,
  domain,
  four,
  header,
  only,
  peerAt,
  replica,
  round,
  Sketch,
  signed,
  voteBy
} from '../fixtures.ts'
import { ownRound } from './own-round.ts'
import { messagesIn, Seat, type SeatSettings, sentIn } from './seat.ts'

const index = (value: number) => value as CommitIndex

/** Everyone else says: nothing known of you. */
function answerOwnRound(seat: Seat, ...from: readonly number[]) {
  return from.flatMap(peer => seat.receive(peer, ownRound()))
}

/** Replica 0 of four, connected and past its recovery. */
function running(settings: SeatSettings = {}): Seat {
  const seat = new Seat(0, settings).connect(1, 2, 3)
  seat.step({ type: 'started' })
  answerOwnRound(seat, 1, 2)
  expect(seat.machine.status().phase).toBe('running')
  return seat
}

const give = (seat: Seat, certificates: readonly Certificate[]) =>
  certificates.flatMap(certificate => seat.receive(1, { type: 'certificate', certificate }))

/** The header of replica 1 in round 1. */
const first = (fields: Partial<Header> = {}) => header({ author: replica(1), ...fields })

describe('from the start to running', () => {
  test('it reads the store, asks for its own round, and proposes once a quorum has answered', () => {
    const seat = new Seat(0).connect(1, 2, 3)
    expect(seat.machine.status().phase).toBe('recovering')
    const started = seat.step({ type: 'started' })
    expect(only(started, 'read').map(read => read.token)).toEqual([
      'restore/meta',
      'restore/signed',
      'restore/commits',
      'restore/certificates',
      'restore/headers'
    ])
    expect(sentIn(started).map(({ to, message }) => [to, message.type])).toEqual(
      [1, 2, 3].map(peer => [peerAt(peer), 'ask-own-round'])
    )
    expect(seat.machine.status()).toMatchObject({
      phase: 'recovering',
      reasons: ['waiting for own last round from peer-1, peer-2, peer-3']
    })
    expect(answerOwnRound(seat, 1)).not.toContainEqual(expect.objectContaining({ type: 'note' }))
    const done = answerOwnRound(seat, 2)
    expect(only(done, 'note')).toMatchObject([{ event: 'recovered', level: 'info' }])
    expect(messagesIn(done, 'header').map(m => m.signed.header.round)).toEqual([1])
    expect(seat.machine.status()).toMatchObject({ phase: 'running', round: 0, lastIndex: 0 })
  })

  test('before the store is read nothing is answered', () => {
    const seat = new Seat(0)
    expect(seat.receive(1, { type: 'header', signed: signed(first()) })).toEqual([])
    expect(seat.fire('resend')).toEqual([])
    expect(seat.step({ type: 'hold', reason: 'early' })).toEqual([])
  })

  test('it asks again until enough have answered', () => {
    const seat = new Seat(0).connect(1, 2, 3)
    seat.step({ type: 'started' })
    answerOwnRound(seat, 1)
    const again = seat.fire('sync')
    expect(messagesIn(again, 'ask-own-round')).toHaveLength(2)
    expect(only(again, 'set-timer').map(timer => timer.timer)).toContain('sync')
  })

  test('headers that arrive meanwhile are voted for afterwards', () => {
    const seat = new Seat(0).connect(1, 2, 3)
    seat.step({ type: 'started' })
    expect(sentIn(seat.receive(1, { type: 'header', signed: signed(first()) }))).toEqual([])
    const done = answerOwnRound(seat, 1, 2)
    expect(messagesIn(done, 'vote').map(m => m.vote.headerId)).toEqual([first().id])
  })

  test('it answers others about their rounds in any phase', () => {
    const seat = new Seat(0).connect(1, 2, 3)
    seat.step({ type: 'started' })
    const [reply] = messagesIn(
      seat.receive(1, { type: 'ask-own-round', epoch: domain.epoch, nonce: 7 }),
      'own-round'
    )
    expect(reply).toEqual(ownRound({}, 7))
    answerOwnRound(seat, 2, 3)
    const [own] = messagesIn(seat.receive(1, { type: 'header', signed: signed(first()) }), 'vote')
    expect(own?.vote.voter).toBe(0)
    const ask = { type: 'ask-own-round', epoch: domain.epoch, nonce: 8 } as const
    const proof = { header: signed(first()) }
    expect(messagesIn(seat.receive(1, ask), 'own-round')).toEqual([ownRound(proof, 8)])
  })

  test('a vote for the open proposal is shown to its voter', () => {
    const seat = running()
    const [mine] = messagesIn(seat.fire('resend'), 'header')
    seat.receive(3, { type: 'vote', vote: voteBy(3, mine!.signed.header) })
    const ask = { type: 'ask-own-round', epoch: domain.epoch, nonce: 8 } as const
    const proof = { vote: voteBy(3, mine!.signed.header) }
    expect(messagesIn(seat.receive(3, ask), 'own-round')).toEqual([ownRound(proof, 8)])
  })

  test('a committee of one needs nobody', () => {
    const alone = new Seat(0, { needs: { committee: committeeOf(1) } })
    alone.step({ type: 'started' })
    expect(alone.machine.status().phase).toBe('running')
    for (let i = 0; i < 6; i++) alone.fire('propose')
    expect(alone.lastIndex).toBeGreaterThan(1)
  })
})

describe('a round', () => {
  test('own header, votes, certificate, and the next round when a quorum has certificates', () => {
    const seat = new Seat(0).connect(1, 2, 3)
    seat.payload = [batch('p')]
    seat.step({ type: 'started' })
    const [proposal] = messagesIn(answerOwnRound(seat, 1, 2), 'header')
    const own = proposal!.signed.header
    expect(own.payload).toEqual([batch('p')])
    seat.receive(1, { type: 'vote', vote: voteBy(1, own) })
    const certified = seat.receive(2, { type: 'vote', vote: voteBy(2, own) })
    expect(messagesIn(certified, 'certificate')[0]?.certificate.signatures).toHaveLength(3)
    const kinds = certified.map(effect => effect.type)
    expect(kinds.indexOf('broadcast')).toBeLessThan(kinds.indexOf('persist'))
    give(seat, [certify(first(), [0, 1, 2])])
    seat.step({ type: 'payload-waiting' })
    const opened = give(seat, [certify(header({ author: replica(2) }), [0, 1, 2])])
    const next = messagesIn([...opened, ...seat.fire('propose', 20)], 'header').at(-1)
    expect(next?.signed.header).toMatchObject({ round: 2, author: 0 })
    expect(next?.signed.header.parents.map(parent => parent.author)).toEqual([0, 1, 2])
  })

  test('commits are persisted, then delivered, each once, with their payload asked for', () => {
    const held = new Set<string>()
    const seat = running({ needs: { hasBatch: d => held.has(d) } })
    const fill = (r: number, a: number) => (a === 1 ? { payload: [batch(`${r}`)] } : {})
    const effects = give(seat, new Sketch(four, fill).full(1, 5).all)
    const wanted = only(effects, 'want-batches')
    expect(wanted.map(want => want.batches)).toEqual([1, 2, 3, 4, 5].map(r => [batch(`${r}`)]))
    expect(wanted[0]?.holders).toEqual([peerAt(1), peerAt(2), peerAt(3)])
    const delivered = only(effects, 'deliver')
    expect(delivered.map(d => [d.subDag.index, d.finality])).toEqual([
      [1, 'final'],
      [2, 'final']
    ])
    const place = effects.indexOf(delivered[0]!)
    const before = effects[place - 1]
    expect(before?.type === 'persist' && before.writes[0]?.table).toBe(tables.commit)
    expect(give(seat, new Sketch(four, fill).full(1, 5).all)).toEqual([])
    expect(seat.machine.dag.highestRound).toBe(5)
    expect(seat.machine.leaderOf(round(2))).toBe(1)
    expect([seat.machine.lastIndex, seat.machine.lastAnchorRound]).toEqual([2, 4])
    expect(seat.machine.windowCommits).toBe(52)
  })

  test('payload that came too late for its round goes back', () => {
    const seat = running()
    const batches = [batch('late')]
    expect(only(seat.step({ type: 'payload-offered', batches }), 'requeue')).toEqual([
      { type: 'requeue', batches }
    ])
    expect(only(seat.step({ type: 'payload-offered', batches: [] }), 'requeue')).toEqual([])
  })

  test('own payload below the garbage collection is proposed again', () => {
    const seat = running({ options: { gcDepthRounds: 4 } })
    seat.step({ type: 'payload-waiting' })
    const without = new Sketch().full(1, 3, [1, 2, 3])
    seat.payload = [batch('own')]
    give(
      seat,
      without.all.filter(c => c.header.round === 1)
    )
    seat.fire('propose', 1_000)
    expect(seat.payload).toEqual([])
    const effects = give(seat, without.full(4, 16, [1, 2, 3]).all)
    expect(only(effects, 'requeue').flatMap(e => e.batches)).toEqual([batch('own')])
  })

  test('a header that lacks parents or payload is pulled for, and voted for when they come', () => {
    const held = new Set<string>()
    const seat = running({ needs: { hasBatch: d => held.has(d) } })
    const sketch = new Sketch().full(1, 1)
    const parents = sketch.all.map(c => ({ author: c.header.author, digest: c.digest }))
    const value = first({ round: round(2), parents, payload: [batch('x')] })
    const effects = seat.receive(1, { type: 'header', signed: signed(value) })
    expect(messagesIn(effects, 'pull')[0]?.digests).toEqual(parents.map(p => p.digest))
    expect(only(effects, 'want-batches')).toEqual([
      {
        type: 'want-batches',
        batches: [batch('x')],
        holders: [peerAt(1)],
        by: { type: 'header', author: 1, round: 2 }
      }
    ])
    held.add(batch('x').digest)
    expect(
      messagesIn(seat.step({ type: 'batches-stored', digests: [batch('x').digest] }), 'vote')
    ).toEqual([])
    const pulled = { type: 'pulled', epoch: domain.epoch, certificates: sketch.all } as const
    expect(messagesIn(seat.receive(1, pulled), 'vote')).toHaveLength(1)
  })

  test('answers a pull with what it holds', () => {
    const seat = running()
    const sketch = new Sketch().full(1, 1)
    give(seat, sketch.all)
    const pull = { type: 'pull', epoch: domain.epoch, digests: [sketch.at(1, 3).digest] } as const
    expect(messagesIn(seat.receive(2, pull), 'pulled')[0]?.certificates).toEqual([sketch.at(1, 3)])
    expect(messagesIn(seat.receive(2, { ...pull, digests: [digest('no')] }), 'pulled')).toEqual([])
  })
})

describe('hold and release', () => {
  test('a held replica signs nothing, and goes on where it was when the last hold is gone', () => {
    const seat = running()
    seat.step({ type: 'hold', reason: 'the disk is full' })
    seat.step({ type: 'hold', reason: 'another state' })
    const { phase, reasons } = seat.machine.status()
    expect(phase).toBe('held')
    expect(reasons).toContain('signing is held: the disk is full')
    expect(reasons).toContain('signing is held: another state')
    const effects = [
      ...seat.receive(1, { type: 'header', signed: signed(first()) }),
      ...give(seat, new Sketch().full(1, 3, [1, 2, 3]).all),
      ...seat.fire('resend'),
      ...seat.fire('resend'),
      ...seat.step({ type: 'release', reason: 'the disk is full' })
    ]
    expect(messagesIn(effects, 'vote')).toEqual([])
    expect(messagesIn(effects, 'header')).toEqual([])
    const released = seat.step({ type: 'release', reason: 'another state' })
    expect(messagesIn(released, 'vote').map(m => m.vote.headerId)).toEqual([first().id])
    const later = [...released, ...seat.fire('propose')]
    expect(messagesIn(later, 'header')[0]?.signed.header.round).toBe(4)
  })
})

describe('stop-at', () => {
  test('nothing above is delivered, and nothing more is proposed', () => {
    const seat = running()
    seat.step({ type: 'stop-at', index: index(2) })
    const effects = give(seat, new Sketch().full(1, 9).all)
    expect(seat.delivered.map(subDag => subDag.index)).toEqual([1, 2])
    expect(only(effects, 'stopped')).toEqual([{ type: 'stopped', index: 2 }])
    expect(seat.machine.status().phase).toBe('stopped')
    expect(only(seat.fire('propose'), 'request-payload')).toEqual([])
  })

  test('at the head it stops at once; in the past it is our own mistake', () => {
    const seat = running()
    give(seat, new Sketch().full(1, 5).all)
    expect(() => seat.step({ type: 'stop-at', index: index(1) })).toThrow(AssertionError)
    expect(only(seat.step({ type: 'stop-at', index: index(2) }), 'stopped')).toHaveLength(1)
  })
})

test('an event of another epoch changes nothing', () => {
  const seat = running()
  expect(seat.step({ type: 'hold', reason: 'x' }, 1 as Epoch)).toEqual([])
  expect(seat.machine.status().phase).toBe('running')
})

test('an event or a message of no known type is our own mistake', () => {
  const seat = running()
  expect(() => seat.step({ type: 'none' } as never)).toThrow(AssertionError)
  const message = { type: 'none' } as never
  expect(() => seat.step({ type: 'received', from: peerAt(1), message })).toThrow(AssertionError)
})

test('who is no member gets no answer about rounds and settles nothing', () => {
  const seat = new Seat(0).connect(1, 2, 3)
  seat.step({ type: 'started' })
  const from = 'stranger' as PeerId
  const ask = { type: 'ask-own-round', epoch: domain.epoch, nonce: 1_000 } as const
  for (const message of [ask, ownRound()]) {
    expect(sentIn(seat.step({ type: 'received', from, message: message as never }))).toEqual([])
  }
  expect(seat.machine.status().phase).toBe('recovering')
})

describe('when nothing moves', () => {
  test('it sends its header again, and asks for commits after some rounds of that', () => {
    const seat = running()
    seat.fire('resend')
    const looks = [1, 2, 3, 4].map(() => seat.fire('resend'))
    for (const effects of looks) expect(messagesIn(effects, 'header')).toHaveLength(3)
    expect(looks.flatMap(effects => messagesIn(effects, 'catch-up'))).not.toEqual([])
    expect(counted(looks.flat())).toContain('resent')
  })

  const waitsIn = (seat: Seat, effects: readonly BullsharkEffect[]) =>
    only(effects, 'set-timer').flatMap(({ timer, at }) =>
      timer === 'resend' ? [at - seat.now] : []
    )

  test('it waits longer each time, up to a bound', () => {
    const seat = running()
    const waits = [1, 2, 3, 4, 5].flatMap(() => waitsIn(seat, seat.fire('resend')))
    expect(waits).toEqual([800, 1_200, 1_200, 1_200, 1_200])
  })

  test('it looks soon when a peer is back, or heard again after long', () => {
    const seat = running()
    for (let look = 0; look < 4; look++) seat.fire('resend')
    expect(waitsIn(seat, seat.step({ type: 'peer-connected', peer: peerAt(2) }))).toEqual([100])
    // The others come back as well meanwhile; then it waits as long as in the beginning.
    seat.now += 20
    expect(waitsIn(seat, seat.step({ type: 'peer-connected', peer: peerAt(3) }))).toEqual([])
    expect(waitsIn(seat, seat.fire('resend', 80))).toEqual([800])
    for (let look = 0; look < 3; look++) seat.fire('resend', 1_200)
    expect(waitsIn(seat, seat.receive(1, ownRound()))).toEqual([100])
  })

  test('progress resends nothing', () => {
    const seat = running()
    seat.fire('resend')
    give(seat, new Sketch().full(1, 1).all)
    expect(counted(seat.fire('resend'))).not.toContain('resent')
  })
})
