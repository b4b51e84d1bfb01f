import { Prng } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  bullsharkModes,
  drawNamedFault,
  type Fault,
  namedFaultNames,
  quietScenario,
  simulate
} from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'
import { asShipped } from '../shipped-modes.ts'

const modesAndNames = bullsharkModes.flatMap(mode =>
  namedFaultNames.map(name => [mode, name] as const)
)

describe.each(modesAndNames)('%s, %s', (mode, name) => {
  test.each([
    [4, [1, 2]],
    [7, [3]]
  ])('of %i, seeds %j: nothing is lost or doubled, and all go on', (replicas, seeds) => {
    for (const seed of seeds) {
      const plan = { replicas, atMs: 300, forMs: 800, loser: seed % replicas }
      const faults = drawNamedFault(name, plan, new Prng(seed))
      expect(faults.length).toBeGreaterThan(0)
      const scenario = { ...quietScenario, seed, replicas, faults, chaosMs: 1_200 }
      const report = simulate(asShipped(scenario, mode), bullsharkNeeds())
      expect(report.firstViolation, `seed ${seed}`).toBeUndefined()
      expect(report.acknowledged, `seed ${seed}`).toBeGreaterThan(20)
    }
  })
})

/** What a fault does while it lasts, as the commits of the others and of the place show. */
describe('a fault has its effect', () => {
  const forMs = 1_500

  function commitsWithin(fault: Fault, place: number): number {
    let count = 0
    const onExecuted = (at: number, _subDag: unknown, atMs: number) => {
      if (at === place && atMs > 700 && atMs < 500 + forMs) count++
    }
    const needs = { ...bullsharkNeeds(), onExecuted }
    const report = simulate({ ...quietScenario, faults: [fault], chaosMs: 2_500 }, needs)
    expect(report.firstViolation).toBeUndefined()
    return count
  }

  test.each(['pause', 'disk-full', 'slow-reader'] as const)(
    '%s: that place stands, others go on',
    type => {
      const fault = { type, atMs: 500, forMs, place: 2 }
      expect(commitsWithin(fault, 0)).toBeGreaterThan(5)
      if (type !== 'disk-full') expect(commitsWithin(fault, 2)).toBeLessThan(3)
    }
  )

  test('half-open: the two still hear of all by others', () => {
    const fault = { type: 'half-open', atMs: 500, forMs, between: [0, 1] } as const
    expect(commitsWithin(fault, 0)).toBeGreaterThan(5)
    expect(commitsWithin(fault, 1)).toBeGreaterThan(5)
  })

  test('corruption: what was damaged is refused, and nobody is blamed', () => {
    const faults = [{ type: 'corruption', atMs: 300, forMs, percent: 10 }] as const
    const report = simulate({ ...quietScenario, faults, chaosMs: 2_500 }, bullsharkNeeds())
    expect(report.firstViolation).toBeUndefined()
    expect(report.counts.get('damaged_refused')).toBeGreaterThan(0)
  })

  test('a narrow interface: the same load takes longer', () => {
    const p50 = (nodeBytesPerSecond: number) =>
      simulate(
        { ...quietScenario, network: { ...quietScenario.network, nodeBytesPerSecond } },
        bullsharkNeeds()
      ).latencyMs.p50
    expect(p50(60_000)).toBeGreaterThan(1.3 * p50(0))
  })
})
