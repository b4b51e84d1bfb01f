import { expect, test } from 'vitest'
import { quietScenario, replicaProtocol, simulate } from '../src/index.ts'
import { sha256 } from './hash.ts'
import { roundRobinOrderer } from './round-robin.ts'

test('another orderer runs through the same replica and driver', () => {
  const protocol = replicaProtocol({ orderer: roundRobinOrderer }, sha256)
  const report = simulate(quietScenario, { hash: sha256, protocol })
  expect(report.firstViolation).toBeUndefined()
  expect(report.commits).toBeGreaterThan(20)
  expect(report.acknowledged).toBeGreaterThan(50)
})
