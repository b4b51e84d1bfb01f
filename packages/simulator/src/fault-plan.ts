import { faultyWeight, type Prng } from '@novacron/base'
import { isLosing } from './fault-budget.ts'
import type { FaultKind, FaultSpecification } from './fault-specification.ts'
import { drawFaults, type FaultBudget } from './faults/draw.ts'
import { endOf, type Fault } from './faults/fault.ts'
import {
  damageAtOne,
  drawLoser,
  drawNamedFault,
  isDamage,
  isDamageName,
  namedFaultNames,
  namedFaults
} from './faults/named.ts'
import type { NetworkOptions } from './network/network.ts'
import type { BandwidthOptions } from './network/shaping.ts'
import type { Scenario } from './scenario.ts'

/** Everything that a scenario may suffer from besides liars, by the names that are used to ask for it. */
export const faultKinds: readonly FaultKind[] = [
  { name: 'crash', parameter: 'duration', what: 'up to f replicas stop, keep their disks, return' },
  { name: 'power-loss', parameter: 'duration', what: 'all replicas stop at once' },
  { name: 'wiped-disk', parameter: 'duration', what: 'a replica returns with an empty disk' },
  { name: 'old-disk', parameter: 'duration', what: 'a replica returns with an older copy' },
  { name: 'gone', what: 'a member stops and never returns' },
  { name: 'partition', parameter: 'duration', what: 'some cannot be reached by the others' },
  { name: 'one-way', parameter: 'duration', what: 'what some send is lost, what they get is not' },
  { name: 'link-flap', parameter: 'duration', what: 'one connection breaks' },
  { name: 'loss', parameter: 'percent', what: 'single messages are lost' },
  { name: 'duplication', parameter: 'percent', what: 'single messages arrive twice' },
  { name: 'reordering', what: 'messages overtake one another' },
  {
    name: 'bandwidth',
    parameter: 'rate',
    what: 'each interface carries so much a second, and who sends to all waits for each copy'
  },
  { name: 'clock-skew', parameter: 'duration', what: 'clocks are ahead by up to that' },
  ...namedFaultNames.map(
    (name): FaultKind => ({ name, parameter: 'duration', what: namedFaults[name] })
  )
]

/** The name by which a planned fault is asked for. */
export function kindOf(fault: Fault, replicas: number): string {
  if (fault.type === 'partition') return fault.isOneWay ? 'one-way' : 'partition'
  if (fault.type !== 'crash') return fault.type
  if (fault.disk.type === 'wiped') return 'wiped-disk'
  if (fault.disk.type === 'copy') return 'old-disk'
  return fault.places.length === replicas ? 'power-loss' : 'crash'
}

/** Plans that are drawn at most in search of faults of the kinds that are wanted. */
const plansMax = 200

/**
 * The scenario with faults of those kinds alone, drawn again, and without liars; `liars` members will lie besides. Everything
 * that is named is there: a network that happens to lose nothing loses something when `loss` is asked for. What `refuseFaults`
 * refuses, and what only `all` stands for, is there as far as the committee bears it.
 */
export function withFaults(
  scenario: Scenario,
  specification: FaultSpecification,
  prng: Prng,
  liars = 0
): Scenario {
  const { names, named, values } = specification
  const faultyMax = faultyWeight(scenario.replicas) - liars
  const goneMax = faultyMax - ([...named].some(isLosing) ? 1 : 0)
  const gone = names.has('gone') ? withGone(scenario, goneMax, prng.fork()) : []
  const losersMax = Math.max(0, faultyMax - gone.length)
  const faults = planOf(scenario, specification, { gone: gone.length, losersMax }, prng.fork())
  // What an old copy forgets after a crash in the middle of a persist, nobody else may have heard of.
  const isCopied = faults.some(fault => fault.type === 'crash' && fault.disk.type === 'copy')
  const skewMs = values.get('clock-skew') ?? Math.max(1, scenario.clockSkewMsMax)
  return {
    ...scenario,
    network: withTroubles(scenario.network, specification, prng.fork()),
    clockSkewMsMax: names.has('clock-skew') ? skewMs : 0,
    faults,
    gone,
    byzantine: [],
    crashPoints: names.has('crash') && !isCopied ? scenario.crashPoints : []
  }
}

/** One of them, where the committee bears one. */
function withGone(
  { gone, replicas, chaosMs }: Scenario,
  max: number,
  prng: Prng
): Scenario['gone'] {
  if (gone.length > 0 || max < 1) return gone.slice(0, Math.max(0, max))
  return [{ place: prng.below(replicas), atMs: prng.below(Math.max(1, chaosMs)), loss: 'lost' }]
}

function withTroubles(
  network: NetworkOptions,
  { names, values }: FaultSpecification,
  prng: Prng
): NetworkOptions {
  const percent = (name: string, drawn: number) =>
    names.has(name) ? (values.get(name) ?? (drawn > 0 ? drawn : 1 + prng.below(10))) : 0
  return {
    ...network,
    lossPercent: percent('loss', network.lossPercent),
    duplicatePercent: percent('duplication', network.duplicatePercent),
    isFifo: !names.has('reordering'),
    ...bandwidthOf(network, names.has('bandwidth'), values.get('bandwidth'))
  }
}

/** Bytes a second of an interface when nothing else is said: about what a member of a small committee sends. */
const narrowBytesPerSecond = 100_000

