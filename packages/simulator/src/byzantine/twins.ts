import type { Prng } from '@novacron/base'
import type { EventQueue } from '../event-queue.ts'
import type { Liar, TwinSchedule } from './behaviour.ts'

/** What keeps places apart. */
export interface Separable {
  block(a: number, b: number, reason: string): void
  unblock(a: number, b: number, reason: string): void
}

/** How often the sides change, and after how long. */
const changesMax = 8
const changeMs = 400

interface Pair {
  readonly original: number
  readonly copy: number
  /** Places that see the copy. */
  readonly side: Set<number>
  /** Where the sides are not drawn. */
  readonly schedule: TwinSchedule | undefined
}

/**
 * Twins (Bano et al., OPODIS 2021): a second process with the key of the first and a disk of its own. Each other place sees
 * one of the two, and which one changes: so an equivocator is made of two machines that each do what is right.
 */
export class Twins {
  readonly #pairs: readonly Pair[]
  readonly #singles: number

  constructor(liars: readonly Liar[], singles: number) {
    this.#singles = singles
    this.#pairs = liars
      .filter(({ behaviours }) => behaviours.includes('twins'))
      .map(({ place, twins }, at) => ({
        original: place,
        copy: singles + at,
        side: new Set<number>(),
        schedule: twins
      }))
  }

  /** Second copies. */
  get count(): number {
    return this.#pairs.length
  }

  /** The place whose key is used at `place`. */
  originalOf(place: number): number {
    return place < this.#singles ? place : (this.#pairs[place - this.#singles] as Pair).original
  }

  /** Which of the two `from` talks to when it means `to`. */
  facing(to: number, from: number): number {
    if (this.#pairs.length === 0) return to
    const pair = this.#pairs.find(({ original }) => original === to)
    return pair?.side.has(from) === true ? pair.copy : to
  }

  /** `onDivided` is told each time that a pair's sides are drawn. */
  start(queue: EventQueue, network: Separable, prng: Prng, onDivided: () => void): void {
    for (const pair of this.#pairs) {
      network.block(pair.original, pair.copy, 'twins')
      const { sides, everyMs } = pair.schedule ?? { sides: undefined, everyMs: changeMs }
      for (let change = 0; change < (sides?.length ?? changesMax); change++) {
        queue.schedule(queue.now + change * everyMs, () => {
          const side = sides?.[change]
          this.#divide(pair, network, place => side?.includes(place) ?? prng.chance(0.5))
          onDivided()
        })
      }
    }
  }

  #divide(pair: Pair, network: Separable, seesCopy: (place: number) => boolean): void {
    const { original, copy, side } = pair
    side.clear()
    for (let place = 0; place < this.#singles + this.#pairs.length; place++) {
      if (place === original || place === copy) continue
      if (seesCopy(place)) side.add(place)
      const [seen, unseen] = side.has(place) ? [copy, original] : [original, copy]
      network.unblock(place, seen, 'twins')
      network.block(place, unseen, 'twins')
    }
  }
}
