import { describe, expect, test } from 'vitest'
import {
  type Departure,
  departureNames,
  quietScenario,
  type Scenario,
  simulate
} from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'

const run = (more: Partial<Scenario>) =>
  simulate({ ...quietScenario, chaosMs: 1_200, ...more }, bullsharkNeeds())

const gone = (place: number, how: Departure) => ({ place, atMs: 500, loss: 'lost', how }) as const

describe.each(departureNames)('one that is %s for good', how => {
  test.each([1, 2, 3])('seed %i: the others lose nothing that anybody acknowledged', seed => {
    const report = run({ seed, gone: [gone(seed % 4, how)] })
    expect(report.firstViolation).toBeUndefined()
    expect(report.acknowledged).toBeGreaterThan(20)
    const indexes = report.places.map(({ index }) => index)
    const left = indexes[seed % 4] as number
    // It can follow only where it hears.
    if (how !== 'unheard') expect(left).toBeLessThan(Math.min(...indexes.toSpliced(seed % 4, 1)))
    expect(report.places[seed % 4]?.isUp).toBe(how !== 'crashed')
  })

  test('beside a liar, of seven', () => {
    const report = run({
      replicas: 7,
      gone: [gone(2, how)],
      byzantine: [{ place: 5, behaviours: ['equivocate', 'withhold-certificates'] }]
    })
    expect(report.firstViolation).toBeUndefined()
    expect(report.exposed).toEqual([5])
  })
})

test('one that is stopped for good while it was stopped for some time does not go on', () => {
  const faults = [{ type: 'pause', atMs: 400, forMs: 600, place: 1 }] as const
  expect(run({ faults }).places[1]?.index).toBeGreaterThan(15)
  const report = run({ faults, gone: [gone(1, 'stopped')] })
  expect(report.firstViolation).toBeUndefined()
  expect(report.places[1]?.index).toBeLessThan(10)
})

test('progress that takes more steps than it may is none', () => {
  const scenario = { gone: [gone(1, 'stopped')] }
  const { steps } = run(scenario)
  expect(run({ ...scenario, livenessSteps: steps }).verdict).toBe('pass')
  const report = run({ ...scenario, livenessSteps: 200 })
  expect(report.verdict).toBe('stalled')
  expect(report.kind).toBe('stalled')
  expect(report.steps).toBeLessThan(steps)
})
