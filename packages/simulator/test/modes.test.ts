import { checkBullsharkOptions, defaultBullsharkOptions } from '@novacron/consensus'
import { expect, test } from 'vitest'
import { drawScenario, inMode, quietScenario, withFactor } from '../src/index.ts'

const drawn = Array.from({ length: 200 }, (_, seed) => drawScenario(seed))
const turboOf = ({ bullshark }: Pick<(typeof drawn)[number], 'bullshark'>) => bullshark.turbo

test('about half of all scenarios are turbo, each switch both ways among them, all with valid options', () => {
  const turbo = drawn.map(turboOf).filter(switches => switches !== undefined)
  expect(turbo.length).toBeGreaterThan(70)
  expect(turbo.length).toBeLessThan(130)
  for (const name of ['pipelined', 'fastCommit', 'reputation'] as const) {
    expect(new Set(turbo.map(switches => switches[name])).size, name).toBe(2)
  }
  expect(new Set(turbo.map(({ anchorsPerRound }) => anchorsPerRound))).toEqual(
    new Set([1, 2, 4, 16])
  )
  for (const { bullshark } of drawn) {
    checkBullsharkOptions({ ...defaultBullsharkOptions, ...bullshark })
  }
})

test('what is counted in commits is as long in rounds', () => {
  const replica = { checkpointIntervalCommits: 5, retentionCommits: 10 }
  const turbo = { pipelined: true, fastCommit: true, anchorsPerRound: 3, reputation: true }
  const scenario = { ...quietScenario, replica, mempool: {}, bullshark: { turbo } }
  const exact = inMode(scenario, 'bullshark')
  expect(exact).toMatchObject({ replica: { checkpointIntervalCommits: 1, retentionCommits: 2 } })
  expect(exact.mempool).toEqual({})
  const more = { ...exact, bullshark: { turbo: { ...turbo, anchorsPerRound: 99 } } }
  const stretched = withFactor({ ...more, mempool: { unorderedCommitsMax: 1 } })
  expect(stretched.replica).toEqual({ checkpointIntervalCommits: 8, retentionCommits: 16 })
  expect(stretched.mempool).toEqual({ unorderedCommitsMax: 8 })
})

test('a scenario in a mode keeps what it has of it, and is otherwise the same', () => {
  for (const scenario of drawn) {
    const exact = inMode(scenario, 'bullshark')
    expect(turboOf(exact)).toBeUndefined()
    const turbo = inMode(scenario, 'bullshark-turbo')
    expect(turboOf(turbo)).toEqual(turboOf(scenario) ?? turboOf(inMode(exact, 'bullshark-turbo')))
    const varied = { bullshark: {}, replica: {}, mempool: {} }
    expect({ ...turbo, ...varied }).toEqual({ ...scenario, ...varied })
    expect(inMode(turbo, 'bullshark').replica).toEqual(exact.replica)
    expect(inMode(turbo, 'bullshark').mempool).toEqual(exact.mempool)
    checkBullsharkOptions({ ...defaultBullsharkOptions, ...turbo.bullshark })
  }
  expect(turboOf(inMode(quietScenario, 'bullshark-turbo'))).toBeDefined()
})
