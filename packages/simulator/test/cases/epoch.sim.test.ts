import type { CommitIndex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { bullsharkModes, type CrashPoint, type Fault } from '../../src/index.ts'
import { seeds } from '../seeds.ts'
import { crash, type OnStep, runCase, spied, type Wrap } from './run.ts'

const everyone = [0, 1, 2, 3]
const wakesMs = 5_000
const chaosMs = 6_000
const points: readonly CrashPoint['point'][] = ['before', 'written', 'flushed', 'sent']

/**
 * An epoch ends at a commit that all are told of. A next one, with members who join, leave or change places, is not there yet:
 * what can be asked is that there is one last commit, that nothing is ordered or answered after it, and that what was taken in
 * and not ordered is kept for what follows. Messages of another epoch are refused in case 12.
 */
describe.each([
  { mode: bullsharkModes[0], boundary: 15 as CommitIndex },
  { mode: bullsharkModes[1], boundary: 120 as CommitIndex }
])('case 20 (narwhal epoch_change, snarkOS #2986, tari #2112), $mode', ({ mode, boundary }) => {
  function runToBoundary(seed: number) {
    const crashing = seed % 3
    const reachedMs = new Map<number, number>()
    let crashes = 0
    /** Stops one in the middle of what it persists about the last commit or the one before. */
    const onStep: OnStep = ({ place, life, effects }, world) => {
      if (place !== crashing || life > 0 || crashes > 0) return
      const isLast = effects.some(
        effect => effect.type === 'executed' && effect.subDag.index >= boundary - 1
      )
      if (!isLast || !effects.some(({ type }) => type === 'persist')) return
      crashes++
      const persist = world.node(place).persists + 1
      const point = points[seed % points.length] as CrashPoint['point']
      world.addCrashPoint({ place, persist, point, loss: 'partly', downMs: 300, isForAll: false })
    }
    // Whoever starts is told first: the vertices on its disk go beyond the last commit.
    const tell: Wrap = protocol => ({
      ...protocol,
      make(seat) {
        const replica = protocol.make(seat)
        const step = replica.step.bind(replica)
        const told: typeof step = (event, now) =>
          event.type === 'started'
            ? [...step({ type: 'stop-at', index: boundary }, now), ...step(event, now)]
            : step(event, now)
        return Object.assign(replica, { step: told })
      }
    })
    const faults: Fault[] = [{ ...crash, atMs: 300, places: [3], downMs: wakesMs - 300 }]
    const pending = new Map<number, number>()
    const run = runCase(
      { mode, seed, faults, chaosMs, loadAfterMs: 1, livenessMs: 100, commitsAfterHealing: 1 },
      {
        wrap: (protocol, world) => spied(onStep)(tell(protocol, world), world),
        watch: (views, atMs) => {
          for (const [place, view] of views.entries()) {
            pending.set(place, view.pendingBytes)
            if (view.run >= boundary && !reachedMs.has(place)) reachedMs.set(place, atMs)
          }
        }
      }
    )
    return { run, reachedMs, crashes, pending }
  }

  test.each(seeds(4))(
    'seed %i: one last commit for all, with one asleep and one that crashes',
    seed => {
      const { run, reachedMs, crashes, pending } = runToBoundary(seed)
      // There is no next epoch to make progress in, so a run that keeps to the boundary ends by standing still.
      const { report } = run
      expect(report.verdict, report.firstViolation?.facts).toBe('stalled')
      expect(report.commits).toBe(boundary)
      expect(crashes).toBe(1)
      expect(report.crashPointsLeft).toBe(0)
      // The sleeper comes to it when all the others are there.
      for (const place of [0, 1, 2])
        expect(reachedMs.get(place), `place ${place}`).toBeLessThan(wakesMs)
      expect(run.indexAt(3, wakesMs)).toBeLessThan(boundary)
      const last = run.at(0).at(-1)?.subDag
      for (const place of everyone) {
        expect(run.at(place).at(-1)?.subDag.index, `place ${place}`).toBe(boundary)
        expect(run.at(place).at(-1)?.subDag.digest, `place ${place}`).toBe(last?.digest)
      }
      // What nobody ordered is neither answered nor forgotten by those who took it in.
      expect(report.firstViolation?.facts).toMatch(/[1-9]\d* requests open/)
      expect(report.acknowledged).toBeGreaterThan(10)
      expect(report.applied).toBeGreaterThanOrEqual(report.acknowledged)
      expect([...pending.values()].reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(0)
    }
  )
})
