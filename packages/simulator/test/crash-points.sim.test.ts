import { describe, expect, test } from 'vitest'
import { bullsharkModes, driversLaw, simulate } from '../src/index.ts'
import { crashPointScenario } from './crash-points.ts'
import { bullsharkNeeds } from './needs.ts'
import { seeds } from './seeds.ts'
import { asShipped } from './shipped-modes.ts'

const title =
  'case 13 (narwhal #488, #730, Telcoin #934): 200 crashes at persistence points in turn'

describe.each(bullsharkModes)(`%s, ${title}`, mode => {
  test.each(seeds(100))('crash points %i: nothing signed twice, lost or applied twice', number => {
    const scenario = asShipped(crashPointScenario(number, driversLaw), mode)
    const report = simulate(scenario, bullsharkNeeds())
    expect(report.verdict, `crash points ${number}: ${report.firstViolation?.facts}`).toBe('pass')
    expect(report.crashPointsLeft).toBe(0)
    expect(report.acknowledged).toBeGreaterThan(0)
  })
})
