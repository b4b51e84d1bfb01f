import { describe, expect, test } from 'vitest'
import { driversLaw, exploreDag, simulate } from '../src/index.ts'
import { crashPointScenario } from './crash-points.ts'
import { exploration } from './dag/exploration.ts'
import { sha256 } from './hash.ts'
import { mutants } from './mutants.ts'
import { bullsharkNeeds } from './needs.ts'
import { seeds } from './seeds.ts'

/** The same DAGs and crashes that the right rules and the right driver pass (orders.sim, crash-points.sim). */
describe('a wrong rule is caught', () => {
  test.each(mutants)('$name', ({ rules }) => {
    const verdicts = seeds(40).map(
      seed => exploreDag({ ...exploration(seed, 4), rules }, sha256).verdict
    )
    const caught = verdicts.filter(verdict => verdict !== 'pass')
    expect(caught.length).toBeGreaterThan(0)
    expect(['diverged', 'duplicated']).toEqual(expect.arrayContaining([...new Set(caught)]))
  })
})

describe('a driver that breaks its law is caught', () => {
  test.each([
    { name: 'durable writes that are not synced', law: { ...driversLaw, syncOnDurable: false } },
    { name: 'sends that do not wait', law: { ...driversLaw, persistBeforeSend: false } }
  ])('$name', ({ law }) => {
    const verdicts = seeds(30).map(
      number => simulate(crashPointScenario(number, law), bullsharkNeeds()).verdict
    )
    expect(verdicts).toContain('double-signed')
  })
})
