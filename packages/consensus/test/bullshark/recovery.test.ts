import { describe, expect, test } from 'vitest'
import { Certifier } from '../../src/bullshark/certifier.ts'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import { newestCertificates, Recovery } from '../../src/bullshark/recovery.ts'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import type { Dag } from '../../src/index.ts'
import {
  at,
  certify,
  committeeOf,
  four,
  header,
  only,
  partsOf,
  peerAt,
  replica,
  round,
  Sketch,
  signed,
  slots,
  voteBy
} from '../fixtures.ts'
import {
  certified,
  headerAt,
  headerProof,
  type OwnRound,
  ownRound,
  type Proofs,
  voteProof
} from './own-round.ts'
import { messagesIn } from './seat.ts'

const startedAt = 1_000.7
const fresh = { isStale: false, proposeFloor: 0, abstainUntil: 0 }

function setUp(committee = four, self: number | 'observer' = 0) {
  const record = new SignedRecord()
  const parts = partsOf({ committee, self: self === 'observer' ? undefined : replica(self) })
  const recovery = new Recovery(parts, record)
  const out: BullsharkEffect[] = []
  recovery.ask(at(startedAt), true, out)
  const hears = (replies: readonly OwnRound[]) => {
    for (const [index, reply] of replies.entries()) recovery.onReply(replica(index + 1), reply)
  }
  return { record, recovery, out, hears }
}

/** As it was written: the own header and votes for others, all in the rounds given. */
function write(record: SignedRecord, own: number, votes: Readonly<Record<number, number>>): void {
  if (own > 0) record.setHeader(signed(headerAt(own)))
  for (const [author, r] of Object.entries(votes)) {
    record.setVote(voteBy(0, headerAt(r, Number(author))))
  }
}

test('it asks everyone who has not answered, with one nonce', () => {
  const { recovery, out } = setUp()
  recovery.onReply(replica(2), ownRound())
  recovery.ask(at(9_999), true, out)
  const sent = only(out, 'send').map(({ to, message }) => [
    to,
    message.type === 'ask-own-round' && message.nonce
  ])
  const nonce = 1_000
  expect(sent).toEqual([1, 2, 3, 1, 3].map(index => [peerAt(index), nonce]))
  expect(recovery.missing()).toEqual([peerAt(1), peerAt(3)])
})

describe('with a record that nobody contradicts it concludes with a quorum, the own seat included, once', () => {
  test('of four equal ones', () => {
    const { recovery } = setUp()
    recovery.onReply(replica(1), ownRound())
    recovery.onReply(replica(1), ownRound())
    expect(recovery.conclude(round(0), true, [])).toBeUndefined()
    expect(recovery.isDone).toBe(false)
    recovery.onReply(replica(2), ownRound())
    expect(recovery.conclude(round(0), true, [])).toEqual(fresh)
    expect(recovery.isDone).toBe(true)
    expect(recovery.conclude(round(0), true, [])).toBeUndefined()
    recovery.onReply(replica(3), ownRound(headerProof(9)))
    expect(recovery.missing()).toEqual([peerAt(3)])
  })

  test('by weight', () => {
    const { recovery } = setUp(committeeOf(1, 4, 1, 1))
    recovery.onReply(replica(2), ownRound())
    recovery.onReply(replica(3), ownRound())
    expect(recovery.conclude(round(0), true, [])).toBeUndefined()
    recovery.onReply(replica(1), ownRound())
    expect(recovery.conclude(round(0), true, [])).toBeDefined()
  })

  test('an observer never does', () => {
    const { recovery } = setUp(four, 'observer')
    for (const index of [0, 1, 2, 3]) recovery.onReply(replica(index), ownRound())
    expect(recovery.conclude(round(0), true, [])).toBeUndefined()
  })

  test('not with answers to an earlier start', () => {
    const { recovery, hears } = setUp()
    hears([ownRound({}, 999), ownRound({}, 999), ownRound({}, 999)])
    expect(recovery.conclude(round(0), true, [])).toBeUndefined()
  })
})

describe('with a record that is lost or contradicted it waits for a quorum of the others', () => {
  test('a lost one: with one member away it waits', () => {
    const { recovery, hears } = setUp()
    hears([ownRound(), ownRound()])
    expect(recovery.conclude(round(0), false, [])).toBeUndefined()
    expect(recovery.isDone).toBe(false)
    recovery.onReply(replica(3), ownRound())
    expect(recovery.conclude(round(0), false, [])).toBeDefined()
  })

  test('an old copy: the one who knows better makes the third necessary', () => {
    const { record, recovery, hears } = setUp()
    write(record, 3, {})
    hears([ownRound(), ownRound(headerProof(4))])
    expect(recovery.conclude(round(3), true, [])).toBeUndefined()
    recovery.onReply(replica(3), ownRound())
    expect(recovery.conclude(round(3), true, [])).toMatchObject({ isStale: true })
  })

  test('of seven, five others are enough and four are not', () => {
    const { recovery, hears } = setUp(committeeOf(1, 1, 1, 1, 1, 1, 1))
    hears([ownRound(), ownRound(), ownRound(), ownRound()])
    expect(recovery.conclude(round(0), false, [])).toBeUndefined()
    recovery.onReply(replica(5), ownRound())
    expect(recovery.conclude(round(0), false, [])).toBeDefined()
  })

  test('all of them when they are no quorum', () => {
    const { recovery } = setUp(committeeOf(4, 1, 1, 1))
    recovery.onReply(replica(1), ownRound())
    recovery.onReply(replica(2), ownRound())
    expect(recovery.conclude(round(0), false, [])).toBeUndefined()
    recovery.onReply(replica(3), ownRound())
    expect(recovery.conclude(round(0), false, [])).toBeDefined()
  })
})

