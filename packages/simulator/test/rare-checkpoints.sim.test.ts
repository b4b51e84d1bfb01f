import { afterAll, expect, test } from 'vitest'
import { drawScenario, mixingHash, simulate } from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'
import { seeds } from './seeds.ts'

const swarm = seeds(30)
let different = 0

/** States of simulations are small, so that their checkpoints do not wait for the log unless they are told to. */
test.each(swarm)('seed %i: with checkpoints that wait for the log nothing is lost', seed => {
  const often = drawScenario(seed)
  const rare = { ...often, replica: { ...often.replica, checkpointBytesMin: 1 } }
  const run = (scenario: typeof often) => simulate(scenario, bullsharkNeeds(undefined, mixingHash))
  const report = run(rare)
  expect(report.verdict, report.firstViolation?.facts).toBe('pass')
  if (report.traceHash !== run(often).traceHash) different++
})

afterAll(() => expect(different).toBeGreaterThan(0.5 * swarm.length))
