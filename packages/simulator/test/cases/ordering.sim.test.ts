import { Prng, type ReplicaId, type Round } from '@novacron/base'
import type { Certificate } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { DagBuilder, DagObserver, exploreDag } from '../../src/index.ts'
import { sha256 } from '../hash.ts'
import { seeds } from '../seeds.ts'
import { crash, fixedDelay, runCase } from './run.ts'

/** Every author of every round with links to all of the round before, but for what `isThere` and `links` leave out. */
function grow(
  builder: DagBuilder,
  rounds: number,
  rules: {
    isThere?: (round: number, author: number) => boolean
    links?: (round: number, author: number, parent: Certificate) => boolean
  }
): Certificate[] {
  const { isThere = () => true, links = () => true } = rules
  const dag: Certificate[] = []
  let before: Certificate[] = []
  for (let round = 1; round <= rounds; round++) {
    const authors = builder.committee.members.map((_, author) => author as ReplicaId)
    const current = authors
      .filter(author => isThere(round, author))
      .map(author =>
        builder.vertex(
          round as Round,
          author,
          before.filter(parent => links(round, author, parent))
        )
      )
    dag.push(...current)
    before = current
  }
  return dag
}

function follow(builder: DagBuilder, dag: readonly Certificate[], bullshark = {}): DagObserver {
  const observer = new DagObserver(bullshark, { builder })
  for (const certificate of dag) observer.give(certificate)
  return observer
}

describe('case 2 (narwhal dead_node, missing_leader)', () => {
  test('a dead member that is no leader changes nothing; a dead leader is skipped, its round sequenced', () => {
    const builder = new DagBuilder(4, sha256)
    const { orderer } = new DagObserver({}, { builder })
    const leader = (round: number) => orderer.leaderOf(round as Round)
    const bystander = [0, 1, 2, 3].find(author => ![2, 4, 6].some(r => leader(r) === author)) ?? 3
    const dag = grow(builder, 12, {
      isThere: (round, author) =>
        round === 8 ? author !== leader(8) : round > 6 || author !== bystander || round % 2 === 0
    })
    const { commits } = follow(builder, dag)
    expect(commits.map(({ anchor }) => anchor.round)).toEqual([2, 4, 6, 10])
    const skipped = commits.at(-1)?.vertices.filter(({ round }) => round === 8)
    expect(skipped).toHaveLength(3)
  })

  test('four live daemons lose one, and commit under the leaders that are left', () => {
    const { report, at } = runCase({ gone: [{ place: 3, atMs: 400, loss: 'lost' }] })
    expect(report.firstViolation).toBeUndefined()
    const late = at(0).filter(({ atMs }) => atMs > 800)
    expect(late.length).toBeGreaterThan(3)
    expect(late.every(({ subDag }) => subDag.anchor.author !== 3)).toBe(true)
  })
})

test('case 3 (narwhal not_enough_support): an anchor with f links is ordered by the next, older first', () => {
  const builder = new DagBuilder(4, sha256)
  const { orderer } = new DagObserver({}, { builder })
  const anchor = orderer.leaderOf(2 as Round)
  const next = orderer.leaderOf(4 as Round)
  const supporter = [0, 1, 2, 3].find(author => author !== anchor) as number
  const dag = grow(builder, 5, {
    links: (round, author, { header }) =>
      round !== 3 || header.author !== anchor || author === supporter
  })
  const { commits } = follow(builder, dag)
  expect(commits.map(c => [c.anchor.round, c.anchor.author])).toEqual([
    [2, anchor],
    [4, next]
  ])
  expect(commits[0]?.index).toBe(1)
})

