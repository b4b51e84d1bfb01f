import { describe, expect, test } from 'vitest'
import type { Awaited } from '../../src/bullshark/engine.ts'
import { ExactEngine } from '../../src/bullshark/exact-engine.ts'
import { type PaceInput, type PaceLeaders, Pacemaker } from '../../src/bullshark/pacemaker.ts'
import type { BullsharkParts } from '../../src/bullshark/parts.ts'
import type { LeaderOf } from '../../src/bullshark/rules.ts'
import { at, batch, four, partsOf, replica, round, Sketch } from '../fixtures.ts'

const options = {
  minHeaderDelayMs: 10,
  maxHeaderDelayMs: 100,
  maxHeaderDelayCeilingMs: 400,
  idleHeaderDelayMs: 200,
  gcDepthRounds: 4,
  proposeAheadGcDepths: 2,
  executionLagCommitsMax: 5
}
/** Replica 1 leads round 2, replica 2 round 4; replica 0 none of the first. */
const leaderOf = (r: number) => replica((r / 2) % 4)
const idle: PaceInput = {
  signedFloor: round(0),
  lastAnchorRound: round(0),
  isPayloadWaiting: false,
  isOwnVertexPending: false,
  highestHeaderSeen: round(0),
  executionLagCommits: 0
}
const busy = { ...idle, isPayloadWaiting: true }

/** Exact Bullshark under these leaders. */
function leadersOn({ dag, rules }: BullsharkParts, leader: LeaderOf = leaderOf): PaceLeaders {
  const engine = new ExactEngine({ dag, rules, leaderOf: leader })
  return {
    anchorsOf: r => engine.anchorsOf(r),
    awaits: (r, self) => engine.awaits(r, self)
  }
}

function pacemakerOn(sketch: Sketch, self: number | 'observer' = 0) {
  const seat = self === 'observer' ? undefined : replica(self)
  const parts = partsOf({ dag: sketch.dag(), self: seat }, options)
  return { pacemaker: new Pacemaker(parts, leadersOn(parts)), dag: parts.dag }
}

const propose = (r: number, without: Awaited = 'nothing') => ({
  type: 'propose',
  round: r,
  without
})
const wait = (until: number) => ({ type: 'wait', until })
/** Round 2 is here without its anchor. */
const leaderless = () => new Sketch().full(1, 1).full(2, 2, [0, 2, 3])

describe('rounds on demand', () => {
  test.each([
    { name: 'payload waits here', input: busy, payload: false },
    {
      name: 'others have opened the next round',
      input: { ...idle, highestHeaderSeen: round(2) },
      payload: false
    },
    { name: 'payload of others is not ordered', input: idle, payload: true }
  ])('at the least delay when $name', ({ input, payload }) => {
    const fill = () => (payload ? { payload: [batch('p')] } : {})
    const { pacemaker } = pacemakerOn(new Sketch(four, fill).full(1, 1))
    pacemaker.onProposed(at(1_000), 'nothing')
    expect(pacemaker.decide(input, at(1_009))).toEqual(wait(1_010))
    expect(pacemaker.decide(input, at(1_010))).toEqual(propose(2))
    expect(pacemaker.round).toBe(1)
  })

  test('slowly when nothing is to be done', () => {
    const { pacemaker } = pacemakerOn(new Sketch().full(1, 1))
    pacemaker.onProposed(at(1_000), 'nothing')
    expect(pacemaker.decide(idle, at(1_199))).toEqual(wait(1_200))
    expect(pacemaker.decide(idle, at(1_200))).toEqual(propose(2))
  })

  test('at once as the leader of the next round', () => {
    const { pacemaker } = pacemakerOn(new Sketch().full(1, 1), 1)
    pacemaker.onProposed(at(1_000), 'nothing')
    expect(pacemaker.decide(busy, at(1_000))).toEqual(propose(2))
    expect(pacemaker.decide(idle, at(1_000))).toEqual(wait(1_200))
  })

  test('the first round needs nobody', () => {
    expect(pacemakerOn(new Sketch()).pacemaker.decide(idle, at(5))).toEqual(propose(1))
  })

  test('a header that was seen in the current round does not hurry the next', () => {
    const { pacemaker } = pacemakerOn(new Sketch().full(1, 1))
    pacemaker.onProposed(at(1_000), 'nothing')
    expect(pacemaker.decide({ ...idle, highestHeaderSeen: round(1) }, at(1_010))).toEqual(
      wait(1_200)
    )
  })
})

