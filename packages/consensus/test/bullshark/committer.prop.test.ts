import { Prng } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commitWindow } from '../../src/index.ts'
import { committeeOf, four } from '../fixtures.ts'
import { causalShuffle, Observer, randomSketch } from './ordering.ts'

const roundsMax = 18
const runs = fc.record({
  seed: fc.nat(),
  committee: fc.constantFrom(four, committeeOf(3, 1, 1, 2), committeeOf(1, 1, 1, 1, 1, 1, 1)),
  options: fc.record({
    gcDepthRounds: fc.constantFrom(4, 8),
    schedulePeriodCommits: fc.constantFrom(0, 2, 3),
    scheduleWindowCommits: fc.constantFrom(1, 4),
    turbo: fc.option(
      fc.record({
        pipelined: fc.boolean(),
        fastCommit: fc.boolean(),
        anchorsPerRound: fc.constantFrom(1, 2, 7),
        reputation: fc.boolean()
      }),
      { nil: undefined }
    )
  })
})

test('what is ordered does not depend on the order of arrival or on how often it is asked', () => {
  let longest = 0
  fc.assert(
    fc.property(runs, ({ seed, committee, options }) => {
      const sketch = randomSketch(seed, committee, roundsMax, options)
      const whole = new Observer(committee, options).insert(sketch.all).order()
      longest = Math.max(longest, whole.commits.length)
      const prng = new Prng(seed)
      const piecewise = new Observer(committee, options)
      for (const certificate of causalShuffle(sketch, prng)) {
        piecewise.insert([certificate])
        if (prng.chance(0.5)) piecewise.order()
        expect(whole.digests.slice(0, piecewise.commits.length)).toEqual(piecewise.digests)
      }
      expect(piecewise.order().digests).toEqual(whole.digests)
      expect(piecewise.order().digests).toEqual(whole.digests)
    }),
    { numRuns: 120 }
  )
  expect(longest).toBeGreaterThan(5)
})

test('a restore from a window of commits goes on as if it had lived through them', () => {
  fc.assert(
    fc.property(runs, fc.nat(), ({ seed, committee, options }, cut) => {
      const sketch = randomSketch(seed, committee, roundsMax, options)
      const lived = new Observer(committee, options).insert(sketch.all).order()
      const known = cut % (lived.commits.length + 1)
      const restored = new Observer(committee, options)
      const before = lived.commits.slice(0, known)
      restored.committer.restore(before.slice(-commitWindow(options, committee.size)))
      expect(restored.committer.lastIndex).toBe(known)
      restored.insert(sketch.all).order()
      expect(restored.digests).toEqual(lived.digests.slice(known))
      expect(restored.dag.uncommittedPayloadCount).toBe(lived.dag.uncommittedPayloadCount)
      for (let r = 1; r <= roundsMax; r++) {
        if (r <= restored.committer.lastAnchorRound) continue
        expect(restored.committer.leaderOf(r as never)).toBe(lived.committer.leaderOf(r as never))
      }
    }),
    { numRuns: 120 }
  )
})

test('a committer that was asked before takes a window over as one that is new', () => {
  fc.assert(
    fc.property(runs, fc.nat(), ({ seed, committee, options }, cut) => {
      const sketch = randomSketch(seed, committee, roundsMax, options)
      const lived = new Observer(committee, options).insert(sketch.all).order()
      const known = cut % (lived.commits.length + 1)
      const adopting = new Observer(committee, options)
      adopting.insert(sketch.all.filter(c => c.header.round <= 6)).order()
      for (let r = 1; r <= roundsMax; r++) adopting.committer.leaderOf(r as never)
      if (adopting.committer.lastIndex >= known) return
      const before = lived.commits.slice(0, known)
      adopting.committer.restore(before.slice(-commitWindow(options, committee.size)))
      adopting.insert(sketch.all).order()
      const { lastIndex, lastDigest } = adopting.committer
      expect([lastIndex, lastDigest]).toEqual([
        lived.committer.lastIndex,
        lived.committer.lastDigest
      ])
    }),
    { numRuns: 120 }
  )
})

test('the anchors of a round are those that were ordered, in their order, until it is collected', () => {
  fc.assert(
    fc.property(runs, ({ seed, committee, options }) => {
      const sketch = randomSketch(seed, committee, roundsMax, options)
      const { committer, commits, dag } = new Observer(committee, options)
        .insert(sketch.all)
        .order()
      const byRound = Map.groupBy(commits, commit => commit.anchor.round)
      for (const [r, ordered] of byRound) {
        if (r <= dag.gcRound) continue
        const authors = ordered.map(commit => commit.anchor.author)
        expect(committer.anchorsOf(r).slice(0, authors.length)).toEqual(authors)
      }
    }),
    { numRuns: 120 }
  )
})

test('nothing is ordered twice, histories are whole, and the chain holds', () => {
  fc.assert(
    fc.property(runs, ({ seed, committee, options }) => {
      const sketch = randomSketch(seed, committee, roundsMax, options)
      const { commits } = new Observer(committee, options).insert(sketch.all).order()
      const seen = new Set<string>()
      let previous = '0'.repeat(64)
      let timestamp = 0
      for (const [at, commit] of commits.entries()) {
        expect([commit.index, commit.previous]).toEqual([at + 1, previous])
        expect(commit.timestamp).toBeGreaterThanOrEqual(timestamp)
        expect(commit.vertices.at(-1)?.digest).toBe(commit.anchor.digest)
        for (const vertex of commit.vertices) {
          expect(seen.has(vertex.digest)).toBe(false)
          seen.add(vertex.digest)
          const { parents } = sketch.at(vertex.round, vertex.author).header
          const isAboveFloor = vertex.round - 1 > commit.anchor.round - options.gcDepthRounds
          if (isAboveFloor) for (const parent of parents) expect(seen).toContain(parent.digest)
        }
        previous = commit.digest
        timestamp = commit.timestamp
      }
    }),
    { numRuns: 120 }
  )
})
