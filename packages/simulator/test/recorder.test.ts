import { expect, test } from 'vitest'
import { quietScenario, Recorder, simulate } from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'

test('a recorder keeps the last events, oldest first', () => {
  const recorder = new Recorder(3)
  const note = (atMs: number) => recorder.note({ atMs, place: 0, what: 'x', value: 0 })
  expect(recorder.events()).toEqual([])
  note(1)
  note(2)
  expect(recorder.events().map(({ atMs }) => atMs)).toEqual([1, 2])
  for (const at of [3, 4, 5]) note(at)
  expect(recorder.events().map(({ atMs }) => atMs)).toEqual([3, 4, 5])
  expect(() => new Recorder(0)).toThrow('eventsMax >= 1')
})

test('a run is the same with a recorder, which knows who got what from whom', () => {
  const scenario = { ...quietScenario, chaosMs: 300 }
  const recorder = new Recorder(10_000)
  const report = simulate(scenario, { ...bullsharkNeeds(), recorder })
  expect(report).toEqual(simulate(scenario, bullsharkNeeds()))
  const words = recorder.events().map(({ what }) => what)
  expect(words).toContain('got certificate from place 2')
  expect(words).toContain('persist-durable')
  expect(words).not.toContain('received')
  expect(report.places).toHaveLength(4)
  for (const { isUp, index, state } of report.places) {
    expect([isUp, index > 0]).toEqual([true, true])
    expect(state).toMatch(/round \d+/)
  }
})

test('distances between places make answers later', () => {
  const near = simulate({ ...quietScenario, chaosMs: 500 }, bullsharkNeeds())
  const distancesMs = Array.from({ length: 4 }, () => new Array<number>(4).fill(80))
  const network = { ...quietScenario.network, distancesMs }
  const far = simulate({ ...quietScenario, chaosMs: 500, network }, bullsharkNeeds())
  expect([near.verdict, far.verdict]).toEqual(['pass', 'pass'])
  expect(far.latencyMs.p50).toBeGreaterThan(near.latencyMs.p50 + 2 * 80)
})
