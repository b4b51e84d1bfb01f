import { describe, expect, test } from 'vitest'
import { exploreDag } from '../../src/index.ts'
import { sha256 } from '../hash.ts'
import { seeds } from '../seeds.ts'
import { exploration } from './exploration.ts'

/** DAGs of each committee: all that the mutants are caught by, and some larger ones. */
const dagsOf: Readonly<Record<number, number>> = { 4: 40, 7: 15, 10: 5 }

describe.each([4, 7, 10])('one DAG of %i replicas, heard of in 100 orders', replicas => {
  test.each(seeds(dagsOf[replicas] as number))('seed %i', seed => {
    const report = exploreDag(exploration(seed, replicas), sha256)
    expect(report.verdict, `seed ${seed}: ${report.facts}`).toBe('pass')
    // Everybody has heard of everything in the end.
    expect(new Set(report.lengths).size, `seed ${seed}: ${report.lengths.join()}`).toBe(1)
    expect(report.commits).toBeGreaterThan(2)
  })
})
