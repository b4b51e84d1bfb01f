import type { Prng } from '@novacron/base'
import type { FaultKind, FaultSpecification } from './fault-specification.ts'
import { drawFaults } from './faults/draw.ts'
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
 * The scenario with faults of those kinds alone, drawn again, and without liars. Everything that is named is there: a network that
 * happens to lose nothing loses something when `loss` is asked for.
 */
export function withFaults(
  scenario: Scenario,
  specification: FaultSpecification,
  prng: Prng
): Scenario {
  const { names, values } = specification
  const gone = names.has('gone') ? withGone(scenario, prng.fork()) : []
  const faults = planOf(scenario, specification, gone.length, prng.fork())
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
function withGone({ gone, replicas, chaosMs }: Scenario, prng: Prng): Scenario['gone'] {
  if (gone.length > 0 || replicas < 4) return gone
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

/** One after another until the end of the chaos, as in a plan of all kinds. */
function planOf(
  { replicas, chaosMs }: Scenario,
  { names, values }: FaultSpecification,
  goneCount: number,
  prng: Prng
): Fault[] {
  const planned: Fault[] = []
  const faulty = Math.floor((replicas - 1) / 3) - goneCount
  let loser: number | undefined
  for (const name of namedFaultNames) {
    if (!names.has(name)) continue
    const atMs = 200 + prng.below(Math.max(1, chaosMs - 200))
    const forMs = values.get(name) ?? 50 + prng.below(1_200)
    loser ??= isDamageName(name) ? drawLoser({ replicas, faulty }, [], prng.fork()) : undefined
    const drawn = drawNamedFault(name, { replicas, atMs, forMs, loser }, prng)
    planned.push(...damageAtOne(drawn, loser))
  }
  // Beyond `faulty` lost disks in a run, promises would be forgotten that safety rests on.
  let losers: ReadonlySet<number> = new Set(loserOf(planned))
  let now = 0
  for (let plans = 0; plans < plansMax && now < chaosMs; plans++) {
    for (const drawn of drawFaults({ replicas, faulty, untilMs: chaosMs }, prng.fork())) {
      const kind = kindOf(drawn, replicas)
      if (!names.has(kind)) continue
      if (drawn.type === 'crash' && drawn.disk.type !== 'own') {
        const more = new Set([...losers, ...drawn.places])
        if (more.size > faulty) continue
        losers = more
      }
      const atMs = now + 200 + prng.below(900)
      if (atMs >= chaosMs) return planned
      const fault = lasting(movedTo(drawn, atMs), values.get(kind))
      planned.push(fault)
      now = endOf(fault)
    }
  }
  return planned
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
