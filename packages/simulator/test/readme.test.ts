import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Hash } from '@novacron/base'
import { expect, test } from 'vitest'
import { bullsharkOrderer, drawScenario, replicaProtocol, simulate } from '../src/index.ts'

test('the example of the README runs', () => {
  const hash: Hash = bytes => createHash('sha256').update(bytes).digest()
  const protocol = replicaProtocol({ orderer: bullsharkOrderer() }, hash)
  const report = simulate(drawScenario(7), { hash, protocol })
  expect(report.verdict, report.firstViolation?.facts).toBe('pass')

  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme).toContain('replicaProtocol({ orderer: bullsharkOrderer() }, hash)')
  expect(readme).toContain('simulate(drawScenario(7), { hash, protocol })')
})
