import { AssertionError, assert } from '@novacron/base'
import type { DiskImage } from '../disk/disk.ts'
import type { ProtocolTypes } from '../machine.ts'
import { startOfTimeMs, type World } from '../world.ts'
import { endOf, type Fault } from './fault.ts'

/** Puts the faults on the world's calendar. */
export function planFaults<T extends ProtocolTypes>(
  world: World<T>,
  faults: readonly Fault[]
): void {
  for (const [number, fault] of faults.entries()) planFault(world, fault, `fault-${number}`)
}

type At = (ms: number, run: () => void) => void

/** What a fault does at its beginning, and what it undoes at its end. */
interface Course {
  begin(): void
  end?(): void
}

function planFault<T extends ProtocolTypes>(world: World<T>, fault: Fault, reason: string): void {
  const at: At = (ms, run) => world.queue.schedule(startOfTimeMs + ms, run)
  if (fault.type === 'crash') return planCrash(world, fault, at)
  const course = networkCourse(world, fault, reason) ?? placeCourse(world, fault)
  at(fault.atMs, () => course.begin())
  if (course.end !== undefined) at(endOf(fault), () => course.end?.())
}

function networkCourse<T extends ProtocolTypes>(
  { network, places }: World<T>,
  fault: Fault,
  reason: string
): Course | undefined {
  switch (fault.type) {
    case 'partition': {
      const pairs = pairsAcross(fault.side, places)
      return fault.isOneWay ? muted(network, pairs, reason) : blocked(network, pairs, reason)
    }
    case 'cut':
      return blocked(network, fault.pairs, reason)
    case 'link-flap':
      return blocked(network, [fault.between], reason)
    case 'half-open': {
      const [a, b] = fault.between
      const both = [
        [a, b],
        [b, a]
      ] as const
      return muted(network, both, reason)
    }
    case 'starve':
      return {
        begin: () => network.starve(fault.place, true),
        end: () => network.starve(fault.place, false)
      }
    case 'slow-reader':
      return { begin: () => network.stall(fault.place, network.now + fault.forMs) }
    case 'burst-loss':
      return {
        begin: () => network.burst({ percent: fault.percent, meanMs: fault.burstMs }),
        end: () => network.burst(undefined)
      }
    case 'corruption':
      return { begin: () => network.corrupt(fault.percent), end: () => network.corrupt(0) }
    default:
      return undefined
  }
}

function placeCourse<T extends ProtocolTypes>(world: World<T>, fault: Fault): Course {
  switch (fault.type) {
    case 'pause':
      return {
        begin: () => world.node(fault.place).pause(),
        end: () => world.resume(fault.place)
      }
    case 'clock-drift':
      return { begin: () => world.node(fault.place).clock.drift(fault.perMillion) }
    case 'clock-jump':
      return { begin: () => world.node(fault.place).clock.set(fault.byMs) }
    case 'slow-fsync':
      return {
        begin: () => world.node(fault.place).slowSync(fault.byMs),
        end: () => world.node(fault.place).slowSync(0)
      }
    case 'disk-full':
      return {
        begin: () => world.node(fault.place).fillDisk(true),
        end: () => world.node(fault.place).fillDisk(false)
      }
    case 'damaged-batches':
      return { begin: () => world.disk(fault.place).dropNewestBatches(fault.count) }
    case 'bit-flip':
    case 'misdirected-write':
      return { begin: () => world.disk(fault.place).damage(fault.type, fault.device, fault.count) }
    case 'disk-error':
      return {
        begin: () => world.node(fault.place).failDisk(fault.operation),
        end() {
          world.node(fault.place).failDisk(undefined)
          world.start(fault.place)
        }
      }
    default:
      throw new AssertionError(`no course for ${fault.type}`)
  }
}

type Pairs = readonly (readonly [number, number])[]

interface Links {
  block(a: number, b: number, reason: string): void
  unblock(a: number, b: number, reason: string): void
  mute(from: number, to: number, reason: string): void
  unmute(from: number, to: number, reason: string): void
}

function blocked(network: Links, pairs: Pairs, reason: string): Course {
  return {
    begin() {
      for (const [a, b] of pairs) network.block(a, b, reason)
    },
    end() {
      for (const [a, b] of pairs) network.unblock(a, b, reason)
    }
  }
}

function muted(network: Links, pairs: Pairs, reason: string): Course {
  return {
    begin() {
      for (const [a, b] of pairs) network.mute(a, b, reason)
    },
    end() {
      for (const [a, b] of pairs) network.unmute(a, b, reason)
    }
  }
}

function planCrash<T extends ProtocolTypes>(
  world: World<T>,
  fault: Extract<Fault, { type: 'crash' }>,
  at: At
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
