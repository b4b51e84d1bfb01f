import type { Prng } from '@novacron/base'
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

export type NamedFault = PartitionKind | keyof typeof ownFaults

export const namedFaults: Readonly<Record<NamedFault, string>> = {
  ...partitionKinds,
  ...ownFaults
}

export const namedFaultNames = Object.keys(namedFaults) as readonly NamedFault[]

export interface NamedFaultPlan {
  readonly replicas: number
  readonly atMs: number
  readonly forMs: number
}

/** One fault of that name; some are a sequence of a few. */
export function drawNamedFault(
  name: NamedFault,
  { replicas, atMs, forMs }: NamedFaultPlan,
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
      return [{ type: name, atMs, place, count: 1 + prng.below(3) }]
    default:
      return partitionOf(name satisfies PartitionKind, replicas, time, prng)
  }
}

/**
 * A few faults of kinds that are drawn first: which kinds a run has at all is a part of its seed (swarm testing, Groce et
 * al., ISSTA 2012).
 */
export function drawNamedFaults(replicas: number, untilMs: number, prng: Prng): Fault[] {
  const kinds = prng.shuffle(namedFaultNames).slice(0, prng.below(4))
  return kinds.flatMap(name => {
    const atMs = 200 + prng.below(Math.max(1, untilMs - 200))
    return drawNamedFault(name, { replicas, atMs, forMs: 50 + prng.below(1_000) }, prng)
  })
}
