import { expect, test } from 'vitest'
import { drawScenario, simulate } from '../src/index.ts'
import { thinProtocol } from './bullshark-replica.ts'
import { sha256 } from './hash.ts'
import { seeds } from './seeds.ts'

const needs = { hash: sha256, protocol: thinProtocol(sha256) }

test.each(seeds(200))(
  'seed %i: honest replicas agree, lose nothing and go on after healing',
  seed => {
    const report = simulate(drawScenario(seed), needs)
    expect(report.verdict, `${report.replay}: ${report.firstViolation?.facts}`).toBe('pass')
    expect(report.acknowledged).toBeGreaterThan(0)
  }
)

test.each(seeds(5))('seed %i gives the same trace twice, and another than the next seed', seed => {
  const first = simulate(drawScenario(seed), needs)
  const again = simulate(drawScenario(seed), needs)
  expect(again.traceHash).toBe(first.traceHash)
  expect(again).toEqual(first)
  expect(simulate(drawScenario(seed + 1), needs).traceHash).not.toBe(first.traceHash)
})
