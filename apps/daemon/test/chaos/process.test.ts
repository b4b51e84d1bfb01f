import { describe, expect, test } from 'vitest'
import { randomOf } from '../../src/chaos/random.ts'
import type { RealScenario } from '../../src/chaos/scenario.ts'
import { processScenarios } from '../../src/chaos/scenarios/process.ts'
import { runFake } from './fake-run.ts'

const still = () => 7
const moving = (_node: number, atMs: number) => 7 + Math.floor(atMs / 20)
const startNever = Number.POSITIVE_INFINITY

function scenarioOf(name: string): RealScenario {
  return processScenarios.find(one => one.name === name) as RealScenario
}

test.each(['kill-9', 'kill-9-leader', 'kill-9-mid-write', 'sigstop', 'event-loop-block'])(
  '%s fails when those who are not hit do not go on',
  async name => {
    const random = randomOf(name)
    // In less than a second it could not be told.
    const reports = { nodes: 4, random, startMs: 1_500 }
    const { faults } = await runFake(scenarioOf(name), { ...reports, commits: still })
    expect(faults.length).toBeGreaterThanOrEqual(3)
    for (const fault of faults) expect(fault).toMatch(/^node-\d did not go on meanwhile: 0 commits/)
    const well = await runFake(scenarioOf(name), { ...reports, commits: moving })
    expect(well.faults).toEqual([])
  }
)

describe.each(['kill-9-leader', 'kill-9-mid-write', 'restart-storm'])('%s', name => {
  const reports = { nodes: 4, commits: moving }

  test.each([
    { what: 'does not run again', more: { startMs: startNever } },
    { what: 'lacks a link', more: { peers: 2 } }
  ])('fails when who was killed $what', async ({ more }) => {
    const { faults } = await runFake(scenarioOf(name), { ...reports, ...more })
    expect(faults).toContain('node-1 did not come back')
  })

  test('fails when who was killed does not have what the others have', async () => {
    const commits = (node: number, atMs: number) => (node === 0 ? 7 : moving(node, atMs))
    const { faults } = await runFake(scenarioOf(name), { ...reports, commits })
    expect(faults).toContain('node-1 did not come back')
  })

  test('counts its kills', async () => {
    const { faults, kills, counts } = await runFake(scenarioOf(name), reports)
    expect(faults).toEqual([])
    expect(kills.length).toBeGreaterThan(1)
    expect(counts).toEqual({ kills: kills.length })
  })
})

test('kill-9-mid-write draws a victim for each kill, and two are never down at once', async () => {
  const scenario = { ...scenarioOf('kill-9-mid-write'), faultMs: 20_000 }
  const random = randomOf('victims')
  const { kills } = await runFake(scenario, { nodes: 4, commits: moving, random })
  expect(kills.length).toBeGreaterThan(20)
  expect(new Set(kills.map(({ node }) => node))).toEqual(new Set([0, 1, 2, 3]))
  expect(kills.filter(({ awayBefore }) => awayBefore > 0)).toEqual([])
})

test('kill-9-all kills everybody at once', async () => {
  const { kills, counts } = await runFake(scenarioOf('kill-9-all'), { nodes: 4, commits: still })
  expect(kills.map(({ awayBefore }) => awayBefore)).toEqual([0, 1, 2, 3])
  expect(counts).toEqual({ kills: 4 })
})

test('nobody stands still for longer than the others remember, and a longer wish is answered in a note', async () => {
  const asked = { nodes: 4, commits: moving }
  const long = await runFake(scenarioOf('sigstop'), { ...asked, faultMs: 60_000 })
  expect([long.ms, long.notes]).toEqual([20_000, ['stood still for 20 s, the longest it may']])
  const short = await runFake(scenarioOf('sigstop'), { ...asked, faultMs: 20_000 })
  expect([short.ms, short.notes]).toEqual([20_000, []])
})
