import { describe, expect, test } from 'vitest'
import { type Behaviour, mixingHash, quietScenario, simulate } from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'

const replicas = 31
const places = Array.from({ length: 10 }, (_, at) => 3 * at)

/** As many liars as 31 members bear, all in the same way. */
const run = (seed: number, behaviours: readonly Behaviour[]) =>
  simulate(
    {
      ...quietScenario,
      seed,
      replicas,
      chaosMs: 800,
      commitsAfterHealing: 2,
      byzantine: places.map(place => ({ place, behaviours }))
    },
    bullsharkNeeds(undefined, mixingHash)
  )

describe('ten of 31 lie: the other 21 agree, lose nothing and go on', () => {
  test.each<[string, Behaviour[]]>([
    ['messages dropped at random', ['drop']],
    ['messages delayed', ['delay']],
    ['rounds far ahead', ['far-future']],
    ['votes for everything, in concert', ['equivocate', 'vote-for-all']]
  ])('%s', (_name, behaviours) => {
    const report = run(31, behaviours)
    expect(report.firstViolation).toBeUndefined()
    expect(report.acknowledged).toBeGreaterThan(20)
    for (const behaviour of behaviours) {
      expect(report.counts.get(`lie_${behaviour}`), behaviour).toBeGreaterThan(places.length)
    }
  })

  test('two headers for a slot: every equivocator is exposed, and nobody else', () => {
    const report = run(32, ['equivocate'])
    expect(report.firstViolation).toBeUndefined()
    expect(report.acknowledged).toBeGreaterThan(20)
    expect(report.exposed).toEqual(places)
    expect(report.witnesses).toBe(replicas - places.length)
  })
})
