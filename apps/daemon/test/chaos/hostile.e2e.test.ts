import { expect, test } from 'vitest'
import type { ChaosSummary } from '../../src/chaos/chaos.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'

test('a member that signs two headers for a slot is found out, and nothing is lost', async () => {
  const io = captureIo({ env: process.env })
  const scenario = ['--scenario', 'hostile-equivocate', '--duration', '2500ms', '--rate', '100']
  expect(await run(['chaos', ...scenario, '--json'], io), io.stderr.text).toBe(0)
  const { scenarios } = JSON.parse(io.stdout.text) as ChaosSummary
  expect(scenarios).toMatchObject([{ verdict: 'passed', lost: 0, duplicated: 0 }])
  expect(scenarios[0]?.acknowledged).toBeGreaterThan(100)
  expect(scenarios[0]?.notes.join()).toMatch(/lies: .*"equivocate":\d+/)
})
