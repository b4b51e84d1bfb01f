import { describe, expect, test } from 'vitest'
import {
  type Behaviour,
  behaviourNames,
  quietScenario,
  type Scenario,
  simulate
} from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'

const run = (more: Partial<Scenario>) =>
  simulate({ ...quietScenario, chaosMs: 1_500, ...more }, bullsharkNeeds())

/** Some of what is asked of a liar is only asked by those who come back. */
const wiped = (place: number) =>
  ({
    type: 'crash',
    atMs: 700,
    places: [place],
    loss: 'lost',
    downMs: 300,
    staggerMs: 0,
    disk: { type: 'wiped' }
  }) as const

const surroundings: Partial<Record<Behaviour, Partial<Scenario>>> = {
  'lying-sync': {
    observers: 1,
    replica: { checkpointIntervalCommits: 5, retentionCommits: 1 }
  }
}

describe.each(behaviourNames)('a member that lies by %s', behaviour => {
  test.each([
    [4, 1],
    [4, 2],
    [4, 3],
    [7, 1]
  ])('of %i, seed %i: the honest agree, lose nothing and go on', (replicas, seed) => {
    const more = surroundings[behaviour]
    const report = run({
      seed,
      replicas,
      byzantine: [{ place: seed % replicas, behaviours: [behaviour] }],
      ...(more === undefined ? {} : { ...more, faults: [wiped(replicas)] })
    })
    expect(report.firstViolation).toBeUndefined()
    expect(report.acknowledged).toBeGreaterThan(20)
    expect(report.counts.get(`lie_${behaviour}`)).toBeGreaterThan(0)
  })
})