/** What was asked for, or what was drawn, or narrow interfaces. */
function bandwidthOf(
  { linkBytesPerSecond, nodeBytesPerSecond }: NetworkOptions,
  isNamed: boolean,
  asked: number | undefined
): BandwidthOptions {
  if (!isNamed) return { linkBytesPerSecond: 0, nodeBytesPerSecond: 0 }
  if (asked !== undefined) return { linkBytesPerSecond: 0, nodeBytesPerSecond: asked }
  const isDrawn = linkBytesPerSecond > 0 || nodeBytesPerSecond > 0
  return isDrawn
    ? { linkBytesPerSecond, nodeBytesPerSecond }
    : { linkBytesPerSecond, nodeBytesPerSecond: narrowBytesPerSecond }
}

/** Members that are faulty for good, and those that may lose a disk besides. */
interface Budget {
  readonly gone: number
  /** Beyond that, promises would be forgotten that safety rests on. */
  readonly losersMax: number
}

/** Drawn one after another, as in a plan of all kinds. */
const sequential: readonly string[] = [
  'crash',
  'power-loss',
  'wiped-disk',
  'old-disk',
  'partition',
  'one-way',
  'link-flap'
]

/** One after another until the end of the chaos; then what was named and found no time. */
function planOf(
  { replicas, chaosMs }: Scenario,
  { names, named, values }: FaultSpecification,
  { gone, losersMax }: Budget,
  prng: Prng
): Fault[] {
  const budget = { replicas, faulty: losersMax }
  const planned = planNamed({ names, values }, { ...budget, untilMs: chaosMs }, prng)
  const losers = new Set(loserOf(planned))
  const faulty = faultyWeight(replicas) - gone
  const missing = new Set(sequential.filter(name => named.has(name)))
  const put = (drawn: Fault, atMs: number): Fault => {
    const kind = kindOf(drawn, replicas)
    const fault = lasting(movedTo(drawn, atMs), values.get(kind))
    planned.push(fault)
    missing.delete(kind)
    return fault
  }
  let now = 0
  for (const drawn of drawnOf(names, { replicas, faulty, untilMs: chaosMs }, prng)) {
    const bearable = atLosers(drawn, losers, losersMax)
    if (bearable === undefined) continue
    const atMs = now + 200 + prng.below(900)
    if (atMs >= chaosMs) break
    now = endOf(put(bearable, atMs))
  }
  for (const name of [...missing]) {
    const untilMs = Math.max(chaosMs, shortestMs)
    for (const drawn of drawnOf(new Set([name]), { replicas, faulty, untilMs }, prng)) {
      const bearable = atLosers(drawn, losers, losersMax)
      if (bearable === undefined) continue
      // A copy of a disk is taken before.
      put(bearable, 2 + prng.below(Math.max(1, chaosMs - 2)))
      break
    }
  }
  return planned
}

/** In less time a plan may have no fault at all. */
const shortestMs = 2_000

function planNamed(
  { names, values }: Pick<FaultSpecification, 'names' | 'values'>,
  { replicas, faulty, untilMs }: FaultBudget,
  prng: Prng
): Fault[] {
  let loser: number | undefined
  return namedFaultNames.flatMap(name => {
    if (!names.has(name)) return []
    const atMs = 200 + prng.below(Math.max(1, untilMs - 200))
    const forMs = values.get(name) ?? 50 + prng.below(1_200)
    loser ??= isDamageName(name) ? drawLoser({ replicas, faulty }, [], prng.fork()) : undefined
    const drawn = drawNamedFault(name, { replicas, atMs, forMs, loser }, prng)
    return damageAtOne(drawn, loser)
  })
}

/** Faults of these kinds, as plan after plan has them. */
function* drawnOf(names: ReadonlySet<string>, budget: FaultBudget, prng: Prng): Generator<Fault> {
  for (let plans = 0; plans < plansMax; plans++) {
    for (const drawn of drawFaults(budget, prng.fork())) {
      if (names.has(kindOf(drawn, budget.replicas))) yield drawn
    }
  }
}

/** The fault where it can be borne, and whom it strikes is one of the losers then; undefined when it strikes nobody. */
function atLosers(fault: Fault, losers: Set<number>, losersMax: number): Fault | undefined {
  if (fault.type !== 'crash') return fault
  if (fault.places.length === 0) return undefined
  if (fault.disk.type === 'own') return fault
  if (new Set([...losers, ...fault.places]).size <= losersMax) {
    for (const place of fault.places) losers.add(place)
    return fault
  }
  const [known] = losers
  return known === undefined ? undefined : { ...fault, places: [known] }
}

/** Whose rows are damaged counts as one that lost its disk. */
function loserOf(faults: readonly Fault[]): number[] {
  return faults.flatMap(fault => (isDamage(fault) ? [fault.place] : []))
}

function movedTo(fault: Fault, atMs: number): Fault {
  if (fault.type !== 'crash' || fault.disk.type !== 'copy') return { ...fault, atMs }
  const agoMs = fault.atMs - fault.disk.takenAtMs
  const takenAtMs = Math.max(1, atMs - agoMs)
  return { ...fault, atMs, disk: { type: 'copy', takenAtMs } }
}

function lasting(fault: Fault, ms: number | undefined): Fault {
  if (ms === undefined) return fault
  if (fault.type === 'crash') return { ...fault, downMs: ms }
  return 'forMs' in fault ? { ...fault, forMs: ms } : fault
}
