import { expect, test } from 'vitest'
import type { ChaosSummary } from '../../src/chaos/chaos.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'
import { lineFaults } from './line-faults.ts'

test('a member that signs two headers for a slot is found out, and nothing is lost', async () => {
  const io = captureIo({ env: process.env })
  const scenario = ['--scenario', 'hostile-equivocate', '--duration', '2500ms', '--rate', '100']
  await run(['chaos', ...scenario, '--json'], io)
  const { scenarios } = JSON.parse(io.stdout.text) as ChaosSummary
  expect(scenarios).toMatchObject([{ lost: 0, duplicated: 0 }])
  expect(scenarios.flatMap(lineFaults)).toEqual([])
  expect(scenarios[0]?.acknowledged).toBeGreaterThan(100)
  expect(scenarios[0]?.notes.join()).toMatch(/lies: .*"equivocate":\d+/)
})
