import type { BullsharkMode } from '@novacron/simulator'
import type { SimulatedOutcome, SimulatedScenario } from '../scenario.ts'

/** What networks are made with, first the default. */
const protocols: readonly BullsharkMode[] = ['bullshark-turbo', 'bullshark']

/** What a scenario of the simulator is run with. */
export interface Setting {
  readonly seed: number
  readonly protocol: BullsharkMode
}

/** One after the other under each protocol; passed when it is under both. */
export function underEach(
  run: (setting: Setting) => Promise<SimulatedOutcome>
): SimulatedScenario['run'] {
  return async (seed, signal) => {
    const outcomes: SimulatedOutcome[] = []
    for (const protocol of protocols) {
      signal.throwIfAborted()
      const outcome = await run({ seed, protocol })
      outcomes.push({ ...outcome, notes: outcome.notes.map(note => `${protocol}: ${note}`) })
    }
    const sum = (count: (outcome: SimulatedOutcome) => number): number =>
      outcomes.reduce((total, outcome) => total + count(outcome), 0)
    return {
      isPassed: outcomes.every(({ isPassed }) => isPassed),
      acknowledged: sum(outcome => outcome.acknowledged),
      lost: sum(outcome => outcome.lost),
      duplicated: sum(outcome => outcome.duplicated),
      notes: outcomes.flatMap(({ notes }) => notes)
    }
  }
}
