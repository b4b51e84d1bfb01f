import { describe, expect, test } from 'vitest'
import { driversLaw, simulate } from '../src/index.ts'
import { crashPointScenario } from './crash-points.ts'
import { bullsharkNeeds } from './needs.ts'
import { seeds } from './seeds.ts'

describe('200 crashes at persistence points in turn', () => {
  test.each(seeds(100))('crash points %i: nothing signed twice, lost or applied twice', number => {
    const report = simulate(crashPointScenario(number, driversLaw), bullsharkNeeds())
    expect(report.verdict, `crash points ${number}: ${report.firstViolation?.facts}`).toBe('pass')
    expect(report.crashPointsLeft).toBe(0)
    expect(report.acknowledged).toBeGreaterThan(0)
  })
})

describe('a driver that breaks its law is caught by the same crashes', () => {
  test.each([
    { name: 'durable writes that are not synced', law: { ...driversLaw, syncOnDurable: false } },
    { name: 'sends that do not wait', law: { ...driversLaw, persistBeforeSend: false } }
  ])('$name', ({ law }) => {
    const verdicts = seeds(30).map(
      n => simulate(crashPointScenario(n, law), bullsharkNeeds()).verdict
    )
    expect(verdicts).toContain('double-signed')
  })
})
