import type { Round } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { bullsharkModes, type Fault } from '../../src/index.ts'
import { seeds } from '../seeds.ts'
import { crash, runCase, sentIn, spied } from './run.ts'

const everyone = [0, 1, 2, 3]

describe.each(bullsharkModes)('case 14 (sui #5618), %s', mode => {
  /**
   * f+1 stop at the moment when their vote for a header of place 0 is on their disks and has not left: what they acknowledged
   * is nowhere else. One of them comes back.
   */
  function runStop(seed: number, resendDelayMs = 400) {
    const stopped: number[] = []
    const rounds: { readonly round: number; readonly atMs: number }[] = []
    let returnedMs = Number.POSITIVE_INFINITY
    const run = runCase(
      {
        mode,
        seed,
        bullshark: { resendDelayMs, maxHeaderDelayMs: 100 },
        gone: [{ place: 3, atMs: 1_500, loss: 'kept' }],
        chaosMs: 2_000,
        commitsAfterHealing: 1
      },
      {
        wrap: spied((step, world) => {
          const { place, life, event, effects, atMs } = step
          if (place === 2 && life === 1 && event.type === 'started') returnedMs = atMs
          if (place < 2 || life > 0 || atMs < 700 || stopped.includes(place)) return
          const isDurable = effects.some(effect => effect.type === 'persist' && effect.durable)
          if (!isDurable || !sentIn(step, 'vote').some(({ vote }) => vote.author === 0)) return
          stopped.push(place)
          const persist = world.node(place).persists + 1
          const downMs = place === 2 ? 1_200 : 600_000
          world.addCrashPoint({
            ...{ place, persist, downMs, point: 'flushed', loss: 'kept', isForAll: false }
          })
        }),
        watch: ([first], atMs) => void rounds.push({ round: first?.round as number, atMs }),
        watchEveryMs: 10
      }
    )
    const roundAt = (ms: number) => rounds.findLast(({ atMs }) => atMs <= ms)?.round as number
    return { run, stopped, returnedMs, roundAt }
  }

  test.each(seeds(4))('seed %i: rounds resume within three time-outs', seed => {
    const resendDelayMs = 400
    const { run, stopped, returnedMs, roundAt } = runStop(seed, resendDelayMs)
    expect(run.report.firstViolation).toBeUndefined()
    expect([...stopped].sort()).toEqual([2, 3])
    // Two of four are no quorum.
    expect(roundAt(returnedMs)).toBe(roundAt(returnedMs - 1_000))
    expect(roundAt(returnedMs + 3 * resendDelayMs)).toBeGreaterThan(roundAt(returnedMs) + 2)
  })
})

describe.each(bullsharkModes)('case 15 (narwhal test_loss_of_liveness, sui #18009), %s', mode => {
  describe.each([0, 200])('all restart, one after another by %i ms', staggerMs => {
    test.each(seeds(3))('seed %i: all go on', seed => {
      const faults: Fault[] = [{ ...crash, places: everyone, staggerMs, loss: 'partly' }]
      const run = runCase({ mode, seed, faults })
      expect(run.report.firstViolation).toBeUndefined()
      const backMs = crash.atMs + crash.downMs + 3 * staggerMs
      for (const place of everyone) {
        const before = run.indexAt(place, crash.atMs)
        expect(before, `place ${place}`).toBeGreaterThan(0)
        expect(run.indexAt(place, backMs + 1_500), `place ${place}`).toBeGreaterThan(before)
      }
    })
  })

  test.each(seeds(3))(
    'seed %i: one without its disk proposes only above what it proposed',
    seed => {
      const proposed: { readonly life: number; readonly round: Round }[] = []
      const wipedMs = 1_600
      const run = runCase(
        {
          mode,
          seed,
          faults: [
            { ...crash, places: everyone, loss: 'kept' },
            { ...crash, atMs: wipedMs, places: [1], disk: { type: 'wiped' } }
          ]
        },
        {
          wrap: spied(step => {
            const { place, life } = step
            if (place !== 1) return
            for (const { signed } of sentIn(step, 'header')) {
              proposed.push({ life, round: signed.header.round })
            }
          })
        }
      )
      expect(run.report.firstViolation).toBeUndefined()
      const roundsOf = (isNew: boolean) =>
        proposed.filter(({ life }) => life >= 2 === isNew).map(({ round }) => round)
      const highest = Math.max(...roundsOf(false))
      const lowest = Math.min(...roundsOf(true))
      expect(highest).toBeGreaterThan(10)
      expect(lowest).toBeGreaterThan(highest)
      // It has the log again, and is part of it.
      const since = run.at(1).filter(({ atMs }) => atMs > wipedMs + crash.downMs)
      expect(run.report.places[1]?.index).toBeGreaterThanOrEqual(run.indexAt(0, wipedMs + 1_500))
      const own = since
        .flatMap(({ subDag }) => subDag.vertices)
        .filter(({ author }) => author === 1)
      expect(own.some(({ round }) => round >= lowest)).toBe(true)
    }
  )
})