describe('a committee of one', () => {
  test('asks nobody and begins at once', () => {
    for (const wasLogPresent of [true, false]) {
      const { recovery, out } = setUp(committeeOf(1))
      expect(out).toEqual([])
      expect(recovery.conclude(round(0), wasLogPresent, [])).toEqual(fresh)
    }
  })

  test('whose record is lost knows its last round from its own vertices', () => {
    const { recovery } = setUp(committeeOf(1))
    const floor = { isStale: true, proposeFloor: 9, abstainUntil: 9 }
    expect(recovery.conclude(round(7), false, [])).toEqual(floor)
  })
})

describe('the floor', () => {
  const newest = (r: number): Proofs => ({ certificates: [certified(r, 1)] })
  interface Case {
    readonly name: string
    readonly isLost?: boolean
    readonly own?: number
    readonly votes?: Readonly<Record<number, number>>
    readonly highest: number
    readonly told: readonly Proofs[]
    readonly expected: typeof fresh
  }
  const cases: readonly Case[] = [
    { name: 'a fresh chain starts at once', highest: 0, told: [{}, {}], expected: fresh },
    {
      name: 'a fresh chain where all have lost their records starts too',
      isLost: true,
      highest: 0,
      told: [{}, {}, {}],
      expected: fresh
    },
    {
      name: 'a normal restart goes on above its own header',
      own: 8,
      votes: { 1: 9, 2: 8 },
      highest: 9,
      told: [
        { ...headerProof(8), ...newest(12) },
        { ...voteProof(9, 1), ...newest(11) }
      ],
      expected: { isStale: false, proposeFloor: 8, abstainUntil: 0 }
    },
    {
      name: 'others may know less than the own record',
      own: 8,
      votes: { 1: 9 },
      highest: 9,
      told: [{}, { ...headerProof(3), ...newest(4) }],
      expected: { isStale: false, proposeFloor: 8, abstainUntil: 0 }
    },
    {
      name: 'an old copy whose header others have seen surpassed',
      own: 8,
      votes: { 1: 8 },
      highest: 9,
      told: [headerProof(20), newest(22), newest(19)],
      expected: { isStale: true, proposeFloor: 24, abstainUntil: 24 }
    },
    {
      name: 'an old copy that shows by an own vertex',
      own: 8,
      votes: { 1: 8 },
      highest: 9,
      told: [{ certificates: [certified(10, 0)] }, {}, {}],
      expected: { isStale: true, proposeFloor: 12, abstainUntil: 12 }
    },
    {
      name: 'an old copy that shows only by a vote',
      own: 8,
      votes: { 1: 8 },
      highest: 9,
      told: [{ ...headerProof(8), ...voteProof(9, 1) }, {}, {}],
      expected: { isStale: true, proposeFloor: 11, abstainUntil: 11 }
    },
    {
      name: 'an old copy that shows only by a vote in a certificate',
      own: 8,
      votes: { 1: 8 },
      highest: 9,
      told: [{ certificates: [certified(9, 1, [0, 1, 2])] }, {}, {}],
      expected: { isStale: true, proposeFloor: 11, abstainUntil: 11 }
    },
    {
      name: 'an old copy that lacks one vote, in a round that another was voted for in',
      own: 8,
      votes: { 1: 9, 2: 8 },
      highest: 9,
      told: [{}, voteProof(9, 2), {}],
      expected: { isStale: true, proposeFloor: 11, abstainUntil: 11 }
    },
    {
      name: 'a lost record: above whatever the others or the own DAG know',
      isLost: true,
      highest: 30,
      told: [newest(29), newest(7), {}],
      expected: { isStale: true, proposeFloor: 32, abstainUntil: 32 }
    },
    {
      name: 'a lost record of the first round: nothing is certified, but a header was seen',
      isLost: true,
      highest: 0,
      told: [headerProof(1), {}, {}],
      expected: { isStale: true, proposeFloor: 2, abstainUntil: 2 }
    },
    {
      name: 'never below what is proven, when those who knew more have taken a snapshot since',
      isLost: true,
      highest: 0,
      told: [{}, voteProof(9, 2), {}],
      expected: { isStale: true, proposeFloor: 9, abstainUntil: 9 }
    }
  ]
  test.each(cases)('$name', ({ isLost = false, own = 0, votes = {}, highest, told, expected }) => {
    const { record, recovery, hears } = setUp()
    write(record, own, votes)
    hears(told.map(proofs => ownRound(proofs)))
    expect(recovery.conclude(round(highest), !isLost, [])).toEqual(expected)
  })

  test.each<{ name: string; proofs: Proofs }>([
    { name: 'a header of another', proofs: headerProof(50, 1) },
    { name: 'a vote of another', proofs: voteProof(50, 0, 2) },
    { name: 'vertices without the own seat', proofs: { certificates: [certified(50, 2)] } }
  ])('$name says nothing of the own record', ({ proofs }) => {
    const { record, recovery, hears } = setUp()
    write(record, 8, { 1: 8 })
    hears([ownRound(proofs), ownRound()])
    expect(recovery.conclude(round(9), true, [])).toEqual({ ...fresh, proposeFloor: 8 })
  })

  test.each<{ name: string; proofs: Proofs }>([
    { name: 'a header of another', proofs: headerProof(50, 1) },
    { name: 'a vote of another', proofs: voteProof(50, 0, 2) }
  ])('$name lifts no floor, since one signature is quickly made', ({ proofs }) => {
    const { recovery, hears } = setUp()
    hears([ownRound(proofs), ownRound({ certificates: [certified(4, 1)] }), ownRound()])
    expect(recovery.conclude(round(0), false, [])).toMatchObject({
      proposeFloor: 6,
      abstainUntil: 6
    })
  })

  test('the last answer of a member counts', () => {
    const { recovery, hears } = setUp()
    hears([ownRound(), ownRound()])
    expect(recovery.conclude(round(0), false, [])).toBeUndefined()
    recovery.onReply(replica(1), ownRound({ certificates: [certified(5, 1)] }))
    recovery.onReply(replica(3), ownRound())
    expect(recovery.conclude(round(0), false, [])).toMatchObject({ proposeFloor: 7 })
  })
})