describe('waiting for a leader', () => {
  test('ends with its certificate, or with the time-out', () => {
    const { pacemaker, dag } = pacemakerOn(leaderless())
    expect(pacemaker.decide(busy, at(1_000))).toEqual(wait(1_100))
    expect(pacemaker.decide(busy, at(1_099))).toEqual(wait(1_100))
    expect(pacemaker.decide(busy, at(1_100))).toEqual(propose(3, 'leader'))
    dag.insert(new Sketch().full(1, 2).at(2, 1))
    expect(pacemaker.decide(busy, at(1_050))).toEqual(propose(3))
  })

  test("and so does waiting for the own certificate, which is nobody else's fault", () => {
    const { pacemaker } = pacemakerOn(new Sketch().full(1, 1))
    const pending = { ...busy, isOwnVertexPending: true }
    expect(pacemaker.decide(pending, at(1_000))).toEqual(wait(1_100))
    expect(pacemaker.decide(pending, at(1_100))).toEqual(propose(2))
    expect(pacemaker.decide(busy, at(1_050))).toEqual(propose(2))
  })

  test('doubles after each time-out up to a ceiling, stays after one for a silent leader, and halves without', () => {
    const { pacemaker } = pacemakerOn(leaderless())
    pacemaker.decide(busy, at(1_000))
    const left = [
      'leader',
      'leader',
      'leader',
      'silent-leader',
      'nothing',
      'links',
      'nothing'
    ] as const
    const waits = left.map(without => {
      pacemaker.onProposed(at(0), without)
      const pace = pacemaker.decide(busy, at(1_001))
      return pace.type === 'wait' ? pace.until - 1_000 : undefined
    })
    expect(waits).toEqual([200, 400, 400, 400, 200, 100, 100])
  })

  test('is counted from when the round had a quorum', () => {
    const sketch = leaderless()
    const { pacemaker, dag } = pacemakerOn(new Sketch())
    expect(pacemaker.decide(busy, at(100)).type).toBe('propose')
    for (const certificate of sketch.all) dag.insert(certificate)
    expect(pacemaker.decide(busy, at(700))).toEqual(wait(800))
  })

  test.each(['anchors', 'payload'] as const)(
    'for other anchors, or much payload, is short, and nobody is blamed: %s',
    awaited => {
      const parts = partsOf({ dag: new Sketch().full(1, 1).dag() }, options)
      const short = new Pacemaker(parts, { anchorsOf: () => [replica(1)], awaits: () => awaited })
      expect(short.decide(busy, at(1_000))).toEqual(wait(1_025))
      expect(short.decide(busy, at(1_025))).toEqual(propose(2, awaited))
      short.onRoundTrip(50)
      expect(short.decide(busy, at(1_025))).toEqual(wait(1_050))
      const shorter = new Pacemaker(parts, { anchorsOf: () => [], awaits: () => 'links' })
      expect(shorter.decide(busy, at(1_000))).toEqual(wait(1_004))
      expect(shorter.decide(busy, at(1_004))).toEqual(propose(2, 'links'))
    }
  )

  test('for a silent leader is that of the first time-out, longer only where nothing is committed for long', () => {
    const parts = partsOf({ dag: new Sketch().full(1, 1).dag() }, { ...options, gcDepthRounds: 50 })
    const silent = new Pacemaker(parts, { anchorsOf: () => [], awaits: () => 'silent-leader' })
    for (let i = 0; i < 3; i++) silent.onProposed(at(0), 'silent-leader')
    const decide = (lastAnchorRound: number, ms: number) =>
      silent.decide({ ...busy, lastAnchorRound: lastAnchorRound as never }, at(ms))
    expect(decide(0, 1_000)).toEqual(wait(1_100))
    expect(decide(0, 1_100)).toEqual(propose(2, 'silent-leader'))
    const barren = [15, 16, 32, 48].map(rounds => decide(2 - rounds, 1_000))
    expect(barren).toEqual([1_100, 1_200, 1_400, 1_400].map(wait))
  })

  test('is not for the leader of the next round, and nobody leads a round of votes', () => {
    // In round 3 one votes for the anchor of round 2 and one does not.
    const sketch = new Sketch().full(1, 2)
    sketch.add(3, 0)
    for (const author of [1, 2]) sketch.add(3, author, [0, 2, 3])
    expect(pacemakerOn(sketch, 2).pacemaker.decide(busy, at(1_000))).toEqual(propose(4))
    expect(pacemakerOn(sketch, 3).pacemaker.decide(busy, at(1_000))).toEqual(wait(1_100))
    const parts = partsOf({ dag: leaderless().dag() }, options)
    const always = new Pacemaker(
      parts,
      leadersOn(parts, r => replica(r % 2 === 0 ? 1 : 0))
    )
    always.onProposed(at(1_000), 'nothing')
    expect(always.decide(busy, at(1_000))).toEqual(wait(1_100))
  })

  test.each([
    { roundTripMs: 10, expected: 100 },
    { roundTripMs: 50.1, expected: 201 },
    { roundTripMs: 5_000, expected: 400 }
  ])('four measured round trips of $roundTripMs ms within bounds', ({ roundTripMs, expected }) => {
    const { pacemaker } = pacemakerOn(leaderless())
    pacemaker.onRoundTrip(roundTripMs)
    expect(pacemaker.decide(busy, at(1_000))).toEqual(wait(1_000 + expected))
    // Faster again: the bound falls with rounds that need no time-out.
    pacemaker.onRoundTrip(1)
    for (let i = 0; i < 4; i++) pacemaker.onProposed(at(0), 'nothing')
    expect(pacemaker.decide(busy, at(1_000))).toEqual(wait(1_100))
  })
})

