import { defaultSchedule, defaultTurboOptions } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { bullsharkModes } from '../../src/index.ts'
import { seeds } from '../seeds.ts'
import { crash, fixedDelay, runCase } from './run.ts'

const everyone = [0, 1, 2, 3]

/** Of turbo it is that of a genesis which says nothing. */
const turboWindow = defaultSchedule(defaultTurboOptions, everyone.length).scheduleWindowCommits
const windows = { bullshark: 10, 'bullshark-turbo': turboWindow } as const

describe.each(bullsharkModes)('case 9 (Telcoin #432, #434): reputation, %s', mode => {
  test('equal scores and nobody to praise: all go on leading, and scores are equal bytes everywhere', () => {
    const { report, executed } = runCase({
      mode,
      bullshark: { schedulePeriodCommits: 2, scheduleWindowCommits: 4 },
      network: fixedDelay(5)
    })
    expect(report.firstViolation).toBeUndefined()
    const scores = new Map<number, string>()
    for (const { subDag } of executed) {
      const text = subDag.scores.join()
      expect(scores.get(subDag.index) ?? text).toBe(text)
      scores.set(subDag.index, text)
    }
    const equal = executed.filter(({ subDag }) => new Set(subDag.scores).size === 1)
    expect(equal.length).toBeGreaterThan(3)
    const since = Math.min(...equal.map(({ subDag }) => subDag.index))
    const later = executed.filter(({ subDag }) => subDag.index > since)
    expect(new Set(later.map(({ subDag }) => subDag.anchor.author))).toEqual(new Set(everyone))
  })

  test.each(seeds(3))('seed %i: who was away leads again within two windows', seed => {
    const window = windows[mode]
    const backMs = 500 + 2_000
    const { report, at } = runCase({
      ...{ mode, seed, chaosMs: 5_000 },
      bullshark: {
        schedulePeriodCommits: 5,
        scheduleWindowCommits: window,
        minHeaderDelayMs: 10,
        idleHeaderDelayMs: 20
      },
      network: fixedDelay(5),
      faults: [{ ...crash, atMs: 500, places: [2], downMs: 2_000 }]
    })
    expect(report.firstViolation).toBeUndefined()
    const log = at(0)
    // While it was away nobody linked to it, so others led in its place.
    const away = log.filter(({ atMs }) => atMs > backMs - 500 && atMs <= backMs)
    expect(away.at(-1)?.subDag.scores[2]).toBe(0)
    expect(away.some(({ subDag }) => subDag.anchor.author === 2)).toBe(false)
    // From its first vertex on it counts as one that keeps up.
    const after = log.filter(({ atMs }) => atMs > backMs)
    const present = after.findIndex(({ subDag }) =>
      subDag.vertices.some(({ author }) => author === 2)
    )
    expect(present).toBeGreaterThanOrEqual(0)
    const led = after.slice(present, present + 2 * window)
    expect(led.length).toBe(2 * window)
    const isLeader = led.some(({ subDag }) => subDag.anchor.author === 2)
    if (mode === 'bullshark-turbo') return expect(isLeader).toBe(true)
    // Bullshark draws one leader for each wave: what must be back is its turn, a score that is not the lowest any more.
    const isForgiven = led.some(({ subDag: { scores } }) => {
      const others = scores.filter((_, place) => place !== 2)
      return (scores[2] as number) > Math.min(...others)
    })
    expect(isForgiven).toBe(true)
    expect(after.some(({ subDag }) => subDag.anchor.author === 2)).toBe(true)
  })
})
