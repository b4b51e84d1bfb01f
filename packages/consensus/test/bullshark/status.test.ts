import type { CommitIndex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { describeStatus, type StatusFacts } from '../../src/bullshark/status.ts'
import {
  committeeOf,
  digest,
  domain,
  partsOf,
  peerAt,
  replica,
  round,
  Sketch
} from '../fixtures.ts'

const committer = {
  lastIndex: 7 as CommitIndex,
  lastDigest: digest('head'),
  leaderOf: () => replica(0)
}

function facts(fields: Partial<StatusFacts> = {}): StatusFacts {
  return {
    parts: partsOf({ dag: new Sketch().full(1, 3).dag() }),
    phase: 'running',
    holds: new Set(),
    isStopped: false,
    committer,
    missingOwnRound: [],
    blockedReason: undefined,
    connected: new Set([1, 2, 3].map(peerAt)),
    catchUpTarget: undefined,
    abstainUntil: round(0),
    clockLeads: new Map(),
    ...fields
  }
}

/** All make a round, then the others go on alone. */
const leftBehind = (rounds: number) => new Sketch().full(1, 1).full(2, rounds + 1, [1, 2, 3])

const observing = { parts: partsOf({ self: undefined }) }

describe('the phase', () => {
  test.each([
    { phase: 'running', given: {} },
    { phase: 'recovering', given: { phase: 'restoring' } },
    { phase: 'recovering', given: { phase: 'recovering' } },
    { phase: 'observing', given: observing },
    { phase: 'recovering', given: { ...observing, phase: 'restoring' } },
    { phase: 'held', given: { holds: new Set(['the disk is full']) } },
    { phase: 'stopped', given: { isStopped: true, holds: new Set(['the disk is full']) } }
  ] as { phase: string; given: Partial<StatusFacts> }[])('$phase', ({ phase, given }) => {
    expect(describeStatus(facts(given)).phase).toBe(phase)
  })
})

test('all is well: where the log is, and no reasons', () => {
  expect(describeStatus(facts())).toEqual({
    protocol: 'bullshark',
    epoch: domain.epoch,
    round: 3,
    lastIndex: 7,
    lastDigest: digest('head'),
    knownIndex: 7,
    phase: 'running',
    reasons: []
  })
})

describe('the reasons, in words', () => {
  const open = new Sketch().full(1, 2)
  open.add(3, 0)
  const heavy = new Sketch(committeeOf(1, 4, 1, 1))

  test.each([
    {
      name: 'held',
      given: { holds: new Set(['a', 'b']) },
      reasons: ['signing is held: a', 'signing is held: b']
    },
    {
      name: 'recovering',
      given: { missingOwnRound: [peerAt(2), peerAt(3)] },
      reasons: ['waiting for own last round from peer-2, peer-3']
    },
    {
      name: 'not proposing',
      given: { blockedReason: 'the executor is behind' },
      reasons: ['not proposing: the executor is behind']
    },
    { name: 'behind', given: { catchUpTarget: 99 }, reasons: ['catching up to commit 99'] },
    {
      name: 'one away, which a quorum does not need',
      given: { connected: new Set([peerAt(1), peerAt(2)]) },
      reasons: []
    },
    {
      name: 'no quorum',
      given: { connected: new Set([peerAt(1)]) },
      reasons: ['no quorum: not connected to peer-2, peer-3']
    },
    {
      name: 'no quorum by weight',
      given: { parts: partsOf({ dag: heavy.dag() }), connected: new Set([peerAt(2), peerAt(3)]) },
      reasons: ['no quorum: not connected to peer-1']
    },
    {
      name: 'no quorum, in the middle of a round',
      given: { parts: partsOf({ dag: open.dag() }), connected: new Set([peerAt(1)]) },
      reasons: [
        'no quorum: not connected to peer-2, peer-3',
        'round 3 lacks peer-1, peer-2, peer-3'
      ]
    },
    {
      name: 'the middle of a round alone is no reason',
      given: { parts: partsOf({ dag: open.dag() }) },
      reasons: []
    },
    {
      name: 'own headers that nobody votes for, for so many rounds that it is no haste of the others',
      given: { parts: partsOf({ dag: leftBehind(20).dag() }) },
      reasons: ['the last 20 rounds have no vertex of this member: its headers get too few votes']
    },
    {
      name: 'some rounds that the others made faster',
      given: { parts: partsOf({ dag: leftBehind(19).dag() }) },
      reasons: []
    },
    {
      name: 'no own vertices while it fetches what it missed',
      given: { parts: partsOf({ dag: leftBehind(20).dag() }), catchUpTarget: 99 },
      reasons: ['catching up to commit 99']
    },
    {
      name: 'no vertices of one who only watches',
      given: { parts: partsOf({ self: undefined, dag: leftBehind(20).dag() }) },
      reasons: []
    },
    {
      name: 'an observer needs no quorum of connections',
      given: { ...observing, connected: new Set() },
      reasons: []
    },
    {
      name: 'what it signed was lost',
      given: { abstainUntil: round(9) },
      reasons: ['gives no votes up to round 9: the record of what it signed was lost or old']
    }
  ] as { name: string; given: Partial<StatusFacts>; reasons: string[] }[])(
    '$name',
    ({ given, reasons }) => {
      expect(describeStatus(facts(given)).reasons).toEqual(reasons)
    }
  )
})

test('clocks that differ are named', () => {
  const clockLeads = new Map([
    [replica(2), 1_200.4],
    [replica(3), 900]
  ])
  expect(describeStatus(facts({ clockLeads })).reasons).toEqual([
    'headers of peer-2 are 1201 ms ahead of this clock',
    'headers of peer-3 are 900 ms ahead of this clock'
  ])
})
