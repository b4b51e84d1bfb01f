import type { Prng } from '@novacron/base'
import { type Damage, damages } from '../disk/damage.ts'
import { deviceNames, type TailLoss } from '../disk/disk.ts'
import { diskOperations } from '../node.ts'
import type { Fault } from './fault.ts'
import { type PartitionKind, partitionKinds, partitionOf } from './partitions.ts'

/** Faults that come with a name each, beside crashes and what a network does to single messages. */
const ownFaults = {
  'half-open': 'a connection looks well, and nothing arrives',
  'burst-loss': 'directions of links are bad for a while, and lose half of what they carry',
  corruption: 'bits flip on the way',
  'slow-reader': 'nobody reads at a place, then all at once',
  starve: 'payload does not reach a place',
  pause: 'a process stops (SIGSTOP), then goes on',
  'clock-drift': 'a clock runs fast or slow by a thousandth',
  'clock-jump': 'a wall clock is set, which the next life of the process sees',
  'slow-fsync': 'a disk takes a second for each sync',
  'disk-full': 'nothing becomes durable for a while',
  'damaged-batches': 'stored payload that is no longer what its digest says'
} as const

/** What the disk of one place does to what it holds. */
const diskFaults = {
  'bit-flip': 'bits of stored rows flip, before a restart reads them',
  'misdirected-write': 'a row lands at the place of another, which is lost',
  'torn-tail': 'a crash cuts the last record that was not synced in the middle',
  'disk-error': 'a disk fails reads or writes (EIO), which ends its process'
} as const

type DiskFault = keyof typeof diskFaults

export type NamedFault = PartitionKind | keyof typeof ownFaults | DiskFault

export const namedFaults: Readonly<Record<NamedFault, string>> = {
  ...partitionKinds,
  ...ownFaults,
  ...diskFaults
}

/** Drawn beside the others, see `drawDiskFaults`. */
const networkAndProcess = Object.keys({ ...partitionKinds, ...ownFaults }) as readonly NamedFault[]

export const namedFaultNames = Object.keys(namedFaults) as readonly NamedFault[]

export interface NamedFaultPlan {
  readonly replicas: number
  readonly atMs: number
  readonly forMs: number
  /** A place that may lose anything but its keys; where there is none, no row is damaged. */
  readonly loser?: number | undefined
}

/** One fault of that name; some are a sequence of a few. */
export function drawNamedFault(
  name: NamedFault,
  { replicas, atMs, forMs, loser }: NamedFaultPlan,
  prng: Prng
): Fault[] {
  const place = prng.below(replicas)
  const another = (place + 1 + prng.below(Math.max(1, replicas - 1))) % replicas
  const time = { atMs, forMs }
  switch (name) {
    case 'half-open':
      return another === place ? [] : [{ type: name, ...time, between: [place, another] }]
    case 'burst-loss':
      return [{ type: name, ...time, percent: 50, burstMs: 20 + prng.below(150) }]
    case 'corruption':
      return [{ type: name, ...time, percent: 1 + prng.below(10) }]
    case 'slow-reader':
    case 'starve':
    case 'pause':
    case 'disk-full':
      return [{ type: name, ...time, place }]
    case 'clock-drift':
      return [{ type: name, atMs, place, perMillion: prng.pick([-1_000, 1_000]) }]
    case 'clock-jump':
      // More than headers may be ahead would make the place faulty, which not every plan has room for.
      return [{ type: name, atMs, place, byMs: prng.below(400) - 200 }]
    case 'slow-fsync':
      return [{ type: name, ...time, place, byMs: 200 + prng.below(1_000) }]
    case 'damaged-batches':
      return [{ type: damageOf(prng), atMs, place, device: 'batches', count: 1 + prng.below(3) }]
    case 'bit-flip':
    case 'misdirected-write':
      return loser === undefined ? [] : damaged(name, { ...time, place: loser }, prng)
    case 'torn-tail':
      return [restart({ ...time, place }, 'torn')]
    case 'disk-error':
      return [{ type: name, ...time, place, operation: prng.pick(diskOperations) }]
    default:
      return partitionOf(name satisfies PartitionKind, replicas, time, prng)
  }
}

/**
 * Damage at one place alone, which counts as faulty, and none where the committee bears no more. For payload too: the batches
 * of a header that is not certified yet are nowhere but at its author, who can neither sign another one nor do without.
 */
export function damageAtOne(faults: readonly Fault[], loser: number | undefined): Fault[] {
  return faults.flatMap((fault): Fault[] => {
    if (!isDamage(fault)) return [fault]
    return loser === undefined ? [] : [{ ...fault, place: loser }]
  })
}

type DamageFault = Extract<Fault, { readonly type: Damage | 'damaged-batches' }>

export function isDamage(fault: Fault): fault is DamageFault {
  return isDamageName(fault.type)
}

export function isDamageName(name: string): name is DamageFault['type'] {
  return name === 'damaged-batches' || damages.some(each => each === name)
}

interface PlaceTime {
  readonly atMs: number
  readonly forMs: number
  readonly place: number
}

function damageOf(prng: Prng): Damage {
  return prng.pick(damages)
}

/** Payload is read as it is run; of everything else a restart finds out. */
function damaged(type: Damage, { atMs, forMs, place }: PlaceTime, prng: Prng): Fault[] {
  const device = prng.pick(deviceNames)
  const damage: Fault = { type, atMs, place, device, count: 1 + prng.below(6) }
  if (device === 'batches' && prng.chance(0.5)) return [damage]
  return [damage, restart({ atMs: atMs + 1 + prng.below(40), forMs, place }, 'kept')]
}

function restart({ atMs, forMs, place }: PlaceTime, loss: TailLoss): Fault {
  const disk = { type: 'own' } as const
  return { type: 'crash', atMs, places: [place], loss, downMs: forMs, staggerMs: 0, disk }
}

/**
 * In half of the runs, one or two of what a disk may do. Only `loser`, which counts as faulty, loses what its promises rest on.
 */
export function drawDiskFaults(plan: NamedFaultPlan, prng: Prng): Fault[] {
  const names = Object.keys(diskFaults) as DiskFault[]
  return prng
    .shuffle(names)
    .slice(0, prng.pick([0, 0, 1, 2]))
    .flatMap(name => {
      const atMs = 200 + prng.below(Math.max(1, plan.atMs - 200))
      return drawNamedFault(name, { ...plan, atMs, forMs: 20 + prng.below(plan.forMs) }, prng)
    })
}

/** Who has lost a disk in these faults may lose more of it; otherwise anybody, where the committee bears one more. */
export function drawLoser(
  { replicas, faulty }: { readonly replicas: number; readonly faulty: number },
  faults: readonly Fault[],
  prng: Prng
): number | undefined {
  const anybody = prng.below(replicas)
  for (const fault of faults) {
    const isLoss = fault.type === 'crash' && fault.disk.type !== 'own'
    const known = isLoss ? fault.places.find(place => place < replicas) : undefined
    if (known !== undefined) return known
  }
  return faulty > 0 ? anybody : undefined
}

/**
 * A few faults of kinds that are drawn first: which kinds a run has at all is a part of its seed (swarm testing, Groce et
 * al., ISSTA 2012).
 */
export function drawNamedFaults(replicas: number, untilMs: number, prng: Prng): Fault[] {
  const kinds = prng.shuffle(networkAndProcess).slice(0, prng.below(4))
  return kinds.flatMap(name => {
    const atMs = 200 + prng.below(Math.max(1, untilMs - 200))
    return drawNamedFault(name, { replicas, atMs, forMs: 50 + prng.below(1_000) }, prng)
  })
}
