import { expect, test } from 'vitest'
import type { CatchUpReport } from '../../src/bench/catch-up-report.ts'
import { run } from '../../src/run.ts'
import { captureIo } from '../capture-io.ts'

/** The rounds that one falls behind take as long as they take. */
const patientMs = 240_000

async function bench(...argv: readonly string[]) {
  const io = captureIo({ env: process.env })
  const short = ['--warmup', '1s', '--baseline', '2s']
  const exitCode = await run(['bench', 'catch-up', ...short, ...argv], io)
  return { exitCode, io }
}

test(
  'a daemon that was killed under load catches up with the others, which go on',
  async () => {
    const { exitCode, io } = await bench('--behind', '200', '--rate', '500', '--json')
    expect(exitCode, io.stderr.text).toBe(0)
    const report = JSON.parse(io.stdout.text) as CatchUpReport
    expect(report).toMatchObject({
      benchmark: 'catch-up',
      settings: { nodes: 4, connections: 3, behindRounds: 200, changed: {} },
      isCaughtUp: true,
      agreement: true,
      protocol: 'bullshark-turbo'
    })
    expect(report.gapAtStart.rounds).toBeGreaterThanOrEqual(200)
    expect(report.gapAtStart.commits).toBeGreaterThan(50)
    expect(report.secondsToCatchUp).toBeGreaterThan(0)
    const last = report.samples.at(-1)
    expect(last?.gap).toBeLessThanOrEqual(50)
    for (const phase of [report.others.before, report.others.away, report.others.during]) {
      expect(phase.throughput).toBeGreaterThan(0)
      expect(phase.cpuPerSecond).toBeGreaterThan(0)
    }
    expect(io.stderr.text).toMatch(/killed node-4 in round \d+\n.*started node-4 again\n/s)
  },
  patientMs
)

test(
  'fails when it is not there in time',
  async () => {
    const { exitCode, io } = await bench('--behind', '20', '--rate', '50', '--within', '1ms')
    expect(exitCode, io.stderr.text).toBe(1)
    expect(io.stdout.text).toContain('caught up   NOT in 0.001 s')
    expect(io.stderr.text).toContain('it has not caught up in ')
  },
  patientMs
)

test('needs enough daemons to go on without one', async () => {
  const { exitCode, io } = await bench('--nodes', '3')
  expect(exitCode).toBe(2)
  expect(io.stderr.text).toContain('an integer from 4')
})