describe('no next round', () => {
  test('for an observer', () => {
    expect(pacemakerOn(new Sketch(), 'observer').pacemaker.decide(busy, at(1))).toEqual({
      type: 'blocked'
    })
  })

  test.each([
    { floor: 2, expected: { type: 'blocked' } },
    { floor: 1, expected: propose(2) }
  ])('at or below what may have been signed: $floor', ({ floor, expected }) => {
    const { pacemaker } = pacemakerOn(new Sketch().full(1, 1))
    expect(pacemaker.decide({ ...busy, signedFloor: round(floor) }, at(1))).toEqual(expected)
  })

  test.each([
    { lag: 5, expected: propose(2) },
    { lag: 6, expected: { type: 'blocked', reason: 'the executor is behind' } }
  ])('while $lag commits wait for the executor', ({ lag, expected }) => {
    const { pacemaker } = pacemakerOn(new Sketch().full(1, 1))
    expect(pacemaker.decide({ ...busy, executionLagCommits: lag }, at(1))).toEqual(expected)
  })
})

test('more than two depths above the last anchor rounds go on, slowly', () => {
  const free = pacemakerOn(new Sketch().full(1, 7)).pacemaker
  expect(free.decide(busy, at(1_000))).toEqual(propose(8))
  const { pacemaker } = pacemakerOn(new Sketch().full(1, 8))
  const slowly = { ...wait(1_800), reason: 'too many rounds without a commit' }
  expect(pacemaker.decide(busy, at(1_000))).toEqual(slowly)
  expect(pacemaker.decide(busy, at(1_799))).toEqual(slowly)
  expect(pacemaker.decide(busy, at(1_800))).toEqual(propose(9))
})
