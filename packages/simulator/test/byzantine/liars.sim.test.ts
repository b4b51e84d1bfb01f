import { describe, expect, test } from 'vitest'
import { behaviourNames, quietScenario, type Scenario, simulate } from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'

const run = (more: Partial<Scenario>) =>
  simulate({ ...quietScenario, chaosMs: 1_500, ...more }, bullsharkNeeds())

describe.each(behaviourNames)('a member that lies by %s', behaviour => {
  test.each([4, 7])('of %i: the honest agree, lose nothing and go on', replicas => {
    for (const seed of [1, 2, 3]) {
      const place = seed % replicas
      const report = run({ seed, replicas, byzantine: [{ place, behaviours: [behaviour] }] })
      expect(report.firstViolation, `seed ${seed}`).toBeUndefined()
      expect(report.acknowledged, `seed ${seed}`).toBeGreaterThan(20)
      if (behaviour === 'twins' || behaviour === 'lying-sync') continue
      expect(report.counts.get(`lie_${behaviour}`), `seed ${seed}`).toBeGreaterThan(0)
    }
  })
})
