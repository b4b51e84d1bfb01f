import { assert, faultyWeight } from '@novacron/base'
import type { Fault } from './faults/fault.ts'
import { quietScenario, type Scenario } from './scenario.ts'
import { faultOfScenario } from './scenario-fault.ts'
import { isRecord } from './scenario-shape.ts'

/** Scenarios tried at most while one is made smaller. */
export const shrinkRunsMax = 400

export interface Shrunk {
  readonly scenario: Scenario
  /** Scenarios that were tried. */
  readonly runs: number
  /** Nothing more can be taken away; false when the runs were used up first. */
  readonly isMinimal: boolean
}

interface Search {
  best: Scenario
  runs: number
  readonly runsMax: number
}

/** Yields scenarios to try; is told of each whether it fails in the same way. */
type Tries<Result> = Generator<Scenario, Result, boolean>

/**
 * Makes a failing scenario smaller while it fails in the same way: fewer faults, crash points and liars, less time, load and
 * replicas, plainer surroundings. The order is that in which a step saves most.
 *
 * fails    runs a scenario; true when it ends in the verdict that is looked for
 * runsMax  calls of `fails` at most
 * source   Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002 (ddmin, for each list)
 */
export function shrinkScenario(
  scenario: Scenario,
  fails: (candidate: Scenario) => boolean,
  runsMax: number = shrinkRunsMax
): Shrunk {
  const steps = shrinkSteps(scenario, runsMax)
  let step = steps.next()
  while (step.done !== true) step = steps.next(fails(step.value))
  return step.value
}

/** The same one try at a time, for who wants to do something between two of them. */
export function* shrinkSteps(scenario: Scenario, runsMax: number = shrinkRunsMax): Tries<Shrunk> {
  assert(Number.isInteger(runsMax) && runsMax >= 0, 'runsMax >= 0')
  const search: Search = { best: scenario, runs: 0, runsMax }
  for (;;) {
    const before = search.best
    for (const pass of passes) yield* pass(search)
    const isExhausted = search.runs >= runsMax
    if (search.best !== before && !isExhausted) continue
    return { scenario: search.best, runs: search.runs, isMinimal: !isExhausted }
  }
}

const lists = ['faults', 'crashPoints', 'byzantine', 'gone'] as const
type ListKey = (typeof lists)[number]

/** The shortest time of load and faults that is tried. */
const chaosMsMin = 50

/** Not made plainer: what the run is, and the bounds by which it is judged. */
const kept: readonly string[] = [
  'seed',
  'replicas',
  'law',
  'chaosMs',
  'observers',
  'livenessMs',
  'livenessSteps',
  'commitsAfterHealing',
  ...lists
]

const passes: readonly ((search: Search) => Tries<void>)[] = [
  function* fewerFaults(search) {
    for (const key of lists) yield* fewer(search, key)
    yield* fewerBehaviours(search)
  },
  function* smaller(search) {
    const { chaosMs, observers } = search.best
    yield* lower(search, chaosMs, chaosMsMin, (base, ms) => ({ ...base, chaosMs: ms }))
    yield* lower(search, observers, 0, (base, count) => withPlaces(base, base.replicas, count))
  },
  fewerReplicas,
  function* fewerClients(search) {
    yield* lower(search, search.best.load.clients, 1, (base, clients) => ({
      ...base,
      load: { ...base.load, clients }
    }))
  },
  plainer,
  shorterFaults
]

function* attempt(search: Search, candidate: Scenario): Tries<boolean> {
  // Options that are plain one by one may not go together: what nobody can run does not fail either.
  if (search.runs >= search.runsMax || faultOfScenario(candidate) !== undefined) return false
  search.runs++
  const fails = yield candidate
  if (fails) search.best = candidate
  return fails
}

/** Takes away all, then halves, then quarters, down to one at a time. */
function* fewer(search: Search, key: ListKey): Tries<void> {
  for (let chunk = search.best[key].length; chunk >= 1; chunk = Math.floor(chunk / 2)) {
    for (let at = 0; at < search.best[key].length; ) {
      const list = search.best[key]
      const rest = [...list.slice(0, at), ...list.slice(at + chunk)]
      if (!(yield* attempt(search, { ...search.best, [key]: rest }))) at += chunk
    }
  }
}

