import type { Epoch } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  baseLeader,
  baseOrder,
  isAnchorRound,
  isLagging,
  leaderUnder,
  noSwaps,
  scoreCommit,
  scoreTurboCommit,
  swapTable
} from '../../src/bullshark/schedule.ts'
import { committeeOf, digest, domain, four, hash, replica, round } from '../fixtures.ts'

const replicas = (...indexes: number[]) => indexes.map(replica)
const leadersOf = (committee: ReturnType<typeof committeeOf>, rounds: number, under = domain) =>
  Array.from({ length: rounds }, (_, i) => baseLeader(round(2 * i + 2), committee, under, hash))

test('anchors stand in even rounds from 2 on', () => {
  expect([-2, -1, 0, 1, 2, 3, 4, 101, 102].filter(isAnchorRound)).toEqual([2, 4, 102])
})

// The golden vectors come from another program (SHA-256 and big integers in Python), not from this one.
describe('the base schedule', () => {
  test.each([
    {
      name: 'four equal replicas',
      committee: four,
      expected: '1 2 0 0 0 2 2 2 0 1 1 3 0 1 3 1 1 1 1 2'
    },
    {
      name: 'seven equal replicas',
      committee: committeeOf(1, 1, 1, 1, 1, 1, 1),
      expected: '4 2 3 5 0 3 1 5 0 4 6 0 1 2 2 0 6 5 2 2'
    },
    {
      name: 'weights 10, 20, 30, 40',
      committee: committeeOf(10, 20, 30, 40),
      expected: '3 3 2 3 0 3 3 1 0 3 1 3 2 3 2 3 3 2 2 3'
    }
  ])('golden vector: rounds 2 to 40 of $name', ({ committee, expected }) => {
    expect(leadersOf(committee, 20).join(' ')).toBe(expected)
  })

  test('golden vector: another epoch has another schedule', () => {
    expect(leadersOf(four, 20, { ...domain, epoch: 1 as Epoch }).join(' ')).toBe(
      '3 3 0 0 0 3 3 2 3 2 0 2 3 1 0 0 2 2 2 3'
    )
  })

  test('every replica with weight leads eventually, as often as its weight says', () => {
    const committee = committeeOf(1, 9, 30, 60)
    const rounds = 4_000
    const counts = [0, 0, 0, 0]
    for (const leader of leadersOf(committee, rounds)) counts[leader]!++
    for (const [index, count] of counts.entries()) {
      const share = committee.weightOf(replica(index)) / committee.totalWeight
      const deviation = Math.sqrt(rounds * share * (1 - share))
      expect(count).toBeGreaterThan(0)
      expect(Math.abs(count - rounds * share), `replica ${index}`).toBeLessThan(4 * deviation)
    }
  })
})

describe('the swap table', () => {
  test.each([
    { name: 'equal scores swap nobody', scores: [5, 5, 5, 5], expected: noSwaps },
    { name: 'all at zero swap nobody', scores: [0, 0, 0, 0], expected: noSwaps },
    {
      name: 'the lowest goes, the highest takes over',
      scores: [9, 2, 8, 7],
      expected: { bad: replicas(1), good: replicas(0) }
    },
    {
      name: 'of equally low ones the first goes, of equally high ones the last takes over',
      scores: [2, 9, 9, 2],
      expected: { bad: replicas(0), good: replicas(2) }
    },
    {
      name: 'one who keeps up again is back',
      scores: [9, 9, 9, 9],
      expected: noSwaps
    }
  ])('$name', ({ scores, expected }) => {
    expect(swapTable(scores, four)).toEqual(expected)
  })

  test('at most the faults that are tolerated are swapped', () => {
    const seven = committeeOf(1, 1, 1, 1, 1, 1, 1)
    expect(swapTable([0, 1, 2, 3, 4, 5, 6], seven)).toEqual({
      bad: replicas(0, 1),
      good: replicas(6, 5)
    })
  })

  test('a replica is bad only when it is below every good one', () => {
    const seven = committeeOf(1, 1, 1, 1, 1, 1, 1)
    expect(swapTable([1, 3, 3, 3, 3, 3, 3], seven).bad).toEqual(replicas(0))
  })

  test.each([
    { name: 'a committee that tolerates no fault', weights: [1, 1, 1], scores: [0, 5, 9] },
    {
      name: 'the best outweighs the tolerated faults',
      weights: [1, 1, 1, 7],
      scores: [0, 4, 5, 9]
    },
    {
      name: 'the worst outweighs the tolerated faults',
      weights: [7, 1, 1, 1],
      scores: [0, 4, 5, 9]
    },
    { name: 'a committee of one', weights: [1], scores: [0] }
  ])('nobody is good or bad enough: $name', ({ weights, scores }) => {
    expect(swapTable(scores, committeeOf(...weights))).toEqual(noSwaps)
  })

  test('weights decide how many go', () => {
    const committee = committeeOf(2, 2, 2, 2, 2)
    expect(swapTable([0, 1, 2, 3, 4], committee)).toEqual({ bad: replicas(0), good: replicas(4) })
  })
})

