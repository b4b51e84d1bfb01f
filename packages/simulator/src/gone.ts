import { assert } from '@novacron/base'
import type { TailLoss } from './disk/disk.ts'
import type { ProtocolTypes } from './machine.ts'
import { startOfTimeMs, type World } from './world.ts'

/** How a place is lost to the others, by one name each. */
export const departures = {
  crashed: 'stops, and is never started again',
  'cut-off': 'goes on by itself: nobody hears it, and it hears nobody',
  unheard: 'hears the others, and nothing of what it sends arrives',
  stopped: 'its process is stopped (SIGSTOP), connections look well'
} as const

export type Departure = keyof typeof departures

export const departureNames = Object.keys(departures) as readonly Departure[]

/** A place that is broken from some time on, and that nothing heals. */
export interface Gone {
  readonly place: number
  readonly atMs: number
  /** What becomes of unsynced writes if it crashes. */
  readonly loss: TailLoss
  /** `crashed` when left out. */
  readonly how?: Departure
}

/** Puts the departures on the world's calendar. */
export function planGone<T extends ProtocolTypes>(world: World<T>, gone: readonly Gone[]): void {
  for (const each of gone) {
    world.queue.schedule(startOfTimeMs + each.atMs, () => depart(world, each))
  }
}

function depart<T extends ProtocolTypes>(
  world: World<T>,
  { place, loss, how = 'crashed' }: Gone
): void {
  // Whatever else stops it, it stays down.
  world.bury(place)
  const { network } = world
  const others = Array.from({ length: world.places }, (_, other) => other).filter(
    other => other !== place
  )
  switch (how) {
    case 'crashed':
      return world.crash(place, loss)
    case 'cut-off':
      for (const other of others) network.block(place, other, 'gone')
      return
    case 'unheard':
      for (const other of others) network.mute(place, other, 'gone')
      return
    case 'stopped':
      return world.node(place).pause()
    default:
      assert(false, `departure: ${how satisfies never}`)
  }
}
