import { Prng } from '@novacron/base'
import { checkBullsharkOptions, defaultBullsharkOptions } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import {
  drawLiars,
  drawScenario,
  type Fault,
  quietScenario,
  type Scenario,
  shrinkScenario
} from '../src/index.ts'
import { checkScenario } from '../src/scenario.ts'
import { shrinkSteps, withPlaces } from '../src/shrink.ts'

const crash = (place: number, atMs: number) =>
  ({
    type: 'crash',
    atMs,
    places: [place],
    loss: 'lost',
    downMs: 800,
    staggerMs: 40,
    disk: { type: 'own' }
  }) as const

const partition = {
  type: 'partition',
  atMs: 700,
  forMs: 400,
  side: [0, 8],
  isOneWay: false
} as const

const busy: Scenario = {
  ...quietScenario,
  seed: 5,
  replicas: 10,
  observers: 1,
  network: { ...quietScenario.network, lossPercent: 7, isFifo: false },
  clockSkewMsMax: 90,
  bullshark: { gcDepthRounds: 8, schedulePeriodCommits: 5 },
  load: { ...quietScenario.load, clients: 9 },
  faults: [
    ...[1, 2, 3].map(place => crash(place, place * 1_000)),
    partition,
    { type: 'link-flap', atMs: 100, forMs: 50, between: [2, 9] }
  ],
  crashPoints: [
    { place: 3, persist: 9, point: 'flushed', loss: 'kept', downMs: 300, isForAll: false },
    { place: 8, persist: 9, point: 'flushed', loss: 'kept', downMs: 300, isForAll: false }
  ],
  chaosMs: 20_000
}

describe('shrinking', () => {
  test('leaves nothing but what the failure needs', () => {
    const fails = (scenario: Scenario) =>
      scenario.faults.some(fault => fault.type === 'crash' && fault.places.includes(2)) &&
      scenario.chaosMs >= 1_000
    const { scenario, isMinimal } = shrinkScenario(busy, fails)
    expect(isMinimal).toBe(true)
    expect(scenario).toEqual({
      ...quietScenario,
      seed: 5,
      replicas: 4,
      load: { ...quietScenario.load, clients: 1 },
      faults: [{ ...crash(2, 2_000), downMs: 1, staggerMs: 0 }],
      chaosMs: 1_250
    } satisfies Scenario)
  })

  test('keeps two faults that fail only together', () => {
    const fails = ({ faults }: Scenario) =>
      faults.some(({ atMs }) => atMs === 1_000) && faults.some(({ atMs }) => atMs === 3_000)
    expect(shrinkScenario(busy, fails).scenario.faults.map(({ atMs }) => atMs)).toEqual([
      1_000, 3_000
    ])
  })

  test('makes an object plainer in parts when the whole is needed', () => {
    const fails = ({ network, bullshark }: Scenario) =>
      network.lossPercent > 0 && bullshark.gcDepthRounds === 8
    const { network, bullshark } = shrinkScenario(busy, fails).scenario
    expect(network).toEqual({ ...quietScenario.network, lossPercent: 7 })
    expect(bullshark).toEqual({ gcDepthRounds: 8 })
  })

  test('never tries options that a replica refuses', () => {
    const bullshark = {
      minHeaderDelayMs: 200,
      maxHeaderDelayMs: 3_000,
      maxHeaderDelayCeilingMs: 4_000
    }
    const fails = (candidate: Scenario) => {
      checkBullsharkOptions({ ...defaultBullsharkOptions, ...candidate.bullshark })
      return (candidate.bullshark.minHeaderDelayMs ?? 0) === 200
    }
    const { scenario, isMinimal } = shrinkScenario({ ...busy, bullshark }, fails)
    expect(isMinimal).toBe(true)
    expect(scenario.bullshark).toEqual({
      minHeaderDelayMs: 200,
      maxHeaderDelayMs: 3_000,
      maxHeaderDelayCeilingMs: 4_000
    })
  })

  test('takes away liars, and what they need not do', () => {
    const lying: Scenario = {
      ...busy,
      byzantine: [
        { place: 1, behaviours: ['flood', 'drop', 'delay'] },
        { place: 2, behaviours: ['censor'] }
      ],
      gone: [{ place: 5, atMs: 3, loss: 'lost' }]
    }
    const fails = ({ byzantine }: Scenario) =>
      byzantine.some(({ behaviours }) => behaviours.includes('drop'))
    const { byzantine, gone, replicas } = shrinkScenario(lying, fails).scenario
    expect([byzantine, gone, replicas]).toEqual([[{ place: 1, behaviours: ['drop'] }], [], 4])
  })

  test('never touches the seed, nor the bounds by which progress is judged', () => {
    const hasty = { ...busy, livenessMs: 45_000, commitsAfterHealing: 9 }
    const { scenario } = shrinkScenario(hasty, () => true)
    expect([scenario.seed, scenario.livenessMs, scenario.commitsAfterHealing]).toEqual([
      5, 45_000, 9
    ])
    expect(scenario.replicas).toBe(1)
  })

  test('gives back the very scenario when everything in it is needed', () => {
    const { scenario, isMinimal } = shrinkScenario(busy, candidate => candidate === busy)
    expect(scenario).toBe(busy)
    expect(isMinimal).toBe(true)
  })

  test.each([0, 1, 7])('tries %i scenarios at most, and says that there may be less', runsMax => {
    let runs = 0
    const result = shrinkScenario(
      busy,
      () => {
        runs++
        return true
      },
      runsMax
    )
    expect(result).toMatchObject({ runs: runsMax, isMinimal: false })
    expect(runs).toBe(runsMax)
  })

  test('goes step by step for who has something to do meanwhile', () => {
    const steps = shrinkSteps(busy, 3)
    expect(steps.next()).toMatchObject({ done: false, value: { faults: [] } })
    steps.next(false)
    expect(steps.next(false).done).toBe(false)
    expect(steps.next(false)).toMatchObject({ done: true, value: { runs: 3 } })
  })

  test('every candidate of a drawn scenario strikes places that are there', () => {
    for (let seed = 1; seed <= 20; seed++) {
      let countdown = 40
      const scenario: Scenario = {
        ...drawScenario(seed, { replicas: 10, chaosMs: 6_000 }),
        byzantine: drawLiars(10, 2, new Prng(seed)),
        gone: [{ place: 0, atMs: 9, loss: 'lost' }]
      }
      const byzantine = scenario.byzantine.filter(({ place }) => place !== 0)
      shrinkScenario({ ...scenario, byzantine }, candidate => {
        checkScenario(candidate)
        const places = candidate.faults.flatMap(placesOf)
        expect(Math.max(-1, ...places), `seed ${seed}`).toBeLessThan(candidate.replicas)
        return countdown-- > 0 && countdown % 3 === 0
      })
    }
  })
})

test('a smaller committee has the faults of those who are left', () => {
  const { faults, crashPoints, replicas } = withPlaces(busy, 4, 0)
  expect(replicas).toBe(4)
  expect(faults).toEqual([...busy.faults.slice(0, 3), { ...partition, side: [0] }])
  expect(crashPoints).toEqual(busy.crashPoints.slice(0, 1))
  expect(withPlaces(busy, 1, 0).faults).toEqual([])
})

function placesOf(fault: Fault): readonly number[] {
  if ('places' in fault) return fault.places
  if ('side' in fault) return fault.side
  if ('between' in fault) return fault.between
  if ('pairs' in fault) return fault.pairs.flat()
  return 'place' in fault ? [fault.place] : []
}
