import { type Epoch, type Round, toReplicaId } from '@novacron/base'
import { slotKey, tables } from '@novacron/consensus'
import { expect, test } from 'vitest'
import { mixingHash, quietScenario, type Scenario, Simulation } from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'

/** The first commit orders the anchor of round 2 with the votes of round 3. */
function threeRounds(replicas: number): Scenario {
  return {
    ...quietScenario,
    replicas,
    codecSamplePercent: 0,
    bullshark: { maxHeaderDelayMs: 2_000, idleHeaderDelayMs: 500, syncRetryMs: 2_000 },
    load: { ...quietScenario.load, clients: 0 },
    chaosMs: 0,
    loadAfterMs: 0,
    commitsAfterHealing: 1
  }
}

function run(replicas: number) {
  const simulation = new Simulation(threeRounds(replicas), bullsharkNeeds(undefined, mixingHash))
  const report = simulation.run()
  expect(report.verdict, report.firstViolation?.facts).toBe('pass')
  return { simulation, report }
}

test('a committee of a hundred commits in three rounds, with messages as the square of its size', () => {
  const small = run(25).simulation.world.network.messages
  const large = run(100).simulation.world.network.messages
  expect(large / small).toBeLessThan(1.2 * 4 ** 2)
})

test('what all replicas store of one certificate is one byte string', () => {
  const { world } = run(31).simulation
  const key = slotKey(0 as Epoch, 1 as Round, toReplicaId(5))
  const stored = Array.from({ length: 31 }, (_, place) =>
    world.disk(place).get(tables.certificate, key)
  )
  expect(stored[0]).toBeInstanceOf(Uint8Array)
  expect(new Set(stored).size).toBe(1)
})
