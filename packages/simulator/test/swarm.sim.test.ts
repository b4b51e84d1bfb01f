import { expect, test } from 'vitest'
import { drawScenario, simulate } from '../src/index.ts'
import { thinProtocol } from './bullshark-replica.ts'
import { sha256 } from './hash.ts'

const count = Number(process.env['SEEDS'] ?? 200)
const first = Number(process.env['FIRST_SEED'] ?? 1)

test.each(Array.from({ length: count }, (_, i) => first + i))('seed %i', seed => {
  const needs = { hash: sha256, protocol: thinProtocol(sha256) }
  const report = simulate(drawScenario(seed), needs)
  expect(report.verdict, `${report.replay}: ${report.firstViolation?.facts}`).toBe('pass')
})
