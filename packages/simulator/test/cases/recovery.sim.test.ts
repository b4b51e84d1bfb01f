import type { CommitIndex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { type Fault, quietScenario, type Scenario, Simulation } from '../../src/index.ts'
import { bullsharkNeeds } from '../needs.ts'
import { seeds } from '../seeds.ts'
import { crash, runCase } from './run.ts'

const everyone = [0, 1, 2, 3]

test('case 14 (sui #5618): f+1 stop after they acknowledged headers, one returns: rounds resume', () => {
  const resendDelayMs = 400
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
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
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const faults: Fault[] = [{ ...crash, places: everyone, staggerMs, loss: 'partly' }]
      expect(runCase({ seed, faults }).report.firstViolation, `seed ${seed}`).toBeUndefined()
    }
  })

  test('one of them without its disk: it signs nothing twice, and joins', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
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
