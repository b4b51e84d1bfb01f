import { defaultSchedule, defaultTurboOptions } from '@novacron/consensus'
import { type BullsharkMode, type Scenario, withFactor } from '../src/index.ts'

/**
 * The scenario in one of the modes with the switches that are shipped, where `inMode` has those of the scenario or its seed.
 * What it counts in commits is as long in rounds.
 */
export function asShipped(scenario: Scenario, mode: BullsharkMode): Scenario {
  if (mode === 'bullshark') return scenario
  // As a genesis has it that asks for turbo and says no more.
  const schedule = defaultSchedule(defaultTurboOptions, scenario.replicas)
  const turbo = { ...schedule, turbo: defaultTurboOptions }
  return withFactor({ ...scenario, bullshark: { ...scenario.bullshark, ...turbo } })
}
