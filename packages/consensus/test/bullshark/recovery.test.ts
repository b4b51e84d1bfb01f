import { describe, expect, test } from 'vitest'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import { ownRoundReply, Recovery } from '../../src/bullshark/recovery.ts'
import { SignedRecord } from '../../src/bullshark/signed-record.ts'
import type { BullsharkMessage } from '../../src/index.ts'
import {
  at,
  certify,
  committeeOf,
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

type OwnRound = Extract<BullsharkMessage, { type: 'own-round' }>

const startedAt = 1_000.7

function setUp(committee = four, self: number | 'observer' = 0) {
  const record = new SignedRecord()
  const parts = partsOf({ committee, self: self === 'observer' ? undefined : replica(self) })
  const recovery = new Recovery(parts, record)
  const out: BullsharkEffect[] = []
  recovery.ask(at(startedAt), out)
  return { record, recovery, out }
}

function answer(
  fields: Partial<Record<'headerRound' | 'voteRound' | 'highestRound', number>> = {}
) {
  const zero = { headerRound: 0, voteRound: 0, highestRound: 0 }
  return { type: 'own-round', epoch: domain.epoch, nonce: 1_000, ...zero, ...fields } as OwnRound
}

test('it asks everyone who has not answered, with one nonce', () => {
  const { recovery, out } = setUp()
  recovery.onReply(replica(2), answer())
  recovery.ask(at(9_999), out)
  const sent = only(out, 'send').map(({ to, message }) => [
    to,
    message.type === 'ask-own-round' && message.nonce
  ])
  const nonce = 1_000
  expect(sent).toEqual([1, 2, 3, 1, 3].map(index => [peerAt(index), nonce]))
  expect(recovery.missing()).toEqual([peerAt(1), peerAt(3)])
})

describe('it concludes with a quorum, the own seat included, and once', () => {
  test('of four equal ones', () => {
    const { recovery } = setUp()
    recovery.onReply(replica(1), answer())
    recovery.onReply(replica(1), answer())
    expect(recovery.conclude(round(0), true)).toBeUndefined()
    expect(recovery.isDone).toBe(false)
    recovery.onReply(replica(2), answer())
    expect(recovery.conclude(round(0), true)).toBeDefined()
    expect(recovery.isDone).toBe(true)
    expect(recovery.conclude(round(0), true)).toBeUndefined()
    recovery.onReply(replica(3), answer({ headerRound: 9 }))
    expect(recovery.missing()).toEqual([peerAt(3)])
  })

  test('by weight', () => {
    const { recovery } = setUp(committeeOf(1, 4, 1, 1))
    recovery.onReply(replica(2), answer())
    recovery.onReply(replica(3), answer())
    expect(recovery.conclude(round(0), true)).toBeUndefined()
    recovery.onReply(replica(1), answer())
    expect(recovery.conclude(round(0), true)).toBeDefined()
  })

  test('alone in a committee of one', () => {
    const { recovery, out } = setUp(committeeOf(1))
    expect(out).toEqual([])
    expect(recovery.conclude(round(0), true)).toEqual({
      proposeFloor: 0,
      abstainUntil: 0,
      isStale: false
    })
  })

  test('an observer never does', () => {
    const { recovery } = setUp(four, 'observer')
    for (const index of [0, 1, 2, 3]) recovery.onReply(replica(index), answer())
    expect(recovery.conclude(round(0), true)).toBeUndefined()
  })

  test('not with answers to an earlier start', () => {
    const { recovery } = setUp()
    for (const index of [1, 2, 3]) recovery.onReply(replica(index), { ...answer(), nonce: 999 })
    expect(recovery.conclude(round(0), true)).toBeUndefined()
  })
})

describe('the floor', () => {
  test.each([
    {
      name: 'a fresh chain starts at once, its record not there yet',
      present: false,
      own: { header: 0, vote: 0, highest: 0 },
      replies: [{}, {}],
      expected: { isStale: false, proposeFloor: 0, abstainUntil: 0 }
    },
    {
      name: 'a normal restart goes on above its own header',
      present: true,
      own: { header: 8, vote: 9, highest: 9 },
      replies: [{ headerRound: 8, voteRound: 9, highestRound: 12 }, { highestRound: 11 }],
      expected: { isStale: false, proposeFloor: 8, abstainUntil: 0 }
    },
    {
      name: 'others may know less than the own record',
      present: true,
      own: { header: 8, vote: 9, highest: 9 },
      replies: [{}, { headerRound: 3, voteRound: 3, highestRound: 4 }],
      expected: { isStale: false, proposeFloor: 8, abstainUntil: 0 }
    },
    {
      name: 'an old copy whose header others have seen surpassed',
      present: true,
      own: { header: 8, vote: 8, highest: 9 },
      replies: [{ headerRound: 20, voteRound: 20, highestRound: 22 }, { highestRound: 23 }],
      expected: { isStale: true, proposeFloor: 24, abstainUntil: 24 }
    },
    {
      name: 'an old copy that shows only by a vote',
      present: true,
      own: { header: 8, vote: 8, highest: 9 },
      replies: [{ headerRound: 8, voteRound: 9, highestRound: 9 }, {}],
      expected: { isStale: true, proposeFloor: 10, abstainUntil: 10 }
    },
    {
      name: 'a lost record: above whatever a quorum or the own DAG knows',
      present: false,
      own: { header: 0, vote: 0, highest: 30 },
      replies: [{ highestRound: 29 }, { highestRound: 7 }],
      expected: { isStale: true, proposeFloor: 31, abstainUntil: 31 }
    }
  ])('$name', ({ present, own, replies, expected }) => {
    const { record, recovery } = setUp()
    if (own.header > 0) record.setHeader(signed(header({ round: round(own.header) })))
    if (own.vote > 0) {
      record.setVote(voteBy(0, header({ round: round(own.vote), author: replica(1) })))
    }
    for (const [at, reply] of replies.entries()) recovery.onReply(replica(at + 1), answer(reply))
    expect(recovery.conclude(round(own.highest), present)).toEqual(expected)
  })
})

describe('what a peer knows of the asker', () => {
  const none = { votedHeaderRound: round(0), highestRound: round(0), openVote: round(0) }
  const sketch = new Sketch().full(1, 2)
  const dag = sketch.dag()
  dag.insert(certify(header({ round: round(3), author: replica(1) }), [0, 1, 2]))

  test.each([
    { name: 'its certificates', asker: 0, seen: {}, expected: [2, 3, 3] },
    { name: 'its votes in certificates', asker: 3, seen: {}, expected: [2, 2, 3] },
    {
      name: 'the header that was voted for',
      asker: 3,
      seen: { votedHeaderRound: 5 },
      expected: [5, 5, 3]
    },
    { name: 'a vote for the open proposal', asker: 3, seen: { openVote: 4 }, expected: [2, 4, 3] },
    {
      name: 'headers without certificates',
      asker: 3,
      seen: { highestRound: 7 },
      expected: [2, 2, 7]
    }
  ])('$name', ({ asker, seen, expected }) => {
    const known = { ...none, ...seen } as typeof none
    const reply = ownRoundReply(replica(asker), 5, partsOf({ dag }), known)
    expect([reply.headerRound, reply.voteRound, reply.highestRound]).toEqual(expected)
    expect(reply).toMatchObject({ type: 'own-round', nonce: 5, epoch: domain.epoch })
  })
})
