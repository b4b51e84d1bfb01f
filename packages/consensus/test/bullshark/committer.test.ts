import { AssertionError, type CommitIndex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { baseLeader } from '../../src/bullshark/schedule.ts'
import { bullsharkRules, commitWindow, genesisCommitDigest } from '../../src/index.ts'
import { at, committeeOf, domain, four, hash, replica, round, Sketch, slots } from '../fixtures.ts'
import { never, Observer } from './ordering.ts'

const options = { gcDepthRounds: 4, schedulePeriodCommits: 0, scheduleWindowCommits: 10 }
const leader = (r: number) => baseLeader(round(r), four, domain, hash)
const everyone = [0, 1, 2, 3]

describe('the log of a calm network', () => {
  const observer = new Observer(four, options).insert(new Sketch().full(1, 9).all).order()

  test('each anchor round commits, chained from nothing', () => {
    expect(observer.anchors).toEqual([2, 4, 6, 8])
    expect(observer.commits.map(commit => commit.index)).toEqual([1, 2, 3, 4])
    expect(observer.commits[0]?.previous).toBe(genesisCommitDigest)
    expect(observer.commits[0]?.scores).toEqual([])
    expect(observer.committer.lastDigest).toBe(observer.digests[3])
    expect(observer.committer.lastAnchorRound).toBe(8)
  })

  test('a second look orders nothing', () => {
    expect(observer.committer.commit(never)).toEqual([])
  })
})

test('what lies deeper below an anchor than the garbage collection reaches is never ordered', () => {
  const sketch = new Sketch()
  for (let r = 1; r <= 11; r++) {
    const isLeaderless = r % 2 === 0 && r < 10
    sketch.full(r, r, isLeaderless ? everyone.filter(index => index !== leader(r)) : everyone)
  }
  const observer = new Observer(four, options).insert(sketch.all).order()
  expect(observer.anchors).toEqual([10])
  const ordered = observer.commits[0]!.vertices.map(vertex => vertex.round)
  expect([Math.min(...ordered), Math.max(...ordered)]).toEqual([7, 10])
  expect(observer.dag.gcRound).toBe(6)
})

test('a dead leader: its round is skipped, and the next anchor orders the rest of it', () => {
  const dead = leader(4)
  const alive = everyone.filter(index => index !== dead)
  const sketch = new Sketch().full(1, 3).full(4, 4, alive).full(5, 7)
  const observer = new Observer(four, options).insert(sketch.all).order()
  expect(observer.anchors).toEqual([2, 6])
  const later = slots(observer.commits[1]!.vertices)
  for (const author of alive) expect(later).toContain(`4/${author}`)
})

test('an anchor with f votes waits for a later one that reaches it, and is ordered first', () => {
  const anchor = leader(2)
  const without = everyone.filter(index => index !== anchor)
  const sketch = new Sketch().full(1, 2)
  const [voter] = without
  for (const author of everyone) sketch.add(3, author, author === voter ? everyone : without)
  const observer = new Observer(four, options).insert(sketch.all).order()
  expect(observer.anchors).toEqual([])
  observer.insert(sketch.full(4, 5).all).order()
  expect(observer.anchors).toEqual([2, 4])
})

describe('stop-at', () => {
  test.each([0, 1, 2, 3])('orders nothing above %i, and goes on where it stopped', stopAt => {
    const sketch = new Sketch().full(1, 9)
    const whole = new Observer(four, options).insert(sketch.all).order()
    const stopped = new Observer(four, options).insert(sketch.all).order(stopAt)
    expect(stopped.committer.lastIndex).toBe(stopAt)
    expect(stopped.order(stopAt).commits.length).toBe(stopAt)
    expect(stopped.order().digests).toEqual(whole.digests)
  })

  test('also inside a chain that is ordered at once', () => {
    const all = {
      ...bullsharkRules,
      anchorsToOrder: <T>(chain: readonly T[]) => [...chain].reverse()
    }
    const observer = new Observer(four, options, all).insert(new Sketch().full(1, 9).all).order(1)
    expect(observer.anchors).toEqual([2])
  })
})

describe('a schedule from scores', () => {
  const seven = committeeOf(1, 1, 1, 1, 1, 1, 1)
  const scored = { gcDepthRounds: 8, schedulePeriodCommits: 2, scheduleWindowCommits: 4 }
  const all = [0, 1, 2, 3, 4, 5, 6]
  const slow = 3

  /** Everyone proposes, but nobody links to `slow` in rounds from `first` to `last`. */
  function shunned(first: number, last: number, rounds: number): Sketch {
    const sketch = new Sketch(seven)
    for (let r = 1; r <= rounds; r++) {
      const isShunned = r - 1 >= first && r - 1 <= last
      const linked = isShunned ? all.filter(author => author !== slow) : undefined
      for (const author of all) sketch.add(r, author, linked)
    }
    return sketch
  }

  const leads = (observer: Observer, r: number) => observer.committer.leaderOf(round(r)) === slow
  const ownRounds = Array.from({ length: 60 }, (_, i) => 2 * i + 100).filter(
    r => baseLeader(round(r), seven, domain, hash) === slow
  )

  test('who falls behind leads no more, and leads again within two windows of keeping up', () => {
    const sketch = shunned(1, 12, 40)
    const observer = new Observer(seven, scored)
    observer.insert(sketch.all.filter(c => c.header.round <= 13)).order()
    expect(ownRounds.some(r => leads(observer, r))).toBe(false)
    expect(observer.commits.at(-1)?.scores[slow]).toBe(0)
    observer.insert(sketch.all.filter(c => c.header.round > 13)).order()
    expect(observer.commits.at(-1)?.scores).toEqual([4, 4, 4, 4, 4, 4, 4])
    expect(ownRounds.every(r => leads(observer, r))).toBe(true)
  })

  test('the schedule changes with every second commit and not before', () => {
    const sketch = shunned(1, 12, 12)
    const observer = new Observer(seven, scored).insert(sketch.all)
    const changes = [1, 2, 3].map(stopAt => {
      observer.order(stopAt)
      return ownRounds.every(r => leads(observer, r))
    })
    expect(changes).toEqual([true, false, false])
  })

  test('a swap between two anchors of one step is the swap of a node that took two steps', () => {
    const sketch = shunned(1, 30, 30)
    const once = new Observer(seven, scored).insert(sketch.all).order()
    const stepwise = new Observer(seven, scored)
    for (const certificate of sketch.all) stepwise.insert([certificate]).order()
    expect(stepwise.digests).toEqual(once.digests)
    // Under the old schedule some round above the first swap had the slow one as leader.
    const swapped = sketch.all
      .map(c => c.header.round)
      .filter(r => r > 4 && r % 2 === 0 && baseLeader(r, seven, domain, hash) === slow)
    expect(swapped.length).toBeGreaterThan(0)
    for (const r of swapped) if (r < 30) expect(once.anchors).toContain(r)
    expect(once.commits.filter(c => c.index > 2).some(c => c.anchor.author === slow)).toBe(false)
  })

  test.each([
    { window: 1, expected: [1, 1, 1, 1] },
    { window: 3, expected: [1, 2, 3, 3] }
  ])('scores look back on $window commits', ({ window, expected }) => {
    const narrow = { ...scored, scheduleWindowCommits: window }
    const observer = new Observer(seven, narrow).insert(shunned(99, 99, 9).all).order()
    expect(observer.commits.map(commit => commit.scores[0])).toEqual(expected)
  })
})

const turbo = { pipelined: true, fastCommit: true, anchorsPerRound: 8, reputation: true }

test.each([
  { name: 'without a schedule', period: 0, turbo: undefined, expected: 6 },
  { name: 'with one', period: 60, turbo: undefined, expected: 360 },
  { name: 'with one, of turbo', period: 60, turbo, expected: 360 },
  {
    name: 'of one that is not in force',
    period: 60,
    turbo: { ...turbo, reputation: false },
    expected: 42
  },
  { name: 'of fewer anchors', period: 0, turbo: { ...turbo, anchorsPerRound: 2 }, expected: 12 }
])('the window of a restore $name: $expected commits', ({ period, turbo, expected }) => {
  const cluster = { gcDepthRounds: 4, schedulePeriodCommits: period, scheduleWindowCommits: 300 }
  expect(commitWindow({ ...cluster, turbo }, 7)).toBe(expected)
})

test('time does not go back over a restore either', () => {
  const sketch = new Sketch(four, r => ({ createdAt: at(10_000 - r * 100) })).full(1, 9)
  const lived = new Observer(four, options).insert(sketch.all).order()
  expect(new Set(lived.commits.map(commit => commit.timestamp))).toEqual(new Set([9_900]))
  const restored = new Observer(four, options)
  restored.committer.restore(lived.commits.slice(0, 2))
  expect(restored.insert(sketch.all).order().digests).toEqual(lived.digests.slice(2))
})

test('restoring nothing changes nothing', () => {
  const observer = new Observer(four, options)
  observer.committer.restore([])
  expect(observer.committer.lastIndex).toBe(0 as CommitIndex)
})

test('an anchor is never ordered below the last one', () => {
  const sketch = new Sketch().full(1, 9)
  const stuck = { ...bullsharkRules, directAnchor: () => sketch.at(2, leader(2)) }
  const observer = new Observer(four, options, stuck).insert(sketch.all)
  expect(() => observer.order()).toThrow(AssertionError)
})

test('leaders of many rounds are remembered within a bound and stay the same', () => {
  const { committer } = new Observer(four, options)
  const once = Array.from({ length: 1_200 }, (_, i) => committer.leaderOf(round(2 * i + 2)))
  const again = Array.from({ length: 1_200 }, (_, i) => committer.leaderOf(round(2 * i + 2)))
  expect(again).toEqual(once)
  expect(once.slice(0, 4)).toEqual([2, 4, 6, 8].map(leader))
  expect(replica(once[0]!)).toBe(leader(2))
})
