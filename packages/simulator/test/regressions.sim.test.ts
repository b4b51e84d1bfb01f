import { describe, expect, test } from 'vitest'
import { quietScenario, type Scenario, simulate } from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'

const fast: Scenario = {
  ...quietScenario,
  network: { ...quietScenario.network, delay: { type: 'uniform', fromMs: 0.5, toMs: 5 } },
  flushDelay: { type: 'heavy-tail', minMs: 0.3, shape: 1.3, maxMs: 60 },
  bullshark: { gcDepthRounds: 8 },
  livenessMs: 12_000
}

/** Runs that failed once, and what they found. */
describe('what seeds have found stays found', () => {
  test.each([2, 3, 6, 11, 13])(
    'seed %i: after a second without one link a laggard waited for ever for parents that no commit orders',
    seed => {
      const faults = [{ type: 'link-flap', atMs: 500, forMs: 1_000, between: [0, 3] }] as const
      const report = simulate({ ...fast, seed, faults }, bullsharkNeeds())
      expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    }
  )

  test.each([123, 133])(
    'seed %i: an executor waited for ever for payload that everybody had pruned',
    seed => {
      const report = simulate(
        {
          ...fast,
          seed,
          replica: { checkpointIntervalCommits: 5, retentionCommits: 1, payloadWaitMs: 1_000 },
          bullshark: { gcDepthRounds: 50 },
          faults: [
            {
              type: 'crash',
              atMs: 600,
              places: [3],
              loss: 'kept',
              downMs: 1_500,
              staggerMs: 0,
              disk: { type: 'own' }
            }
          ]
        },
        bullsharkNeeds()
      )
      expect(report.verdict, report.firstViolation?.facts).toBe('pass')
    }
  )
})