describe('what a peer knows of the asker', () => {
  function answerOf(asker: number | 'stranger', dag: Dag, live?: (certifier: Certifier) => void) {
    const parts = partsOf({ dag })
    const record = new SignedRecord()
    const certifier = new Certifier(parts, record)
    certifier.maySign = true
    live?.(certifier)
    const out: BullsharkEffect[] = []
    const from = asker === 'stranger' ? ('stranger' as never) : peerAt(asker)
    new Recovery(parts, record).answer(from, 5, certifier, out)
    return { out, reply: messagesIn(out, 'own-round')[0] }
  }
  const sketch = new Sketch().full(1, 2)
  const empty = () => new Sketch().dag()

  test('nothing, before anything was signed', () => {
    const { out, reply } = answerOf(3, empty())
    expect(reply).toEqual(ownRound({}, 5))
    expect(only(out, 'send')).toMatchObject([{ to: peerAt(3), class: 'order' }])
  })

  test('is not told to strangers', () => {
    expect(answerOf('stranger', sketch.dag()).out).toEqual([])
  })

  test('its header that was voted for, the newest', () => {
    const voted = [1, 2].map(r => signed(headerAt(r, 3)))
    const { reply } = answerOf(3, empty(), certifier => {
      certifier.onHeader(peerAt(3), voted[0]!, at(5_000), [])
      certifier.onHeader(peerAt(3), voted[1]!, at(5_000), [])
      certifier.onHeader(peerAt(2), signed(headerAt(2, 2)), at(5_000), [])
    })
    expect(reply).toEqual(ownRound({ header: voted[1]! }, 5))
  })

  test('its vote for the open header, certified or not', () => {
    for (const others of [[3], [3, 1], [3, 1, 2]]) {
      let own = header()
      const { reply } = answerOf(3, empty(), certifier => {
        own = certifier.propose(round(1), [], at(5_000), []).header
        for (const voter of others) certifier.onVote(voteBy(voter, own), [])
      })
      expect(reply).toEqual(ownRound({ vote: voteBy(3, own) }, 5))
    }
  })

  test('no vote of others for it', () => {
    const { reply } = answerOf(3, empty(), certifier => {
      const own = certifier.propose(round(1), [], at(5_000), []).header
      certifier.onVote(voteBy(1, own), [])
    })
    expect(reply).toEqual(ownRound({}, 5))
  })

  test('its newest vertex, the newest with its vote, and the newest of all, each once', () => {
    const dag = sketch.dag()
    dag.insert(certify(header({ round: round(3), author: replica(1) }), [0, 1, 2]))
    expect(slots(newestCertificates(replica(3), dag))).toEqual(['2/3', '3/1'])
    dag.insert(certify(header({ round: round(3), author: replica(0) }), [0, 1, 3]))
    dag.insert(certify(header({ round: round(4), author: replica(2) }), [0, 1, 2]))
    expect(slots(newestCertificates(replica(3), dag))).toEqual(['2/3', '3/0', '4/2'])
    expect(slots(newestCertificates(replica(0), dag))).toEqual(['3/0', '4/2'])
    expect(slots(newestCertificates(replica(2), dag))).toEqual(['4/2'])
    expect(newestCertificates(replica(2), empty())).toEqual([])
    expect(answerOf(3, dag).reply?.certificates).toEqual(newestCertificates(replica(3), dag))
  })
})
