import { quietScenario, type Scenario } from '@novacron/simulator'
import { expect, test } from 'vitest'
import { shrinkFailure, tell } from '../../src/simulate/failure.ts'
import { protocolNamed } from '../../src/simulate/registry.ts'
import { protocols } from './test-registry.ts'

const dice = protocolNamed(protocols, 'dice')
const scenario: Scenario = { ...quietScenario, seed: 3, replicas: 10, chaosMs: 9_000 }

test('shrinking ends when the user has enough, with the smallest scenario so far', async () => {
  const stop = new AbortController()
  const sizes: number[] = []
  const onRun = (runs: number, best: Scenario) => {
    sizes.push(best.chaosMs)
    if (runs === 1) stop.abort()
  }
  const options = { verdict: 'lost', runsMax: 50, onRun } as const
  const shrunk = await shrinkFailure(dice, scenario, options, stop.signal)
  expect(sizes).toEqual([50])
  expect(shrunk).toEqual({ scenario: { ...scenario, chaosMs: 50 }, runs: 1, isMinimal: false })
})

test('another verdict is not what is looked for', async () => {
  const options = { verdict: 'stalled', runsMax: 50, onRun: () => undefined } as const
  const shrunk = await shrinkFailure(dice, scenario, options, new AbortController().signal)
  expect(shrunk).toMatchObject({ scenario, isMinimal: true })
})

test('a run is told with what happened last in it', () => {
  const bullshark = protocolNamed(protocols, 'bullshark')
  const told = tell(bullshark, { ...quietScenario, replicas: 1, chaosMs: 100 })
  expect(told.report.verdict).toBe('pass')
  expect(told.events).toHaveLength(40)
  expect(() => protocolNamed(protocols, 'raft')).toThrow('protocol raft')
})
