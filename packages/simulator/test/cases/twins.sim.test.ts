import { Prng } from '@novacron/base'
import { bullsharkRules } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { type Fault, quietScenario } from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'
import { seeds } from '../seeds.ts'
import { type CaseRun, runCase } from './run.ts'

const everyone = [0, 1, 2, 3]

/** For one change of sides: which honest places see the second copy, and whether the two sides hear of one another. */
interface Phase {
  readonly withCopy: readonly number[]
  readonly isCut: boolean
}

/** Every way to divide three honest places between the two copies, with and without a link between the sides. */
function phasesOf(twin: number): Phase[] {
  const honest = everyone.filter(place => place !== twin)
  return Array.from({ length: 2 ** honest.length }, (_, bits) =>
    honest.filter((_, at) => (bits >> at) % 2 === 1)
  ).flatMap(withCopy => [false, true].map(isCut => ({ withCopy, isCut })))
}

/** Phases of a schedule, and how long each is: a round takes about as long. */
const phases = 8
const repeats = 6
const phaseMs = 30

/**
 * Any two divisions in turn. The copies begin alike, so of the first one only those count by which the second copy has the
 * smaller side.
 *
 * source: Bano et al., "Twins: BFT Systems Made Robust", OPODIS 2021, section 4: partitions of each round, enumerated
 */
function schedulesOf(twin: number): (readonly Phase[])[] {
  const divisions = phasesOf(twin)
  const first = divisions.filter(({ withCopy }) => withCopy.length <= 1)
  return first.flatMap(one =>
    divisions.map(other => Array.from({ length: phases }, (_, at) => (at % 2 === 0 ? one : other)))
  )
}

function runSchedule(
  schedule: readonly Phase[],
  { twin, seed, rules }: { twin: number; seed: number; rules?: typeof bullsharkRules }
): CaseRun {
  const all = Array.from({ length: repeats }, () => schedule).flat()
  const cuts = all.flatMap(({ withCopy, isCut }, at): Fault[] => {
    const apart = everyone.filter(place => place !== twin && !withCopy.includes(place))
    const pairs = withCopy.flatMap(a => apart.map(b => [a, b] as const))
    const atMs = at * phaseMs
    return isCut ? [{ type: 'cut', atMs, forMs: phaseMs, pairs }] : []
  })
  return runCase(
    {
      seed,
      load: { ...quietScenario.load, retryMs: 250 },
      loadAfterMs: 1_000,
      chaosMs: all.length * phaseMs,
      network: { ...quietScenario.network, connectDelay: { type: 'uniform', fromMs: 0, toMs: 1 } },
      byzantine: [
        {
          place: twin,
          behaviours: ['twins'],
          twins: { everyMs: phaseMs, sides: all.map(({ withCopy }) => withCopy) }
        }
      ],
      faults: cuts
    },
    rules === undefined ? {} : { wrap: () => bullsharkNeeds(rules).protocol }
  )
}

const told = (schedule: readonly Phase[]) =>
  schedule.map(({ withCopy, isCut }) => `${withCopy.join('')}${isCut ? '|' : ' '}`).join(', ')

describe('case 10 (Twins): two copies of one key', () => {
  test('any two divisions in turn, round by round: all go on, and some can prove what they saw', () => {
    let witnesses = 0
    for (const twin of everyone) {
      const schedules = schedulesOf(twin)
      expect(schedules).toHaveLength(8 * 16)
      // A fourth of them for each place of the twin, all together: leaders are drawn alike for all places.
      for (const [at, schedule] of schedules.entries()) {
        if (at % everyone.length !== twin) continue
        const { report } = runSchedule(schedule, { twin, seed: 1 + at })
        expect(report.firstViolation, `${twin}: ${told(schedule)}`).toBeUndefined()
        expect(report.recoveredMs, `${twin}: ${told(schedule)}`).toBeDefined()
        witnesses += report.witnesses
      }
    }
    expect(witnesses).toBeGreaterThan(20)
  })

  test.each(seeds(12))('seed %i: eight divisions drawn from all', seed => {
    const twin = seed % everyone.length
    const prng = new Prng(seed)
    const schedule = Array.from({ length: phases }, () => prng.pick(phasesOf(twin)))
    const { report } = runSchedule(schedule, { twin, seed })
    expect(report.firstViolation, told(schedule)).toBeUndefined()
    expect(report.acknowledged).toBeGreaterThan(10)
  })

  test('who votes for the second header of a slot is found by some schedule', () => {
    const rules = { ...bullsharkRules, isEquivocation: () => false }
    const isFound = schedulesOf(0).some(
      (schedule, at) =>
        runSchedule(schedule, { twin: 0, seed: 1 + at, rules }).report.kind !== 'pass'
    )
    expect(isFound).toBe(true)
  })

  test.each(seeds(4))('seed %i: who sees two headers for a slot can prove it', seed => {
    const { report } = runCase({ seed, byzantine: [{ place: 1, behaviours: ['equivocate'] }] })
    expect(report.firstViolation).toBeUndefined()
    expect(report.witnesses).toBeGreaterThan(0)
  })
})
