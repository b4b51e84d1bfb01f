import type { BullsharkRules, TurboOptions } from '@novacron/consensus'
import { bullsharkRules } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { type DagExplorationReport, exploreDag } from '../../src/index.ts'
import { sha256 } from '../hash.ts'

const none: TurboOptions = {
  pipelined: false,
  fastCommit: false,
  anchorsPerRound: 1,
  reputation: false
}

interface Exploration {
  readonly seed: number
  readonly replicas: number
  readonly turbo: Partial<TurboOptions>
  /** Authors that show two headers for a round; f unless told otherwise. */
  readonly doubles?: number
  readonly rules?: BullsharkRules
}

function explore({ seed, replicas, turbo, doubles, rules }: Exploration): DagExplorationReport {
  return exploreDag(
    {
      seed,
      replicas,
      orders: 8,
      dag: { rounds: 36 },
      headers: { doubles: doubles ?? Math.floor((replicas - 1) / 3) },
      bullshark: {
        gcDepthRounds: seed % 2 === 0 ? 8 : 4,
        schedulePeriodCommits: 3,
        scheduleWindowCommits: 6,
        turbo: { ...none, ...turbo }
      },
      ...(rules === undefined ? {} : { rules })
    },
    sha256
  )
}

/** How many of the seeds show that logs differ. */
function caught(seeds: number, exploration: Omit<Exploration, 'seed'>): number {
  let count = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const { verdict } = explore({ ...exploration, seed })
    if (verdict === 'diverged') count++
  }
  return count
}

describe.each([4, 7])('%i replicas, f of them with a second header for every round', replicas => {
  test.each([
    { name: 'pipelined alone', turbo: { pipelined: true }, least: 12 },
    { name: 'fast commit alone', turbo: { fastCommit: true }, least: 6 },
    { name: 'several anchors alone', turbo: { anchorsPerRound: 2 }, least: 12 },
    { name: 'reputation alone', turbo: { reputation: true }, least: 6 },
    { name: 'pipelined and fast', turbo: { pipelined: true, fastCommit: true }, least: 12 },
    {
      name: 'all but reputation',
      turbo: { pipelined: true, fastCommit: true, anchorsPerRound: replicas },
      least: 40
    },
    {
      name: 'all together',
      turbo: { pipelined: true, fastCommit: true, anchorsPerRound: replicas, reputation: true },
      least: 40
    }
  ])('$name: all logs are prefixes of the longest', ({ turbo, least }) => {
    let commits = 0
    for (let seed = 1; seed <= 30; seed++) {
      const report = explore({ seed, replicas, turbo })
      expect(report.verdict, `seed ${seed}: ${report.facts}`).toBe('pass')
      commits += report.commits
    }
    expect(commits / 30).toBeGreaterThan(least)
  })
})

describe('what the fast commit rests on', () => {
  const turbo = { pipelined: true, fastCommit: true }

  test.each([4, 7])('headers of 2f+1: with f+1 of %i logs differ', replicas => {
    const rules: BullsharkRules = {
      ...bullsharkRules,
      fastCommitWeight: committee => committee.validityWeight
    }
    expect(caught(20, { replicas, turbo, rules })).toBeGreaterThan(0)
  })

  test('one header of each honest author: if one of them forgets what it signed, logs differ', () => {
    expect(caught(20, { replicas: 4, turbo, doubles: 2 })).toBeGreaterThan(0)
  })
})

describe('rules that every mode needs', () => {
  const turbo = { pipelined: true, fastCommit: true, anchorsPerRound: 2, reputation: true }

  test.each<{ readonly name: string; readonly rules: BullsharkRules }>([
    { name: 'votes of f+1', rules: { ...bullsharkRules, commitWeight: () => 1 } },
    {
      name: 'the way back to older anchors',
      rules: { ...bullsharkRules, anchorChain: (_view, _leaderOf, _after, direct) => [direct] }
    },
    {
      name: 'a new look after every anchor',
      rules: { ...bullsharkRules, anchorsToOrder: chain => [...chain].reverse() }
    }
  ])('without $name logs differ', ({ rules }) => {
    expect(caught(60, { replicas: 4, turbo, rules })).toBeGreaterThan(0)
  })
})
