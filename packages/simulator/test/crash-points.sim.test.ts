import { describe, expect, test } from 'vitest'
import { driversLaw, simulate } from '../src/index.ts'
import { crashPointScenario } from './crash-points.ts'
import { bullsharkNeeds } from './needs.ts'
import { seeds } from './seeds.ts'

describe('case 13 (narwhal #488, #730, Telcoin #934): 200 crashes at persistence points in turn', () => {
  test.each(seeds(100))('crash points %i: nothing signed twice, lost or applied twice', number => {
    const report = simulate(crashPointScenario(number, driversLaw), bullsharkNeeds())
    expect(report.verdict, `crash points ${number}: ${report.firstViolation?.facts}`).toBe('pass')
    expect(report.crashPointsLeft).toBe(0)
    expect(report.acknowledged).toBeGreaterThan(0)
  })
})
