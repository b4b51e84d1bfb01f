import type { ReplicaId, Round } from '@novacron/base'
import { expect, test } from 'vitest'
import { dagRound, dagWindow, lastRoundOf } from '../../src/control/dag-window.ts'
import { Topics } from '../../src/control/topics.ts'
import { type DagSketch, sketchOf } from './dag-sketch.ts'

function anchorsOf(sketch: DagSketch, ...rounds: number[]) {
  return rounds.map(round => dagRound(sketch, round as Round).anchor?.state)
}

test('a window shows the rounds that are here, with vertices and links', () => {
  const sketch = sketchOf({ rounds: 6, lastAnchorRound: 0 })
  const window = dagWindow(sketch, { fromRound: 0, toRound: 99 })
  expect(window.map(round => round.round)).toEqual([1, 2, 3, 4, 5, 6])
  expect(window[0]?.vertices.map(vertex => vertex.parents.length)).toEqual([0, 0, 0, 0])
  const [first, second] = window
  expect(second?.vertices[0]?.parents).toEqual(first?.vertices.map(vertex => vertex.digest))
  expect(second?.vertices.map(vertex => vertex.batches)).toEqual([1, 1, 1, 1])
  expect(dagWindow(sketch, { fromRound: 3, toRound: 4 }).map(round => round.round)).toEqual([3, 4])
})

test('anchors stand in even rounds, committed, skipped or undecided', () => {
  const sketch = sketchOf({ rounds: 8, lastAnchorRound: 6, missing: [[4, 1]] })
  sketch.dag.markCommitted(sketch.at(2, 1))
  sketch.dag.markCommitted(sketch.at(6, 1))
  expect(anchorsOf(sketch, 1, 2, 3, 4, 6, 8)).toEqual([
    undefined,
    'committed',
    undefined,
    'skipped',
    'committed',
    'undecided'
  ])
  expect(dagRound(sketch, 4 as Round).anchor).not.toHaveProperty('digest')
  expect(dagRound(sketch, 8 as Round).anchor).toMatchObject({
    author: 1,
    digest: sketch.at(8, 1).digest
  })
})

test('rounds that were collected are left out', () => {
  const sketch = sketchOf({
    rounds: 6,
    lastAnchorRound: 0,
    missing: [
      [5, 2],
      [6, 2]
    ]
  })
  sketch.dag.collect(3 as Round)
  expect(dagWindow(sketch, { fromRound: 1, toRound: 5 }).map(round => round.round)).toEqual([4, 5])
  expect([0, 1, 2].map(author => lastRoundOf(sketch.dag, author as ReplicaId))).toEqual([6, 6, 4])
  sketch.dag.collect(4 as Round)
  expect(lastRoundOf(sketch.dag, 2 as ReplicaId)).toBe(0)
})

test('topics tell those who listen, and no others', () => {
  const topics = new Topics()
  const heard: unknown[] = []
  const commit = { index: 1, digest: 'd' }
  topics.publish('log.committed', commit)
  const stop = topics.subscribe('log.committed', value => heard.push(value))
  const other = topics.subscribe('log.committed', value => heard.push(value.index))
  expect([topics.count('log.committed'), topics.count('consensus.rounds')]).toEqual([2, 0])
  topics.publish('log.committed', commit)
  topics.publish('consensus.rounds', { round: 1, vertices: [] })
  expect(heard).toEqual([commit, 1])
  stop()
  stop()
  topics.publish('log.committed', { index: 2, digest: 'e' })
  other()
  expect(heard).toEqual([commit, 1, 2])
  expect(topics.count('log.committed')).toBe(0)
})
