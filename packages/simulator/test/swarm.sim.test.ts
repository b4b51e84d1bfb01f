import { expect, test } from 'vitest'
import { drawScenario, mixingHash, runSwarmSeed, simulate } from '../src/index.ts'
import { sha256 } from './hash.ts'
import { bullsharkNeeds } from './needs.ts'
import { seeds } from './seeds.ts'

test.each(seeds(200))(
  'seed %i: honest replicas agree, lose nothing and go on after healing',
  seed => {
    const { verdict, facts, report } = runSwarmSeed(seed, sha256)
    expect(verdict, `${report?.replay}: ${facts}`).toBe('pass')
    expect(report?.acknowledged).toBeGreaterThan(0)
  }
)

test.each(seeds(5))('seed %i gives the same trace twice, and another than the next seed', seed => {
  const first = simulate(drawScenario(seed), bullsharkNeeds())
  const again = simulate(drawScenario(seed), bullsharkNeeds())
  expect(again.traceHash).toBe(first.traceHash)
  expect(again).toEqual(first)
  expect(simulate(drawScenario(seed + 1), bullsharkNeeds()).traceHash).not.toBe(first.traceHash)
})

test.each(seeds(10))('seed %i passes with the mixing hash in the place of SHA-256', seed => {
  const report = simulate(drawScenario(seed), bullsharkNeeds(undefined, mixingHash))
  expect(report.verdict, report.firstViolation?.facts).toBe('pass')
})
