import { assert, type Prng } from '@novacron/base'
import type { DiskImage, TailLoss } from './disk/disk.ts'
import type { ProtocolTypes } from './machine.ts'
import { startOfTimeMs, type World } from './world.ts'

/** What comes back after a crash: the own disk, an empty one, or a copy that was taken earlier. */
export type DiskFate =
  | { readonly type: 'own' }
  | { readonly type: 'wiped' }
  | { readonly type: 'copy'; readonly takenAtMs: number }

/** One planned fault; times are milliseconds after the start of the run. */
export type Fault =
  | {
      readonly type: 'crash'
      readonly atMs: number
      readonly places: readonly number[]
      readonly loss: TailLoss
      readonly downMs: number
      /** Each further place starts so much later than the one before. */
      readonly staggerMs: number
      readonly disk: DiskFate
    }
  | {
      readonly type: 'partition'
      readonly atMs: number
      readonly forMs: number
      /** Cut off from all other places. */
      readonly side: readonly number[]
      /** Only what `side` sends is lost, and the connections look well. */
      readonly isOneWay: boolean
    }
  | {
      /** Payload does not reach the place; headers, votes and certificates do. */
      readonly type: 'starve'
      readonly atMs: number
      readonly forMs: number
      readonly place: number
    }
  | {
      readonly type: 'link-flap'
      readonly atMs: number
      readonly forMs: number
      readonly between: readonly [number, number]
    }

/** Everything is as before from this time on. */
export function endOf(fault: Fault): number {
  return fault.type === 'crash'
    ? fault.atMs + fault.downMs + fault.staggerMs * (fault.places.length - 1)
    : fault.atMs + fault.forMs
}

/** Puts the faults on the world's calendar. */
export function planFaults<T extends ProtocolTypes>(
  world: World<T>,
  faults: readonly Fault[]
): void {
  for (const [number, fault] of faults.entries()) planFault(world, fault, `fault-${number}`)
}

function planFault<T extends ProtocolTypes>(world: World<T>, fault: Fault, reason: string): void {
  const at = (ms: number, run: () => void) => world.queue.schedule(startOfTimeMs + ms, run)
  const end = endOf(fault)
  switch (fault.type) {
    case 'crash':
      planCrash(world, fault, at)
      break
    case 'partition': {
      const pairs = pairsAcross(fault.side, world.places)
      const { network } = world
      at(fault.atMs, () => {
        for (const [a, b] of pairs) {
          if (fault.isOneWay) network.mute(a, b, reason)
          else network.block(a, b, reason)
        }
      })
      at(end, () => {
        for (const [a, b] of pairs) {
          if (fault.isOneWay) network.unmute(a, b, reason)
          else network.unblock(a, b, reason)
        }
      })
      break
    }
    case 'starve': {
      at(fault.atMs, () => world.network.starve(fault.place, true))
      at(end, () => world.network.starve(fault.place, false))
      break
    }
    case 'link-flap': {
      const [a, b] = fault.between
      at(fault.atMs, () => world.network.block(a, b, reason))
      at(end, () => world.network.unblock(a, b, reason))
    }
  }
}

function planCrash<T extends ProtocolTypes>(
  world: World<T>,
  fault: Extract<Fault, { type: 'crash' }>,
  at: (ms: number, run: () => void) => void
): void {
  const { disk, places, loss } = fault
  const copies = new Map<number, DiskImage>()
  if (disk.type === 'copy') {
    assert(disk.takenAtMs < fault.atMs, 'a copy is taken before the crash')
    at(disk.takenAtMs, () => {
      for (const place of places) copies.set(place, world.disk(place).image())
    })
  }
  at(fault.atMs, () => {
    for (const place of places) {
      world.crash(place, loss)
      if (disk.type !== 'own') world.replaceDisk(place, copies.get(place))
    }
  })
  for (const [order, place] of places.entries()) {
    at(fault.atMs + fault.downMs + order * fault.staggerMs, () => world.start(place))
  }
}

function pairsAcross(side: readonly number[], places: number): [number, number][] {
  const others = Array.from({ length: places }, (_, place) => place).filter(p => !side.includes(p))
  return side.flatMap(a => others.map((b): [number, number] => [a, b]))
}

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
