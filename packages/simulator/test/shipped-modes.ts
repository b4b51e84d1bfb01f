import { defaultTurboOptions } from '@novacron/consensus'
import { type BullsharkMode, type Scenario, withFactor } from '../src/index.ts'

/** As a genesis has it that asks for turbo and says no more. */
const schedulePeriodCommits = 8

/**
 * The scenario in one of the modes with the switches that are shipped, where `inMode` has those of the scenario or its seed.
 * What it counts in commits is as long in rounds.
 */
export function asShipped(scenario: Scenario, mode: BullsharkMode): Scenario {
  if (mode === 'bullshark') return scenario
  const turbo = { schedulePeriodCommits, turbo: defaultTurboOptions }
  return withFactor({ ...scenario, bullshark: { ...scenario.bullshark, ...turbo } })
}
