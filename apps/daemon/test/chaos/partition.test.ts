import { describe, expect, test } from 'vitest'
import type { RealScenario } from '../../src/chaos/scenario.ts'
import { partitionScenarios } from '../../src/chaos/scenarios/partition.ts'
import { faultsOf } from './fake-run.ts'

// Seats are drawn equal, so they are in the order of places.
const still = () => 7
const moving = (_node: number, atMs: number) => 7 + Math.floor(atMs / 100)

function scenarioOf(name: string): RealScenario {
  return partitionScenarios.find(one => one.name === name) as RealScenario
}

const names = (nodes: readonly number[], words: string) =>
  nodes.map(node => `node-${node} ${words}`)
const halted = (...nodes: number[]) => names(nodes, 'committed without a quorum')
const idle = (...nodes: number[]) => names(nodes, 'did not go on meanwhile: 0 commits in 3.0 s')

describe.each([
  { name: 'partition-majority', nodes: 4, mayNot: halted(1), must: idle(2, 3, 4) },
  { name: 'partition-half', nodes: 4, mayNot: halted(1, 2, 3, 4), must: [] },
  { name: 'partition-minority-third', nodes: 7, mayNot: halted(1, 2), must: idle(3, 4, 5, 6, 7) },
  { name: 'partition-bridge', nodes: 4, mayNot: [], must: idle(3, 4, 1) },
  { name: 'partition-ring', nodes: 4, mayNot: [], must: idle(1, 2, 3, 4) },
  { name: 'partition-ring', nodes: 5, mayNot: halted(1, 2, 3, 4, 5), must: [] }
])('$name of $nodes', ({ name, nodes, mayNot, must }) => {
  test('fails when daemons commit that have no quorum', async () => {
    const found = await faultsOf(scenarioOf(name), { nodes, commits: moving })
    expect([...found].sort()).toEqual([...mayNot].sort())
  })

  test('fails when daemons do not commit that have one', async () => {
    const found = await faultsOf(scenarioOf(name), { nodes, commits: still })
    expect([...found].sort()).toEqual([...must].sort())
  })
})

test('a daemon that is isolated stands still once nothing is under way, the others go on', async () => {
  const scenario = scenarioOf('partition-isolate-one')
  const found = await faultsOf(scenario, { nodes: 4, commits: still })
  expect(found).toEqual(names([2, 3, 4], 'did not go on meanwhile: 0 commits in 3.5 s'))
  const ending = (_node: number, atMs: number) => 7 + Math.min(8, Math.floor(atMs / 100))
  const ended = await faultsOf(scenario, { nodes: 4, commits: ending })
  expect(ended).toEqual(names([2, 3, 4], 'did not go on meanwhile: 8 commits in 4.5 s'))
  const alone = (node: number, atMs: number) => (node === 0 ? ending : moving)(node, atMs)
  expect(await faultsOf(scenario, { nodes: 4, commits: alone })).toEqual([])
  expect(await faultsOf(scenario, { nodes: 4, commits: moving })).toEqual(halted(1))
})

test('flaps fail halves that go on, and a network that does not go on in between', async () => {
  const scenario = scenarioOf('partition-flapping')
  const onAlways = await faultsOf(scenario, {
    nodes: 4,
    // Four commits every 50 ms, as if nothing had been done to it.
    commits: (_node, atMs) => 4 * Math.floor(atMs / 50)
  })
  expect(onAlways.filter(fault => /in a half without a quorum/.test(fault))).toHaveLength(8)
  const never = await faultsOf(scenario, { nodes: 4, commits: still })
  expect(never).toEqual(names([1, 2, 3, 4], 'did not commit between 5 silences'))
})
