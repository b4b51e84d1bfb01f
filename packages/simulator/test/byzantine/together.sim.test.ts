import { Prng } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  type Behaviour,
  type BullsharkMode,
  behaviourNames,
  bullsharkModes,
  mixingHash,
  quietScenario,
  simulate
} from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'
import { asShipped } from '../shipped-modes.ts'

function run(mode: BullsharkMode, seed: number, behaviours: readonly Behaviour[]) {
  const byzantine = [{ place: seed % 4, behaviours }]
  const scenario = { ...quietScenario, seed, chaosMs: 500, byzantine }
  const report = simulate(asShipped(scenario, mode), bullsharkNeeds(undefined, mixingHash))
  expect(report.firstViolation).toBeUndefined()
  expect(report.acknowledged).toBeGreaterThan(10)
  return report
}

describe.each(bullsharkModes)('%s', mode => {
  /** What one lie makes of a message, the next one lies about. */
  test.each([1, 2, 3, 4, 5])('seed %i: many ways of lying at once, in any order', seed => {
    const without: readonly Behaviour[] = ['withhold', 'drop']
    const behaviours = behaviourNames.filter(name => !without.includes(name))
    run(mode, seed, new Prng(seed).shuffle(behaviours))
  })

  test.each(behaviourNames)('after headers of the last round that there is: %s', behaviour => {
    const report = run(mode, 3, ['far-future', ...(behaviour === 'far-future' ? [] : [behaviour])])
    // Of twins, one may be cut off from the answers that it waits for at its start, and propose nothing.
    if (behaviour !== 'twins') expect(report.counts.get('lie_far-future')).toBeGreaterThan(10)
  })
})
