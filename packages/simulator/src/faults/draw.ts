import type { Prng } from '@novacron/base'
import type { TailLoss } from '../disk/disk.ts'
import { type DiskFate, endOf, type Fault } from './fault.ts'

export interface FaultBudget {
  readonly replicas: number
  /** Replicas that may be away or forgetful at once. */
  readonly faulty: number
  /** Faults come one after another until this time. */
  readonly untilMs: number
}

const losses: readonly TailLoss[] = ['lost', 'kept', 'partly']

/** A random plan: crashes of up to `faulty` at a time, of all at once, partitions, flaps; one after another. */
export function drawFaults({ replicas, faulty, untilMs }: FaultBudget, prng: Prng): Fault[] {
  const faults: Fault[] = []
  const all = Array.from({ length: replicas }, (_, place) => place)
  // Disks that may be lost in the whole run: beyond `faulty`, promises would be forgotten that safety rests on.
  const forgetful = prng.shuffle(all).slice(0, faulty)
  for (let atMs = 300 + prng.below(800); atMs < untilMs; ) {
    const fault = drawFault(all, forgetful, atMs, prng)
    faults.push(fault)
    atMs = endOf(fault) + 200 + prng.below(900)
  }
  return faults
}

function drawFault(
  all: readonly number[],
  forgetful: readonly number[],
  atMs: number,
  prng: Prng
): Fault {
  const faulty = forgetful.length
  const forMs = 50 + prng.below(1_200)
  const some = (most: number) => prng.shuffle(all).slice(0, 1 + prng.below(Math.max(1, most)))
  const crash = { type: 'crash', atMs, downMs: forMs, loss: prng.pick(losses) } as const
  const own = { type: 'own' } as const
  switch (prng.below(8)) {
    case 0:
    case 1:
    case 2:
      return { ...crash, places: some(faulty), staggerMs: prng.below(100), disk: own }
    case 3:
      return { ...crash, places: prng.shuffle(all), staggerMs: prng.below(80), disk: own }
    case 4: {
      const places = forgetful.slice(0, 1)
      const disk: DiskFate = prng.chance(0.5)
        ? { type: 'wiped' }
        : { type: 'copy', takenAtMs: Math.max(1, atMs - 50 - prng.below(2_000)) }
      return { ...crash, places, staggerMs: 0, disk: places.length === 0 ? own : disk }
    }
    case 5:
      return { type: 'partition', atMs, forMs, side: some(all.length - 1), isOneWay: false }
    case 6:
      return { type: 'partition', atMs, forMs, side: some(faulty), isOneWay: true }
    default: {
      const [a = 0, b = 0] = prng.shuffle(all)
      if (a === b) return { ...crash, places: [a], staggerMs: 0, disk: own }
      return { type: 'link-flap', atMs, forMs, between: [a, b] }
    }
  }
}