function* fewerBehaviours(search: Search): Tries<void> {
  for (const { place, behaviours } of search.best.byzantine) {
    for (const behaviour of behaviours) {
      const byzantine = search.best.byzantine.map(liar =>
        liar.place === place
          ? { place, behaviours: liar.behaviours.filter(each => each !== behaviour) }
          : liar
      )
      if (byzantine.some(liar => liar.behaviours.length === 0)) continue
      yield* attempt(search, { ...search.best, byzantine })
    }
  }
}

/** The least value, otherwise halves as long as they do. */
function* lower(
  search: Search,
  value: number,
  min: number,
  withValue: (base: Scenario, value: number) => Scenario
): Tries<void> {
  if (value <= min || (yield* attempt(search, withValue(search.best, min)))) return
  for (let next = Math.floor(value / 2); next > min; next = Math.floor(next / 2)) {
    if (!(yield* attempt(search, withValue(search.best, next)))) return
  }
}

/** Committees that bear one fault more than the next smaller one, and one of a single replica. */
const committeeSizes = [1, 4, 7, 10, 13, 19, 31]

function* fewerReplicas(search: Search): Tries<void> {
  for (const replicas of committeeSizes) {
    if (replicas >= search.best.replicas) return
    if (yield* attempt(search, withPlaces(search.best, replicas, search.best.observers))) return
  }
}

/** The scenario with so many places; what strikes nobody among them is left out. */
export function withPlaces(scenario: Scenario, replicas: number, observers: number): Scenario {
  const places = replicas + observers
  const faults = scenario.faults.flatMap(fault => withoutPlacesFrom(fault, places) ?? [])
  const isThere = ({ place }: { readonly place: number }) => place < places
  const crashPoints = scenario.crashPoints.filter(isThere)
  // Of those who stay broken there may only be so many.
  const badMax = faultyWeight(replicas)
  const byzantine = scenario.byzantine.filter(({ place }) => place < replicas).slice(0, badMax)
  const gone = scenario.gone.filter(isThere).slice(0, badMax - byzantine.length)
  return { ...scenario, replicas, observers, faults, crashPoints, byzantine, gone }
}

function withoutPlacesFrom(fault: Fault, count: number): Fault | undefined {
  const among = (places: readonly number[]) => places.filter(place => place < count)
  switch (fault.type) {
    case 'crash': {
      const places = among(fault.places)
      return places.length === 0 ? undefined : { ...fault, places }
    }
    case 'partition': {
      const side = among(fault.side)
      return side.length === 0 || side.length === count ? undefined : { ...fault, side }
    }
    case 'link-flap':
    case 'half-open':
      return among(fault.between).length === 2 ? fault : undefined
    case 'cut': {
      const pairs = fault.pairs.filter(pair => among(pair).length === 2)
      return pairs.length === 0 ? undefined : { ...fault, pairs }
    }
    case 'burst-loss':
    case 'corruption':
      return fault
    default:
      return fault.place < count ? fault : undefined
  }
}

/** Every other field as in the quiet scenario: the whole of it, or at least parts of it. */
function* plainer(search: Search): Tries<void> {
  // Fewer clients than the quiet scenario has are plainer still.
  const load = { ...quietScenario.load, clients: search.best.load.clients }
  for (const [key, quiet] of Object.entries<unknown>({ ...quietScenario, load })) {
    if (kept.includes(key)) continue
    const value = search.best[key as keyof Scenario]
    if (isSame(value, quiet) || (yield* attempt(search, { ...search.best, [key]: quiet }))) continue
    if (!isRecord(value) || !isRecord(quiet) || 'type' in quiet) continue
    for (const part of Object.keys(value)) {
      const now = search.best[key as keyof Scenario] as Readonly<Record<string, unknown>>
      if (isSame(now[part], quiet[part])) continue
      const { [part]: _, ...others } = now
      const plain = part in quiet ? { ...others, [part]: quiet[part] } : others
      yield* attempt(search, { ...search.best, [key]: plain })
    }
  }
}

/** Durations of faults. */
function* shorterFaults(search: Search): Tries<void> {
  for (let index = 0; index < search.best.faults.length; index++) {
    const fault = search.best.faults[index] as Fault
    for (const key of ['staggerMs', 'downMs', 'forMs']) {
      const value = (fault as unknown as Readonly<Record<string, unknown>>)[key]
      if (typeof value !== 'number') continue
      yield* lower(search, value, key === 'staggerMs' ? 0 : 1, (base, shorter) => ({
        ...base,
        faults: base.faults.with(index, { ...(base.faults[index] as Fault), [key]: shorter })
      }))
    }
  }
}

/** Plain data alone is compared. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
