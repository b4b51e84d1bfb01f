import { describe, expect, test } from 'vitest'
import { type Fault, quietScenario, simulate } from '../src/index.ts'
import { sha256 } from './hash.ts'
import { bullsharkNeeds } from './needs.ts'
import { type Toy, toyProtocol } from './toy.ts'

const run = (toy: Toy, change: object = {}) =>
  simulate(
    { ...quietScenario, chaosMs: 300, livenessMs: 1_000, ...change },
    { hash: sha256, protocol: toyProtocol(toy) }
  )

describe('a run', () => {
  test('passes when everything is well, and says how to see it again', () => {
    const report = simulate({ ...quietScenario, seed: 77, chaosMs: 500 }, bullsharkNeeds())
    expect(report.verdict).toBe('pass')
    expect(report.firstViolation).toBeUndefined()
    expect(report.replay).toContain('FIRST_SEED=77 ')
    expect(report.persists.every(count => count > 0)).toBe(true)
    expect(report.recoveredMs).toBeGreaterThan(0)
    expect(report.applied).toBe(report.acknowledged)
  })

  test('stalls when nobody ever commits, and says where each is', () => {
    const report = run({})
    expect(report.verdict).toBe('stalled')
    expect(report.firstViolation?.facts).toContain('logs at 0, 0, 0, 0')
    expect(report.firstViolation?.facts).toContain('place 3: toy')
    expect(report.recoveredMs).toBeUndefined()
  })

  test('stalls when one never comes back', () => {
    const away: Fault = {
      type: 'crash',
      atMs: 100,
      places: [1],
      loss: 'kept',
      downMs: 100,
      staggerMs: 0,
      disk: { type: 'own' }
    }
    let lives = 0
    const toy: Toy = {
      step(event, place) {
        if (event.type === 'started' && place === 1 && ++lives > 1)
          throw new Error('no second life')
        return []
      }
    }
    expect(run(toy, { faults: [away] }).verdict).toBe('asserted')
  })

  test('ends at an assertion, with its words and time', () => {
    const report = run({
      step: () => {
        throw new Error('our own mistake')
      }
    })
    expect(report.verdict).toBe('asserted')
    expect(report.firstViolation?.facts).toContain('our own mistake')
    expect(report.firstViolation?.atMs).toBe(0)
  })

  test('ends at a throw that is no error', () => {
    const report = run({
      step: () => {
        throw 'words'
      }
    })
    expect(report.firstViolation?.facts).toBe('place 0: words')
  })

  test('ends when an honest replica is accused', () => {
    const report = run({ step: () => [{ type: 'penalize', peer: 'node-2' as never, code: 'odd' }] })
    expect(report.verdict).toBe('accused')
    expect(report.firstViolation?.facts).toBe('place 0 accuses node-2: odd')
  })

  test('ends when a queue outgrows its bound, and not at the bound', () => {
    const gauges = (value: number) => () => [{ name: 'queue', value, max: 5 }]
    expect(run({ gauges: gauges(5) }).verdict).toBe('stalled')
    const report = run({ gauges: gauges(6) })
    expect(report.verdict).toBe('overflowed')
    expect(report.firstViolation?.facts).toBe('place 0: queue is 6, at most 5')
  })

  test('ends when the network carries more than it can', () => {
    const flood: Toy = {
      step: event =>
        event.type === 'peer-connected' ? [{ type: 'broadcast', class: 'bulk', message: 'm' }] : []
    }
    const report = run(flood, { network: { ...quietScenario.network, inFlightMax: 1 } })
    expect(report.verdict).toBe('overflowed')
  })

  test('does not start without replicas', () => {
    expect(() => run({}, { replicas: 0 })).toThrow()
  })
})