describe('the leader under a table', () => {
  const table = { bad: replicas(0), good: replicas(3, 2) }
  test('only bad ones are replaced, by the good ones in turn', () => {
    const under = (base: number) =>
      [2, 4, 6, 8].map(r => leaderUnder(table, replica(base), round(r)))
    expect(under(0)).toEqual([2, 3, 2, 3])
    expect(under(1)).toEqual([1, 1, 1, 1])
  })

  test('without good ones nobody is replaced', () => {
    expect(leaderUnder({ bad: replicas(0), good: [] }, replica(0), round(2))).toBe(0)
    expect(leaderUnder(noSwaps, replica(0), round(2))).toBe(0)
  })
})

test('a commit gives a point to each vertex right below its anchor, whatever else it orders', () => {
  const vertex = (r: number, author: number) => ({
    round: round(r),
    author: replica(author),
    digest: digest(`${r}/${author}`),
    payload: []
  })
  const vertices = [vertex(2, 0), vertex(3, 1), vertex(3, 3), vertex(4, 2)]
  expect(scoreCommit({ anchor: vertex(4, 2), vertices }, four)).toEqual([0, 1, 0, 1])
})

describe('the order of several anchors', () => {
  const seven = committeeOf(1, 2, 3, 4, 5, 6, 7)

  test('begins with the base leader, has everybody once, and is a prefix of the longer ones', () => {
    for (let r = 1; r <= 50; r++) {
      const whole = baseOrder(round(r), 7, seven, domain, hash)
      expect(whole[0]).toBe(baseLeader(round(r), seven, domain, hash))
      expect([...whole].sort()).toEqual(replicas(0, 1, 2, 3, 4, 5, 6))
      expect(baseOrder(round(r), 3, seven, domain, hash)).toEqual(whole.slice(0, 3))
      expect(baseOrder(round(r), 99, seven, domain, hash)).toEqual(whole)
    }
  })

  test('gives the second place by weight too', () => {
    const rounds = 2_000
    const seconds = [0, 0, 0, 0]
    for (let r = 1; r <= rounds; r++) {
      seconds[baseOrder(round(r), 2, committeeOf(1, 1, 1, 97), domain, hash)[1]!]!++
    }
    // The heavy one leads nearly always, and the others share what is left.
    for (const light of seconds.slice(0, 3)) expect(light).toBeGreaterThan(rounds / 4)
  })
})

describe('points where every round has anchors', () => {
  const place = (r: number, author: number) => ({
    round: round(r),
    author: replica(author),
    digest: digest(`${r}/${author}`),
    payload: []
  })

  test('are for the anchor and what it links to, not for what came late', () => {
    const vertices = [place(3, 0), place(4, 1), place(4, 2), place(5, 1)]
    expect(scoreTurboCommit({ anchor: place(5, 1), vertices }, four)).toEqual([0, 2, 1, 0])
  })

  test.each([
    { score: 87, isBehind: true },
    { score: 88, isBehind: false }
  ])('$score of 100: behind by more than an eighth is $isBehind', ({ score, isBehind }) => {
    expect(isLagging(score, 100)).toBe(isBehind)
    expect([isLagging(4, 5), isLagging(3, 5), isLagging(0, 1)]).toEqual([false, true, false])
    expect(swapTable([score, 100, 100, 100], four, isLagging).bad).toEqual(
      isBehind ? replicas(0) : []
    )
  })
})
