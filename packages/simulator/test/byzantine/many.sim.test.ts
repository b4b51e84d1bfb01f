import { describe, expect, test } from 'vitest'
import {
  type Behaviour,
  type BullsharkMode,
  bullsharkModes,
  defaultLoadOptions,
  mixingHash,
  quietScenario,
  simulate
} from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'
import { asShipped } from '../shipped-modes.ts'

const replicas = 31
const places = Array.from({ length: 10 }, (_, at) => 3 * at)

/** As many liars as 31 members bear, all in the same way. */
function run(mode: BullsharkMode, seed: number, behaviours: readonly Behaviour[]) {
  const scenario = {
    ...quietScenario,
    seed,
    replicas,
    chaosMs: 400,
    load: { ...defaultLoadOptions, intervalMs: 20 },
    commitsAfterHealing: 2,
    byzantine: places.map(place => ({ place, behaviours }))
  }
  return simulate(asShipped(scenario, mode), bullsharkNeeds(undefined, mixingHash))
}

describe.each(bullsharkModes)(
  '%s, ten of 31 lie: the other 21 agree, lose nothing and go on',
  mode => {
    test.each<[string, Behaviour[]]>([
      ['messages dropped at random', ['drop']],
      ['messages delayed', ['delay']],
      ['rounds far ahead', ['far-future']],
      ['votes for everything, in concert', ['equivocate', 'vote-for-all']]
    ])('%s', (_name, behaviours) => {
      const report = run(mode, 31, behaviours)
      expect(report.firstViolation).toBeUndefined()
      expect(report.acknowledged).toBeGreaterThan(20)
      for (const behaviour of behaviours) {
        expect(report.counts.get(`lie_${behaviour}`), behaviour).toBeGreaterThan(places.length)
      }
    })

    test('two headers for a slot: every equivocator is exposed, and nobody else', () => {
      const report = run(mode, 32, ['equivocate'])
      expect(report.firstViolation).toBeUndefined()
      expect(report.acknowledged).toBeGreaterThan(20)
      expect(report.exposed).toEqual(places)
      expect(report.witnesses).toBe(replicas - places.length)
    })
  }
)
