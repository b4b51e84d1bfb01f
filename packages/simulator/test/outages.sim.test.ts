import { describe, expect, test } from 'vitest'
import { type Fault, quietScenario, type Scenario, simulate } from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'
import { seeds } from './seeds.ts'

const everyone = [0, 1, 2, 3]
const crash = {
  type: 'crash',
  atMs: 1_000,
  downMs: 300,
  staggerMs: 0,
  loss: 'lost',
  disk: { type: 'own' }
} as const
const run = (faults: readonly Fault[], more: Partial<Scenario> = {}) =>
  simulate({ ...quietScenario, faults, ...more }, bullsharkNeeds())

describe('outages', () => {
  test.each(['lost', 'partly', 'kept'] as const)(
    'the power fails for all at once, unsynced writes are %s: nothing acknowledged is lost',
    loss => {
      const report = run([{ ...crash, loss, places: everyone }])
      expect(report.firstViolation).toBeUndefined()
      expect(report.acknowledged).toBeGreaterThan(50)
    }
  )

  test('the power fails for all, again and again, and they come back one by one', () => {
    const faults = [500, 1_400, 2_300].map(
      (atMs): Fault => ({ ...crash, atMs, places: everyone, staggerMs: 150, loss: 'partly' })
    )
    expect(run(faults).firstViolation).toBeUndefined()
  })

  test.each(seeds(15))(
    'power fails for all under load, seed %i: payload that is synced first',
    seed => {
      const faults: Fault[] = [
        { ...crash, atMs: 600 + seed * 7, downMs: 200, places: everyone, loss: 'partly' }
      ]
      const load = { ...quietScenario.load, clients: 5, intervalMs: 20 }
      const report = run(faults, { seed, load, isPromiseLast: true, chaosMs: 500 })
      expect(report.firstViolation).toBeUndefined()
    }
  )

  test('one is away for long: the others go on, and it catches up beyond garbage collection', () => {
    const fault: Fault = { ...crash, atMs: 500, downMs: 4_000, places: [2] }
    const report = run([fault], { bullshark: { gcDepthRounds: 8, idleHeaderDelayMs: 30 } })
    expect(report.firstViolation).toBeUndefined()
    expect(report.commits).toBeGreaterThan(60)
  })

  test('two of four are away: nobody commits; they come back, and all go on', () => {
    const fault: Fault = { ...crash, atMs: 600, downMs: 1_500, places: [0, 3] }
    const without = simulate({ ...quietScenario, chaosMs: 600 }, bullsharkNeeds())
    const report = run([fault], { loadAfterMs: 1, commitsAfterHealing: 1 })
    expect(report.firstViolation).toBeUndefined()
    expect(report.commits).toBeLessThan(without.commits * 3)
  })

  test('a partition 2|2 stops everybody, and is forgotten after healing', () => {
    const partition: Fault = {
      type: 'partition',
      atMs: 500,
      forMs: 3_000,
      side: [0, 1],
      isOneWay: false
    }
    const report = run([partition])
    expect(report.firstViolation).toBeUndefined()
    expect(report.recoveredMs).toBeLessThan(3_000)
  })

  test('an empty disk with the old key signs nothing twice', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const faults: Fault[] = [{ ...crash, places: [1], disk: { type: 'wiped' } }]
      const report = run(faults, { seed })
      expect(report.firstViolation, `seed ${seed}`).toBeUndefined()
    }
  })

  test('a copy of the disk put back 300 commits later signs nothing twice', () => {
    const fault: Fault = {
      ...crash,
      atMs: 18_000,
      places: [3],
      disk: { type: 'copy', takenAtMs: 1_000 }
    }
    const load = { ...quietScenario.load, intervalMs: 400 }
    const more = { bullshark: { idleHeaderDelayMs: 10, minHeaderDelayMs: 10 }, load, chaosMs: 500 }
    const before = run([], { ...more, chaosMs: 1_000, loadAfterMs: 1, commitsAfterHealing: 1 })
    const report = run([fault], more)
    expect(report.firstViolation).toBeUndefined()
    expect(report.commits - before.commits).toBeGreaterThan(300)
  })

  test('a committee of one goes on alone, across crashes', () => {
    const report = run([{ ...crash, places: [0] }], { replicas: 1 })
    expect(report.firstViolation).toBeUndefined()
    expect(report.commits).toBeGreaterThan(3)
  })
})

test.each([4, 7])(
  'without faults %i replicas answer within 12 message delays and their wait for a header',
  replicas => {
    const delayMs = 10
    const instant = { type: 'uniform', fromMs: 0, toMs: 0 } as const
    const delay = { type: 'uniform', fromMs: delayMs, toMs: delayMs } as const
    const report = simulate(
      {
        ...quietScenario,
        replicas,
        network: { ...quietScenario.network, delay },
        readDelay: instant,
        flushDelay: instant
      },
      bullsharkNeeds()
    )
    expect(report.firstViolation).toBeUndefined()
    // A vertex is committed after 9 or 12 delays (three to a round), and was waited for by half a round on average.
    expect(report.latencyMs.p50).toBeLessThan((12 + 1.5) * delayMs)
    // At worst by a whole round, and the round may wait for its leader; what comes after a quorum of others is in the next one.
    expect(report.latencyMs.p99).toBeLessThan((12 + 3 + 4 + 3) * delayMs)
    expect(report.latencyMs.max).toBeGreaterThanOrEqual(report.latencyMs.p99)
  }
)
