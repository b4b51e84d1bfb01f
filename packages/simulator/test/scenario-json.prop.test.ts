import { Fault as Refusal } from '@novacron/base'
import { defaultTurboOptions } from '@novacron/consensus'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Fault,
  mixingHash,
  quietScenario,
  type Scenario,
  type ScenarioFacts,
  scenarioOfJson,
  simulate,
  withAllOptions
} from '../src/index.ts'
import { bullsharkNeeds } from './needs.ts'

const time = { atMs: 20, forMs: 30 }
const crash = { type: 'crash', atMs: 60, loss: 'lost', downMs: 20, staggerMs: 1 } as const
const damage = { atMs: 10, place: 2, device: 'batches', count: 1 } as const

/** One of each type. */
const faults: readonly Fault[] = [
  { ...crash, places: [4], disk: { type: 'copy', takenAtMs: 30 } },
  { ...crash, places: [1, 2], disk: { type: 'own' } },
  { type: 'partition', ...time, side: [0], isOneWay: true },
  { type: 'starve', ...time, place: 1 },
  { type: 'link-flap', ...time, between: [0, 1] },
  { type: 'cut', ...time, pairs: [[1, 2]] },
  { type: 'half-open', ...time, between: [2, 1] },
  { type: 'burst-loss', ...time, percent: 50, burstMs: 5 },
  { type: 'corruption', ...time, percent: 5 },
  { type: 'slow-reader', ...time, place: 1 },
  { type: 'pause', ...time, place: 1 },
  { type: 'clock-drift', atMs: 20, place: 1, perMillion: 1_000 },
  { type: 'clock-jump', atMs: 20, place: 1, byMs: 100 },
  { type: 'slow-fsync', ...time, place: 1, byMs: 5 },
  { type: 'disk-full', ...time, place: 1 },
  { type: 'damaged-batches', atMs: 20, place: 1, count: 1 },
  { type: 'bit-flip', ...damage },
  { type: 'misdirected-write', ...damage },
  { type: 'disk-error', ...time, place: 1, operation: 'read' }
]

/** Everything that a scenario can have, and soon over. */
const full: Scenario = withAllOptions({
  ...quietScenario,
  observers: 1,
  network: {
    ...quietScenario.network,
    distancesMs: [[0, 1]],
    linkDelays: [{ from: 0, to: 1, delay: { type: 'exponential', minMs: 1, meanMs: 2 } }],
    linkBytesPerSecond: 1_000_000,
    nodeBytesPerSecond: 1_000_000
  },
  flushDelay: { type: 'heavy-tail', minMs: 0.3, shape: 1.3, maxMs: 6 },
  bullshark: { schedulePeriodCommits: 8, turbo: defaultTurboOptions },
  faults,
  crashPoints: [
    { place: 1, persist: 5, point: 'flushed', loss: 'torn', downMs: 5, isForAll: false }
  ],
  byzantine: [
    { place: 3, behaviours: ['drop', 'twins'], twins: { everyMs: 20, sides: [[0], [1, 2]] } }
  ],
  gone: [{ place: 3, atMs: 50, loss: 'lost', how: 'unheard' }],
  chaosMs: 100,
  loadAfterMs: 20,
  livenessMs: 8_000,
  livenessSteps: 20_000
})

type Path = readonly (string | number)[]

/** The ways to all parts, the larger ones too. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const isList = Array.isArray(value)
  const parts = Object.entries(value).flatMap(([key, part]) =>
    pathsOf(part, [...path, isList ? Number(key) : key])
  )
  return [...(path.length === 0 ? [] : [path]), ...parts]
}

const removed = Symbol('removed')
const values: readonly unknown[] = [
  ...[removed, null, true, false, '', 'x', [], {}, [[]], [{}], { type: 'x' }],
  ...[-1, 0, 0.5, 1, 4, 99, 1e9, 1e12, 1e300, -1e12, Number.MAX_SAFE_INTEGER]
]

function mutated(path: Path, value: unknown): unknown {
  const json = JSON.parse(JSON.stringify(full))
  const last = path.at(-1) as string | number
  const parent = path.slice(0, -1).reduce((part, key) => part[key], json)
  if (value !== removed) parent[last] = value
  else if (Array.isArray(parent)) parent.splice(Number(last), 1)
  else delete parent[last]
  return json
}

/** A run, or words for whoever wrote the file. */
function outcomeOf(json: unknown): string {
  let scenario: Scenario
  try {
    scenario = scenarioOfJson(json)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { code, at, value, allowed, remedy } = error.facts as unknown as ScenarioFacts
    expect(code).toBe('scenario-malformed')
    for (const text of [at, value, allowed, remedy]) expect(text).toMatch(/./)
    return 'refused'
  }
  return simulate(scenario, bullsharkNeeds(undefined, mixingHash)).verdict
}

test('the whole one is taken as it is, and runs', () => {
  expect(scenarioOfJson(JSON.parse(JSON.stringify(full)))).toEqual(full)
  expect(outcomeOf(full)).toBe('pass')
})

test('with any one part removed, of another type, or far too large, it runs or is refused before it begins', () => {
  const change = fc.tuple(fc.constantFrom(...pathsOf(full)), fc.constantFrom(...values))
  fc.assert(
    fc.property(change, ([path, value]) => {
      expect(outcomeOf(mutated(path, value))).toMatch(/./)
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 150) }
  )
})