describe('case 4 (Sui and Aptos randomized tests): one biased DAG in 100 causal orders', () => {
  test.each(seeds(20))('seed %i: all logs are prefixes of the longest', seed => {
    for (const replicas of [4, 7]) {
      const report = exploreDag({ seed: 7_000 + seed, replicas, orders: 100 }, sha256)
      expect(report.verdict, report.facts).toBe('pass')
    }
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

test('case 6 (sui #5522, #13579, #13752): who was away takes old certificates, and does not stall', () => {
  const { report, at } = runCase({
    bullshark: { gcDepthRounds: 8, minHeaderDelayMs: 10, idleHeaderDelayMs: 20 },
    byzantine: [{ place: 0, behaviours: ['replay'] }],
    faults: [{ ...crash, places: [2], downMs: 2_500 }]
  })
  expect(report.firstViolation).toBeUndefined()
  const digests = (place: number) =>
    new Map(at(place).map(({ subDag }) => [subDag.index, subDag.digest]))
  const [own, other] = [digests(2), digests(1)]
  for (const [index, digest] of own) expect(other.get(index) ?? digest).toBe(digest)
})

describe('case 7 (snarkOS ZKS-04): no commit for more than twice the depth of garbage collection', () => {
  const gcDepthRounds = 8
  const builder = new DagBuilder(4, sha256)
  const leaders = new DagObserver({}, { builder }).orderer
  const silent = 2 * gcDepthRounds + 4
  const dag = grow(builder, silent + 6, {
    links: (round, _author, { header }) =>
      round > silent || header.author !== leaders.leaderOf((round - 1) as Round)
  })

  test('nothing that is needed is forgotten, and commits resume', () => {
    const observer = new DagObserver({ gcDepthRounds }, { builder })
    for (const certificate of dag) observer.give(certificate)
    const [first] = observer.commits
    expect(first?.anchor.round).toBeGreaterThanOrEqual(silent)
    const rounds = new Set(first?.vertices.map(({ round }) => round))
    const anchor = first?.anchor.round as number
    for (let round = anchor - gcDepthRounds + 1; round <= anchor; round++) {
      expect(rounds.has(round as Round), `round ${round}`).toBe(true)
    }
  })

  test('replicas that cannot commit stop proposing within a bound, and go on when they can', () => {
    const { report } = runCase({
      bullshark: { gcDepthRounds, minHeaderDelayMs: 10, idleHeaderDelayMs: 20 },
      faults: [{ type: 'partition', atMs: 400, forMs: 6_000, side: [0, 1], isOneWay: true }]
    })
    expect(report.firstViolation).toBeUndefined()
  })
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

describe('case 9 (Telcoin #432, #434): reputation', () => {
  test('equal scores and nobody to praise: nothing is thrown, and scores are equal bytes everywhere', () => {
    const { report, executed } = runCase({
      bullshark: { schedulePeriodCommits: 2, scheduleWindowCommits: 4 },
      network: fixedDelay(5)
    })
    expect(report.firstViolation).toBeUndefined()
    const scores = new Map<number, string>()
    for (const { subDag } of executed) {
      const text = subDag.scores.join()
      expect(scores.get(subDag.index) ?? text).toBe(text)
      scores.set(subDag.index, text)
    }
  })

  test('who was away has its turn again within two windows, and leads', () => {
    const window = 10
    const { report, at } = runCase({
      bullshark: {
        schedulePeriodCommits: 5,
        scheduleWindowCommits: window,
        minHeaderDelayMs: 10,
        idleHeaderDelayMs: 20
      },
      network: fixedDelay(5),
      faults: [{ ...crash, atMs: 500, places: [2], downMs: 2_000 }],
      chaosMs: 6_000
    })
    expect(report.firstViolation).toBeUndefined()
    const after = at(0).filter(({ atMs }) => atMs > 2_500)
    // While it was away nobody linked to it, so others led in its place.
    expect(after[0]?.subDag.scores[2]).toBe(0)
    // The base schedule draws leaders, so what must come back is its turn: a score that no longer is the lowest.
    const isForgiven = after.slice(0, 2 * window).some(({ subDag: { scores } }) => {
      const own = scores[2] as number
      return own > Math.min(...scores.filter((_, place) => place !== 2))
    })
    expect(isForgiven).toBe(true)
    expect(at(0).some(({ atMs, subDag }) => atMs > 2_500 && subDag.anchor.author === 2)).toBe(true)
  })
})
