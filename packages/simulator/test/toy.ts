import { ascii, type Millis } from '@novacron/base'
import type { SignatureCheck } from '@novacron/consensus'
import type {
  Gauge,
  Seat,
  SimulatedMachine,
  SimulatedProtocol,
  WorldEffect,
  WorldEvent
} from '../src/index.ts'

export interface ToyTypes {
  readonly message: string
  readonly gossip: string
  readonly outcome: null
}

export type ToyEvent = WorldEvent<ToyTypes>
export type ToyEffect = WorldEffect<ToyTypes>

export interface Toy {
  step?(event: ToyEvent, place: number, now: Millis): readonly ToyEffect[]
  screen?(message: string): 'accept' | 'ignore' | 'reject'
  checks?(message: string, seat: Seat): readonly SignatureCheck[]
  gauges?(): readonly Gauge[]
  decode?(bytes: Uint8Array): string
  /** Called for every machine that is built. */
  onMake?(seat: Seat): void
}

/** Machines that do what a test says, with texts for messages. */
export function toyProtocol(toy: Toy): SimulatedProtocol<ToyTypes> {
  return {
    codec: {
      encode: message => ascii(message),
      decode: toy.decode ?? (bytes => String.fromCharCode(...bytes))
    },
    make(seat) {
      toy.onMake?.(seat)
      return new ToyMachine(toy, seat)
    },
    describe: message => message,
    isCheckedAlike: () => false,
    signedSlots: () => [],
    transaction: (client, sequence) => new Uint8Array([client, sequence]),
    receipts: () => []
  }
}

class ToyMachine implements SimulatedMachine<ToyTypes> {
  readonly #toy: Toy
  readonly #seat: Seat

  constructor(toy: Toy, seat: Seat) {
    this.#toy = toy
    this.#seat = seat
  }

  step(event: ToyEvent, now: Millis) {
    return this.#toy.step?.(event, Number(this.#seat.peer.slice('node-'.length)) - 1, now) ?? []
  }

  screen(_from: unknown, message: string) {
    const type = this.#toy.screen?.(message) ?? 'accept'
    return type === 'accept' ? { type } : { type, fault: { code: 'toy' } }
  }

  signaturesOf(message: string) {
    return this.#toy.checks?.(message, this.#seat) ?? []
  }

  screenGossip(message: string) {
    return this.screen(undefined, message)
  }

  signaturesOfGossip(message: string) {
    return this.signaturesOf(message)
  }

  admits() {
    return true
  }

  describe() {
    return 'toy'
  }

  lastState() {
    return undefined
  }

  gauges() {
    return this.#toy.gauges?.() ?? []
  }
}
