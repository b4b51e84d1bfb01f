import { Prng, type ReplicaId, type Round } from '@novacron/base'
import { type BullsharkOptions, defaultTurboOptions } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import {
  type BullsharkMode,
  bullsharkModes,
  causalOrder,
  DagBuilder,
  DagObserver,
  exploreDag
} from '../../src/index.ts'
import { exploration } from '../dag/exploration.ts'
import { sha256 } from '../hash.ts'
import { mutants } from '../mutants.ts'
import { seeds } from '../seeds.ts'
import { follow, grow } from './grown.ts'
import { leadersOf, runCase } from './run.ts'

describe('case 2 (narwhal dead_node, missing_leader)', () => {
  test('a dead member that is no leader changes nothing; a dead leader is skipped, its round sequenced', () => {
    const builder = new DagBuilder(4, sha256)
    const { orderer } = new DagObserver({}, { builder })
    const leader = (round: number) => orderer.leaderOf(round as Round)
    const bystander = [0, 1, 2, 3].find(author => ![2, 4, 6].some(r => leader(r) === author)) ?? 3
    // One at a time, since three of four are the quorum.
    const dag = grow(builder, 12, {
      isThere: (round, author) => author !== (round <= 6 ? bystander : round === 8 ? leader(8) : -1)
    })
    const { commits } = follow(builder, dag)
    expect(commits.map(({ anchor }) => anchor.round)).toEqual([2, 4, 6, 10])
    const sequenced = commits.flatMap(({ vertices }) => vertices)
    const there = dag.filter(({ header }) => header.round <= 9)
    expect(new Set(sequenced.map(({ digest }) => digest))).toEqual(
      new Set([...there.map(({ digest }) => digest), commits.at(-1)?.anchor.digest])
    )
    expect(sequenced).toHaveLength(there.length + 1)
  })

  test.each(bullsharkModes.flatMap(mode => seeds(2).map(seed => ({ mode, seed }))))(
    '$mode, seed $seed: of four live daemons one goes, each round of the others is sequenced',
    more => {
      const { mode, seed } = more
      let leaderOf: (round: Round) => ReplicaId = () => 0 as ReplicaId
      const { report, at } = runCase(
        { mode, seed, gone: [{ place: 3, atMs: 400, loss: 'lost' }] },
        {
          wrap(protocol, world) {
            return {
              ...protocol,
              make: seat => {
                leaderOf = leadersOf(world())
                return protocol.make(seat)
              }
            }
          }
        }
      )
      expect(report.firstViolation).toBeUndefined()
      const late = at(0).filter(({ atMs }) => atMs > 800)
      const anchors = new Set(late.map(({ subDag }) => subDag.anchor.round as number))
      const [first, last] = [Math.min(...anchors), Math.max(...anchors)]
      expect(last - first).toBeGreaterThan(10)
      let skipped = 0
      for (let round = first + 2; round < last - 2; round++) {
        const authors = late
          .flatMap(({ subDag }) => subDag.vertices.filter(vertex => vertex.round === round))
          .map(({ author }) => author)
        expect(authors.sort(), `round ${round}`).toEqual([0, 1, 2])
        if (mode !== 'bullshark' || round % 2 === 1) continue
        const isDead = leaderOf(round as Round) === 3
        expect(anchors.has(round), `round ${round}`).toBe(!isDead)
        if (isDead) skipped++
      }
      // Turbo has all who are left for anchors.
      if (mode === 'bullshark') expect(skipped).toBeGreaterThan(0)
      else
        expect(new Set(late.map(({ subDag }) => subDag.anchor.author))).toEqual(new Set([0, 1, 2]))
    }
  )
})

// Waves of two rounds, so Bullshark as published; what turbo makes of few links is in case 4.
test.each([4, 7])(
  'case 3 (narwhal not_enough_support): of %i, an anchor with f links is ordered by the next, older first, by everybody',
  replicas => {
    const builder = new DagBuilder(replicas, sha256)
    const { orderer } = new DagObserver({}, { builder })
    const anchor = orderer.leaderOf(2 as Round)
    const next = orderer.leaderOf(4 as Round)
    const f = Math.floor((replicas - 1) / 3)
    const others = builder.committee.members.map((_, author) => author).filter(a => a !== anchor)
    const supporters = others.slice(0, f)
    const dag = grow(builder, 5, {
      links: (round, author, { header }) =>
        round !== 3 || header.author !== anchor || supporters.includes(author)
    })
    const below = dag.filter(({ header }) => header.round < 5)
    expect(follow(builder, below).commits).toEqual([])
    const { commits } = follow(builder, dag)
    expect(commits.map(c => [c.index, c.anchor.round, c.anchor.author])).toEqual([
      [1, 2, anchor],
      [2, 4, next]
    ])
    const prng = new Prng(3)
    for (let order = 0; order < 30; order++) {
      const heard = follow(builder, causalOrder(dag, prng))
      expect(heard.commits.map(({ digest }) => digest)).toEqual(commits.map(c => c.digest))
    }
  }
)

const modeOptions: Readonly<Record<BullsharkMode, Partial<BullsharkOptions>>> = {
  bullshark: {},
  'bullshark-turbo': { turbo: defaultTurboOptions, schedulePeriodCommits: 8 }
}

describe('case 4 (Sui and Aptos randomized tests): one biased DAG in 100 causal orders', () => {
  const runs = bullsharkModes.flatMap(mode => seeds(6).map(seed => ({ mode, seed })))

  test.each(runs)('$mode, seed $seed: all logs are prefixes of the longest', ({ mode, seed }) => {
    for (const replicas of [4, 7]) {
      const report = exploreDag(
        { seed: 7_000 + seed, replicas, orders: 100, bullshark: modeOptions[mode] },
        sha256
      )
      expect(report.verdict, report.facts).toBe('pass')
      expect(report.commits).toBeGreaterThan(2)
      // In the end everybody has heard of everything.
      expect(new Set(report.lengths).size, report.lengths.join()).toBe(1)
    }
  })

  test.each(mutants.slice(0, 5))('it notices that $name', ({ bullshark: rules, verdicts }) => {
    if (rules === undefined) throw new Error('a mutant of the commit rule')
    const isSeen = Array.from({ length: 60 }, (_, at) => 1 + at).some(seed => {
      const { verdict } = exploreDag({ ...exploration(seed, 4), rules }, sha256)
      return verdicts.some(each => each === verdict)
    })
    expect(isSeen).toBe(true)
  })
})

test('case 5 (sui #5238): what is delivered again, late or below the cursor changes nothing', () => {
  const builder = new DagBuilder(4, sha256)
  const dag = grow(builder, 40, {})
  const observer = follow(builder, dag, { gcDepthRounds: 8 })
  const { commits } = observer
  const count = commits.length
  expect(count).toBe(19)
  const prng = new Prng(5)
  for (const certificate of [...prng.shuffle(dag), ...dag.slice(0, 20)]) {
    expect(observer.give(certificate)).toEqual([])
  }
  expect(commits).toHaveLength(count)
})

describe('case 8 (sui #12515): the schedule changes between two anchors that one step commits', () => {
  test.each(seeds(20))('seed %i: one sequence, in one step or in two', seed => {
    const report = exploreDag(
      {
        seed: 8_000 + seed,
        replicas: 4,
        orders: 60,
        bullshark: { schedulePeriodCommits: 2, scheduleWindowCommits: 4 },
        dag: { leaderLinkPercents: [0, 15, 95] }
      },
      sha256
    )
    expect(report.verdict, report.facts).toBe('pass')
    expect(report.commits).toBeGreaterThan(0)
  })
})
