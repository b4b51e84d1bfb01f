import type { CommitIndex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { type Fault, quietScenario, type Scenario, Simulation } from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'
import { seeds } from '../seeds.ts'
import { crash, fixedDelay, runCase } from './run.ts'

const everyone = [0, 1, 2, 3]

/** Highest index that a place had run by then. */
function indexAt(run: ReturnType<typeof runCase>, place: number, atMs: number): number {
  return run.executed.reduce(
    (index, one) =>
      one.place === place && one.atMs <= atMs ? Math.max(index, one.subDag.index) : index,
    0
  )
}

test('case 14 (sui #5618): f+1 stop after they acknowledged headers, one returns: rounds resume', () => {
  const resendDelayMs = 400
  for (const seed of [1, 2, 3]) {
    const { report } = runCase({
      seed,
      bullshark: { resendDelayMs, maxHeaderDelayMs: 100 },
      gone: [{ place: 3, atMs: 700, loss: 'kept' }],
      faults: [{ ...crash, atMs: 700, places: [2], loss: 'kept', downMs: 1_200 }],
      commitsAfterHealing: 1
    })
    expect(report.firstViolation, `seed ${seed}`).toBeUndefined()
    expect(report.recoveredMs).toBeLessThan(3 * resendDelayMs + 300)
  }
})

describe('case 15 (narwhal test_loss_of_liveness, sui #18009): all restart', () => {
  test.each([0, 200])('together, or one after another (%i ms apart)', staggerMs => {
    for (const seed of [1, 2, 3]) {
      const faults: Fault[] = [{ ...crash, places: everyone, staggerMs, loss: 'partly' }]
      expect(runCase({ seed, faults }).report.firstViolation, `seed ${seed}`).toBeUndefined()
    }
  })

  test('one of them without its disk: it signs nothing twice, and joins', () => {
    for (const seed of [1, 2, 3]) {
      const faults: Fault[] = [
        { ...crash, places: everyone, loss: 'kept' },
        { ...crash, atMs: 1_600, places: [1], disk: { type: 'wiped' } }
      ]
      const { report, at } = runCase({ seed, faults })
      expect(report.firstViolation, `seed ${seed}`).toBeUndefined()
      expect(at(1).length).toBeGreaterThan(0)
    }
  })
})

describe('case 16 (narwhal #837): payload', () => {
  test('that reaches a quorum only is had by the last as well, who is not stuck before', () => {
    const run = runCase({ faults: [{ type: 'starve', atMs: 300, forMs: 1_500, place: 3 }] })
    expect(run.report.firstViolation).toBeUndefined()
    // The others went on without it; it could order, and run nothing whose payload it lacks.
    expect(indexAt(run, 0, 1_700)).toBeGreaterThan(indexAt(run, 3, 1_700))
    const last = run.at(3).map(({ subDag }) => subDag.index)
    expect(last).toEqual([...last].sort((a, b) => a - b))
  })

  test('that its author withholds from some is pulled from others', () => {
    const run = runCase({ byzantine: [{ place: 0, behaviours: ['withhold'] }] })
    expect(run.report.firstViolation).toBeUndefined()
    expect(run.report.acknowledged).toBeGreaterThan(20)
  })
})

describe('case 17 (Autobahn, figure 8): partitions for 20 seconds under load', () => {
  const partition = { type: 'partition', atMs: 1_000, forMs: 20_000, isOneWay: false } as const

  test('2|2: nobody commits, and all are back to normal within 3 seconds', () => {
    const run = runCase({ faults: [{ ...partition, side: [0, 1] }] })
    expect(run.report.firstViolation).toBeUndefined()
    // What was under way when the links broke may still be counted.
    const settledMs = 1_500
    for (const place of everyone) {
      expect(indexAt(run, place, 21_000)).toBe(indexAt(run, place, settledMs))
    }
    expect(run.report.recoveredMs).toBeLessThan(3_000)
  })

  test('3|1: three go on, and the one catches up', () => {
    const run = runCase({ faults: [{ ...partition, side: [3] }] })
    expect(run.report.firstViolation).toBeUndefined()
    expect(indexAt(run, 3, 21_000)).toBe(indexAt(run, 3, 1_500))
    expect(indexAt(run, 0, 21_000)).toBeGreaterThan(indexAt(run, 0, 1_500) + 20)
    expect(run.report.recoveredMs).toBeLessThan(3_000)
  })
})

test('case 18 (iota #9357, sui #8288): who is 10,000 rounds behind closes the gap steadily', () => {
  const downMs = 175_000
  const run = runCase({
    network: fixedDelay(0.5),
    flushDelay: { type: 'uniform', fromMs: 0.1, toMs: 0.3 },
    bullshark: { idleHeaderDelayMs: 5, minHeaderDelayMs: 5 },
    replica: { checkpointIntervalCommits: 500, retentionCommits: 100_000 },
    load: { ...quietScenario.load, clients: 2, intervalMs: 500 },
    faults: [{ ...crash, atMs: 500, places: [3], downMs }],
    chaosMs: 1_000,
    loadAfterMs: 8_000,
    livenessMs: 120_000
  })
  expect(run.report.firstViolation).toBeUndefined()
  const back = 500 + downMs
  const rounds = run.at(0).findLast(({ atMs }) => atMs <= back)?.subDag.anchor.round ?? 0
  expect(rounds).toBeGreaterThan(10_000)
  const gapAt = (atMs: number) => indexAt(run, 0, atMs) - indexAt(run, 3, atMs)
  let gap = gapAt(back + 250)
  for (let atMs = back + 500; gap > 5; atMs += 250) {
    const next = gapAt(atMs)
    expect(next, `${atMs} ms`).toBeLessThan(gap)
    gap = next
  }
})

test('case 19 (mysticeti slow_consumer, iota #9973): an executor that cannot follow holds proposing back', () => {
  const lagMax = 20
  const run = runCase({
    bullshark: {
      executionLagCommitsMax: lagMax,
      minHeaderDelayMs: 10,
      idleHeaderDelayMs: 20,
      gcDepthRounds: 50
    },
    faults: [{ type: 'starve', atMs: 500, forMs: 4_000, place: 2 }]
  })
  expect(run.report.firstViolation).toBeUndefined()
  // In order, and everything, once payload is there.
  const indexes = run.at(2).map(({ subDag }) => subDag.index)
  expect(indexes).toEqual(indexes.map((_, i) => i + 1))
})

describe('case 20 (narwhal epoch_change, snarkOS #2986, tari #2112): the boundary of an epoch', () => {
  const boundary = 15 as CommitIndex

  /** All are told of the last commit of the epoch, whoever starts later as well. */
  function runToBoundary(more: Partial<Scenario>) {
    const last = new Map<number, { readonly index: number; readonly digest: string }>()
    const simulation = new Simulation(
      {
        ...quietScenario,
        chaosMs: 6_000,
        loadAfterMs: 1,
        livenessMs: 100,
        commitsAfterHealing: 1,
        ...more
      },
      {
        ...bullsharkNeeds(),
        onExecuted: (place, { index, digest }) => void last.set(place, { index, digest })
      }
    )
    const { world } = simulation
    const tell = () => {
      for (const place of everyone) {
        const isUp = world.isUp(place) && (last.get(place)?.index ?? 0) <= boundary
        if (isUp) world.node(place).step({ type: 'stop-at', index: boundary })
      }
    }
    for (let ms = 20; ms < 6_000; ms += 20) world.queue.schedule(1_000 + ms, tell)
    const report = simulation.run()
    return { report, last }
  }

  test.each(seeds(5))('seed %i: one last commit for all, asleep or crashed at it or not', seed => {
    const faults: Fault[] = [
      { ...crash, atMs: 300, places: [3], downMs: 2_500 },
      { ...crash, atMs: 3_500, places: [seed % 3], downMs: 300, loss: 'partly' }
    ]
    const { report, last } = runToBoundary({ seed, faults })
    // There is no next epoch to make progress in, so a run that keeps to the boundary ends by standing still.
    expect(report.verdict).toBe('stalled')
    expect(report.commits).toBe(boundary)
    for (const place of everyone) {
      expect(last.get(place), `place ${place}`).toEqual(last.get(0))
      expect(last.get(place)?.index, `place ${place}`).toBe(boundary)
    }
  })
})
