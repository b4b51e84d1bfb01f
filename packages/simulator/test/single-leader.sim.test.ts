import { expect, test } from 'vitest'
import {
  type Fault,
  quietScenario,
  replicaProtocol,
  type Scenario,
  simulate,
  singleLeaderOrderer
} from '../src/index.ts'
import { sha256 } from './hash.ts'
import { seeds } from './seeds.ts'

const run = (scenario: Partial<Scenario> = {}) =>
  simulate(
    { ...quietScenario, ...scenario },
    { hash: sha256, protocol: replicaProtocol({ orderer: singleLeaderOrderer }, sha256) }
  )
const crash = { type: 'crash', staggerMs: 0, disk: { type: 'own' } } as const

test('without faults one leader orders what all members are given', () => {
  const report = run()
  expect(report.firstViolation).toBeUndefined()
  expect(report.commits).toBeGreaterThan(20)
  expect(report.acknowledged).toBeGreaterThan(50)
})

test.each(seeds(6))('seed %i: the leader crashes, another takes over, and it comes back', seed => {
  const faults: Fault[] = [
    { ...crash, atMs: 700 + seed * 31, downMs: 6_000, places: [0], loss: 'lost' },
    { ...crash, atMs: 9_000, downMs: 1_000, places: [1, 2], loss: 'partly' }
  ]
  const report = run({ seed, faults })
  expect(report.firstViolation, `seed ${seed}`).toBeUndefined()
  expect(report.acknowledged).toBeGreaterThan(50)
})

test.each(['lost', 'partly', 'kept'] as const)(
  'the power fails for all at once, unsynced writes are %s: nothing acknowledged is lost',
  loss => {
    const faults: Fault[] = [{ ...crash, atMs: 1_000, downMs: 300, places: [0, 1, 2, 3], loss }]
    expect(run({ faults }).firstViolation).toBeUndefined()
  }
)
