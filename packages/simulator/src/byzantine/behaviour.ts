import { assert, type Prng } from '@novacron/base'

/** What a liar does, by one name each. */
export const behaviours = {
  equivocate: 'signs two headers for a slot and shows each to one side, to one honest member both',
  twins: 'two copies of one key, each with a side of the committee, which changes now and then',
  withhold: 'sends nothing to some members',
  'withhold-certificates': 'keeps its certificates from some members',
  'invalid-signatures': 'sends some of its headers, votes and certificates with a broken signature',
  forge: 'makes certificates of votes that nobody gave',
  replay: 'sends again what it has heard, in the name of nobody but itself',
  'wrong-epoch': 'signs for another epoch, and for another chain',
  'far-future': 'proposes and votes in rounds that nobody will see',
  'lying-sync': 'answers those who catch up with heads, snapshots and pieces that are not so',
  censor: 'does not hear one member: never votes for it, never includes it',
  flood: 'sends everything many times over, and what was never valid',
  delay: 'sends everything as late as it may',
  drop: 'loses a part of what it should send',
  'vote-for-all': 'votes for every header that it sees, the second for a slot as well'
} as const

export type Behaviour = keyof typeof behaviours

export const behaviourNames = Object.keys(behaviours) as readonly Behaviour[]

export interface TwinSchedule {
  /** Between two changes. */
  readonly everyMs: number
  /** The places that see the second copy, from one change to the next; the last stays. */
  readonly sides: readonly (readonly number[])[]
}

/** A member that lies from beginning to end. */
export interface Liar {
  readonly place: number
  readonly behaviours: readonly Behaviour[]
  /** For `twins`: when which places see the second copy. Left out, it is drawn. */
  readonly twins?: TwinSchedule
}

/** At most a third lie, each in ways of its own. */
export function checkLiars(liars: readonly Liar[], replicas: number): void {
  const places = new Set(liars.map(liar => liar.place))
  assert(places.size === liars.length, 'one list of behaviours for a place')
  assert(
    [...places].every(place => place >= 0 && place < replicas),
    'liars are members'
  )
  for (const { twins } of liars) if (twins !== undefined) checkTwinSchedule(twins)
  assert(3 * liars.length < replicas, `fewer than a third lie: ${liars.length} of ${replicas}`)
}

/** Changes of one schedule, at most. */
export const twinChangesMax = 1_000

/** It may come from a file. */
function checkTwinSchedule(schedule: TwinSchedule | null): void {
  assert(schedule !== null, 'a schedule of twins is an object')
  const { everyMs, sides } = schedule
  assert(Number.isFinite(everyMs) && everyMs > 0, `twins change every so many ms > 0: ${everyMs}`)
  const isList = Array.isArray(sides) && sides.every(side => Array.isArray(side))
  assert(isList && sides.length <= twinChangesMax, `twins have at most ${twinChangesMax} sides`)
}

/** `count` liars with one to three behaviours each. */
export function drawLiars(replicas: number, count: number, prng: Prng): Liar[] {
  const places = prng.shuffle(Array.from({ length: replicas }, (_, place) => place))
  return places.slice(0, count).map(place => ({
    place,
    behaviours: prng.shuffle(behaviourNames).slice(0, 1 + prng.below(3))
  }))
}
