import { describe, expect, test } from 'vitest'
import { exploreDag } from '../../src/index.ts'
import { sha256 } from '../hash.ts'
import { mutants } from '../mutants.ts'
import { seeds } from '../seeds.ts'

/** Few rounds are kept and leaders change often, so that both meet the commit rule within a short DAG. */
const bullshark = (seed: number) => ({
  gcDepthRounds: seed % 2 === 0 ? 8 : 4,
  schedulePeriodCommits: 3,
  scheduleWindowCommits: 6
})

describe.each([4, 7, 10])('one DAG of %i replicas, heard of in 100 orders', replicas => {
  test.each(seeds(replicas === 4 ? 40 : replicas === 7 ? 15 : 5))('seed %i', seed => {
    const exploration = { seed, replicas, orders: 100, bullshark: bullshark(seed) }
    const report = exploreDag(exploration, sha256)
    expect(report.verdict, `seed ${seed}: ${report.facts}`).toBe('pass')
    // Everybody has heard of everything in the end.
    expect(new Set(report.lengths).size, `seed ${seed}: ${report.lengths.join()}`).toBe(1)
    expect(report.commits).toBeGreaterThan(2)
  })
})

describe('the same DAGs catch every wrong rule', () => {
  test.each(mutants)('$name', ({ rules }) => {
    const verdicts = seeds(40).map(
      seed =>
        exploreDag({ seed, replicas: 4, orders: 100, bullshark: bullshark(seed), rules }, sha256)
          .verdict
    )
    const caught = verdicts.filter(verdict => verdict !== 'pass')
    expect(caught.length).toBeGreaterThan(0)
    expect(new Set(caught)).toEqual(
      new Set([...caught].filter(v => v === 'diverged' || v === 'duplicated'))
    )
  })
})
