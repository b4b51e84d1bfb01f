import { describe, expect, test } from 'vitest'
import { type ChaosOptions, runChaos } from '../../src/chaos/chaos.ts'
import { randomOf } from '../../src/chaos/random.ts'
import type { Scenario, ScenarioResult } from '../../src/chaos/scenario.ts'
import { captureIo } from '../capture-io.ts'

const options: Omit<ChaosOptions, 'scenarios'> = { nodes: 4, seed: 9, ratePerSecond: 1_000 }

const simulated = (name: string, isPassed: boolean): Scenario => ({
  kind: 'simulated',
  name,
  what: 'Something.',
  run: async seed => ({
    isPassed,
    acknowledged: 5,
    lost: isPassed ? 0 : 2,
    duplicated: 0,
    notes: [`seed ${seed}`]
  })
})

const real = {
  kind: 'real',
  what: 'Something.',
  nodesMin: 4,
  faultMs: 1,
  run: () => Promise.reject(new Error('must not be run'))
} as const

test('verdicts of the simulator count as those of daemons do', async () => {
  const told: ScenarioResult[] = []
  const scenarios = [simulated('good', true), simulated('bad', false)]
  const io = captureIo()
  const summary = await runChaos({ ...options, scenarios }, io, result => told.push(result))
  expect(summary).toMatchObject({ nodes: 4, seed: 9, passed: 1, failed: 1, skipped: 0 })
  expect(summary.scenarios).toEqual(told)
  expect(told.map(({ name, verdict, lost, notes }) => [name, verdict, lost, notes])).toEqual([
    ['good', 'passed', 0, ['seed 9']],
    ['bad', 'failed', 2, ['seed 9']]
  ])
  expect(io.stderr.text).toBe('novacron: good: Something.\nnovacron: bad: Something.\n')
})

test('what cannot be run here is skipped with the reason, and is no success', async () => {
  const scenarios: Scenario[] = [
    { ...real, name: 'many', nodesMin: 5 },
    { ...real, name: 'root', also: 'dwcp-17', skip: () => 'only root may' }
  ]
  const summary = await runChaos({ ...options, scenarios }, captureIo(), () => undefined)
  expect(summary).toMatchObject({ passed: 0, failed: 0, skipped: 2 })
  expect(summary.scenarios.map(({ notes }) => notes)).toEqual([
    ['needs at least 5 nodes'],
    ['only root may']
  ])
})

describe('an interruption', () => {
  /** Runs scenarios of which the one named `last` interrupts the command. */
  async function interruptedBy(last: Scenario, end: AbortController) {
    const io = captureIo({ signal: end.signal })
    const scenarios = [simulated('good', true), last, simulated('after', true)]
    return runChaos({ ...options, scenarios }, io, () => undefined)
  }

  test('between scenarios leaves what has ended', async () => {
    const end = new AbortController()
    const ending = simulated('ending', false)
    if (ending.kind !== 'simulated') throw new Error('is simulated')
    const run: typeof ending.run = (seed, signal) => {
      end.abort()
      return ending.run(seed, signal)
    }
    const summary = await interruptedBy({ ...ending, run }, end)
    expect(summary).toMatchObject({ passed: 1, failed: 1, skipped: 0, interrupted: true })
    expect(summary.scenarios.map(({ name }) => name)).toEqual(['good', 'ending'])
  })

  test('in the middle of one leaves it out', async () => {
    const end = new AbortController()
    const broken = {
      ...simulated('broken', true),
      run: async (_: unknown, signal: AbortSignal) => {
        end.abort()
        signal.throwIfAborted()
      }
    } as unknown as Scenario
    const summary = await interruptedBy(broken, end)
    expect(summary).toMatchObject({ passed: 1, failed: 0, interrupted: true })
    expect(summary.scenarios.map(({ name }) => name)).toEqual(['good'])
  })

  test('after the last is none, and before the first leaves nothing', async () => {
    const end = new AbortController()
    const io = captureIo({ signal: end.signal })
    const scenarios = [simulated('good', true)]
    const whole = await runChaos({ ...options, scenarios }, io, () => end.abort())
    expect(whole).toMatchObject({ passed: 1, interrupted: false })
    const none = await runChaos({ ...options, scenarios }, io, () => undefined)
    expect(none).toMatchObject({ passed: 0, failed: 0, interrupted: true, scenarios: [] })
  })
})

test('what a simulated scenario throws by itself is no interruption', async () => {
  const broken = {
    ...simulated('broken', true),
    run: () => Promise.reject(new Error('a defect'))
  } as Scenario
  const scenarios = [broken]
  await expect(runChaos({ ...options, scenarios }, captureIo(), () => undefined)).rejects.toThrow(
    'a defect'
  )
})

test('draws follow from the text alone', () => {
  const draws = (seed: string): number[] => {
    const random = randomOf(seed)
    return [random(), random(), random()]
  }
  expect(draws('1/kill-9')).toEqual(draws('1/kill-9'))
  expect(draws('1/kill-9')).not.toEqual(draws('2/kill-9'))
  for (const draw of draws('1/kill-9')) expect(draw).toBeLessThan(1)
})
