import { describe, expect, test } from 'vitest'
import {
  type Behaviour,
  type BullsharkMode,
  behaviourNames,
  bullsharkModes,
  quietScenario,
  type Scenario,
  simulate
} from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'
import { asShipped } from '../shipped-modes.ts'

const run = (mode: BullsharkMode, more: Partial<Scenario>) =>
  simulate(asShipped({ ...quietScenario, chaosMs: 1_100, ...more }, mode), bullsharkNeeds())

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

const modesAndLies = bullsharkModes.flatMap(mode =>
  behaviourNames.map(behaviour => [mode, behaviour] as const)
)

describe.each(modesAndLies)('%s, a member that lies by %s', (mode, behaviour) => {
  // The two modes share the seeds of four members.
  const seeds = mode === 'bullshark' ? [1, 3] : [2, 3]

  test.each([
    [4, seeds[0] as number],
    [4, seeds[1] as number],
    [7, 1]
  ])('of %i, seed %i: the honest agree, lose nothing and go on', (replicas, seed) => {
    const more = surroundings[behaviour]
    const report = run(mode, {
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
