import { Prng } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { endOf, type Fault } from '../src/faults/fault.ts'
import { drawFaults, drawScenario, quietScenario } from '../src/index.ts'
import { checkLoadOptions, defaultLoadOptions } from '../src/load.ts'
import { checkScenario, healedAtMs } from '../src/scenario.ts'

describe('a drawn scenario', () => {
  const scenarios = Array.from({ length: 300 }, (_, seed) => drawScenario(seed))

  test('is the same for the same seed, and takes what is fixed', () => {
    expect(drawScenario(7)).toEqual(drawScenario(7))
    expect(drawScenario(7)).not.toEqual(drawScenario(8))
    expect(drawScenario(7, { replicas: 10, chaosMs: 5 })).toMatchObject({
      replicas: 10,
      chaosMs: 5
    })
  })

  test('is valid, and between them they cover committees, networks and faults', () => {
    for (const scenario of scenarios) checkScenario(scenario)
    const kinds = new Set(scenarios.flatMap(({ faults }) => faults.map(({ type }) => type)))
    for (const kind of ['crash', 'partition', 'cut', 'half-open', 'pause', 'disk-full'] as const) {
      expect(kinds, kind).toContain(kind)
    }
    // Not every run has every kind: what is left out shows what the others do by themselves.
    const counts = scenarios.map(({ faults }) => new Set(faults.map(({ type }) => type)).size)
    expect(Math.min(...counts)).toBeLessThan(3)
    expect(new Set(scenarios.map(({ replicas }) => replicas))).toEqual(new Set([4, 7, 10]))
    expect(Math.max(...scenarios.map(({ network }) => network.lossPercent))).toBe(10)
  })

  test('never crashes more than f at a time, save for all at once', () => {
    for (const { replicas, faults } of scenarios) {
      const most = Math.floor((replicas - 1) / 3)
      for (const fault of faults) {
        if (fault.type !== 'crash') continue
        expect([...Array(most + 1).keys(), replicas]).toContain(fault.places.length)
      }
    }
  })

  test('loses the disks of at most f replicas, and crashes follow one another', () => {
    for (const { replicas, faults, byzantine, gone } of scenarios) {
      const ofMembers = faults.filter(
        fault => fault.type !== 'crash' || fault.places.every(place => place < replicas)
      )
      const forgetful = ofMembers.flatMap(fault => {
        if (fault.type === 'crash') return fault.disk.type === 'own' ? [] : fault.places
        return 'device' in fault ? [fault.place] : []
      })
      const bad = new Set([...forgetful, ...[...byzantine, ...gone].map(({ place }) => place)])
      expect(bad.size).toBeLessThanOrEqual(Math.floor((replicas - 1) / 3))
      const crashes = ofMembers.filter(fault => fault.type === 'crash' && !isOfDisk(fault, faults))
      for (const [i, fault] of crashes.entries()) {
        const before = crashes[i - 1]
        if (before !== undefined) expect(fault.atMs).toBeGreaterThan(endOf(before))
      }
    }
  })

  test('are slow between some places, crash in the middle of persists, and have late observers and liars', () => {
    expect(scenarios.some(({ network }) => network.linkDelays.length > 0)).toBe(true)
    expect(scenarios.some(({ crashPoints }) => crashPoints.some(({ isForAll }) => isForAll))).toBe(
      true
    )
    expect(scenarios.some(({ byzantine }) => byzantine.length > 0)).toBe(true)
    expect(scenarios.some(({ gone }) => gone.length > 0)).toBe(true)
    for (const { observers, replicas, faults, crashPoints } of scenarios) {
      const late = faults.filter(f => f.type === 'crash' && f.places.some(p => p >= replicas))
      expect(late.length).toBeLessThanOrEqual(observers)
      const isCopied = faults.some(f => f.type === 'crash' && f.disk.type === 'copy')
      if (isCopied) expect(crashPoints).toEqual([])
    }
  })

  test('is healed when the last fault is over', () => {
    for (const scenario of scenarios) {
      const ends = scenario.faults.map(endOf)
      expect(healedAtMs(scenario)).toBe(Math.max(scenario.chaosMs, ...ends))
    }
    expect(healedAtMs(quietScenario)).toBe(quietScenario.chaosMs)
  })
})

test('a lone replica has only faults that it can have', () => {
  for (let seed = 0; seed < 40; seed++) {
    const faults = drawFaults({ replicas: 1, faulty: 0, untilMs: 3_000 }, new Prng(seed))
    for (const fault of faults) if (fault.type === 'link-flap') expect.unreachable()
  }
})

test.each([
  { replicas: 0 },
  { replicas: 1_025 },
  { observers: -1 },
  { seed: -1 },
  { livenessMs: 0 },
  { codecSamplePercent: 101 }
])('refuses %o', change => {
  expect(() => checkScenario({ ...quietScenario, ...change })).toThrow()
})

test.each([{ clients: -1 }, { intervalMs: 0 }, { retryMs: 0 }, { outstandingMax: 0 }])(
  'refuses a load with %o',
  change => {
    expect(() => checkLoadOptions({ ...defaultLoadOptions, ...change })).toThrow()
  }
)

/** A crash that comes with what a disk does, at any time: damage shows at a restart, and a tail is torn by one. */
function isOfDisk(crash: Extract<Fault, { type: 'crash' }>, faults: readonly Fault[]): boolean {
  const isNear = (atMs: number) => atMs < crash.atMs && atMs >= crash.atMs - 40
  return (
    crash.loss === 'torn' ||
    faults.some(f => 'device' in f && crash.places.includes(f.place) && isNear(f.atMs))
  )
}
