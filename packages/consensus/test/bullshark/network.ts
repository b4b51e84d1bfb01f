import type { PeerId } from '@novacron/base'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import type { BullsharkMessage, OrdererInput } from '../../src/index.ts'
import { peerAt } from '../fixtures.ts'
import { Seat, type SeatSettings, sentIn } from './seat.ts'

const delayMs = 5
const stepsMax = 200_000

interface Due {
  readonly at: number
  readonly order: number
  readonly to: number
  readonly run: (seat: Seat) => BullsharkEffect[]
}

/** A few seats and links of one delay, in virtual time: enough to see a protocol go round. */
export class Network {
  readonly seats: Seat[] = []
  now = 1_000
  readonly #away = new Set<number>()
  readonly #timers = new Map<string, number>()
  readonly #due: Due[] = []
  #order = 0

  constructor(count: number, settings: SeatSettings = {}) {
    for (let index = 0; index < count; index++) this.start(index, new Seat(index, settings))
  }

  /** Puts a machine into a seat, connected to all that are there. */
  start(index: number, seat: Seat): Seat {
    this.seats[index] = seat
    this.#away.delete(index)
    for (const other of this.seats.keys()) {
      if (other !== index && !this.#away.has(other)) {
        this.give(index, { type: 'peer-connected', peer: peerAt(other) })
        this.give(other, { type: 'peer-connected', peer: peerAt(index) })
      }
    }
    this.give(index, { type: 'started' })
    return seat
  }

  /** Nothing goes in or out any more. */
  stop(index: number): Seat {
    this.#away.add(index)
    for (const other of this.seats.keys()) {
      if (other !== index) this.give(other, { type: 'peer-disconnected', peer: peerAt(index) })
    }
    return this.seats[index] as Seat
  }

  give(index: number, input: OrdererInput<BullsharkMessage>): void {
    this.#post(0, index, seat => seat.step(input))
  }

  /** Goes on for so long in virtual time. */
  run(ms: number): this {
    const end = this.now + ms
    for (let steps = 0; steps < stepsMax; steps++) {
      this.#due.sort((a, b) => a.at - b.at || a.order - b.order)
      if (this.#due[0] === undefined || this.#due[0].at > end) break
      const { at, to, run } = this.#due.shift() as Due
      this.now = at
      const seat = this.seats[to] as Seat
      if (this.#away.has(to)) continue
      seat.now = at
      this.#perform(to, run(seat))
    }
    this.now = end
    return this
  }

  get digests(): string[][] {
    return this.seats.map(seat => seat.delivered.map(subDag => subDag.digest))
  }

  #perform(from: number, effects: readonly BullsharkEffect[]): void {
    const seat = this.seats[from]
    for (const effect of effects) {
      if (effect.type === 'set-timer') {
        const name = `${from}/${effect.timer}`
        this.#timers.set(name, effect.at)
        this.#post(Math.max(0, effect.at - this.now), from, current => {
          if (this.#timers.get(name) !== effect.at || current !== seat) return []
          return current.step({ type: 'timer-fired', timer: effect.timer })
        })
      }
    }
    for (const { to, message } of sentIn(effects)) {
      for (const [index] of this.seats.entries()) {
        if (index !== from && (to === undefined || to === peerAt(index))) {
          this.#post(delayMs, index, target => target.receive(peerAt(from) as PeerId, message))
        }
      }
    }
  }

  #post(afterMs: number, to: number, run: Due['run']): void {
    this.#due.push({ at: this.now + afterMs, order: this.#order++, to, run })
  }
}
