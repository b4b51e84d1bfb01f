import { expect, test } from 'vitest'
import { defaultNetworkOptions, drawScenario, simulate } from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'

const fast = {
  replicas: 4,
  network: { ...defaultNetworkOptions, delay: { type: 'uniform', fromMs: 0.5, toMs: 5 } },
  bullshark: { gcDepthRounds: 8 },
  livenessMs: 12_000
} as const

/** Seeds that failed once, and what they found. */
test.each([
  {
    seed: 5047,
    found: 'a laggard waits for ever for parents that no commit orders and nobody sends',
    fixed: fast
  },
  { seed: 5083, found: 'the same, where the votes on the anchor rest on them', fixed: fast },
  { seed: 5174, found: 'the same, after two losses of power', fixed: fast }
])('seed $seed: $found', ({ seed, fixed }) => {
  const report = simulate(drawScenario(seed, fixed), bullsharkNeeds())
  expect(report.verdict, report.firstViolation?.facts).toBe('pass')
})
