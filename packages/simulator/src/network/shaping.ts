import type { Prng } from '@novacron/base'

/** How much fits through; bytes per second, 0 for no limit. */
export interface BandwidthOptions {
  /** Of one direction of one link. */
  readonly linkBytesPerSecond: number
  /** Of a place's interface, out and in by itself: who sends to all waits for each copy. */
  readonly nodeBytesPerSecond: number
}

/** What goes through an interface or a link. */
export interface Cargo {
  readonly sizeBytes: number
  /** Passes payload, as votes do on the streams of the mesh. */
  readonly isUrgent: boolean
}

/** Who sends what waits for its turn on the sender's interface, the link, and the receiver's interface. */
export class Bandwidth {
  readonly #options: BandwidthOptions
  readonly #places: number
  readonly #egress = new Map<number, Line>()
  readonly #links = new Map<number, Line>()
  readonly #ingress = new Map<number, Line>()

  constructor(options: BandwidthOptions, places: number) {
    this.#options = options
    this.#places = places
  }

  get isLimited(): boolean {
    return this.#options.linkBytesPerSecond > 0 || this.#options.nodeBytesPerSecond > 0
  }

  /** When the last byte has left for the link. */
  departure(from: number, to: number, cargo: Cargo, now: number): number {
    const { linkBytesPerSecond, nodeBytesPerSecond } = this.#options
    const out = pass(this.#egress, from, cargo, now, nodeBytesPerSecond)
    return pass(this.#links, from * this.#places + to, cargo, out, linkBytesPerSecond)
  }

  /** The process at a place has ended, and what it had not sent yet with it. */
  forget(place: number): void {
    this.#egress.delete(place)
    for (let to = 0; to < this.#places; to++) this.#links.delete(place * this.#places + to)
  }

  /** When the last byte of what arrives at `at` has been taken in. */
  arrival(to: number, cargo: Cargo, at: number): number {
    return pass(this.#ingress, to, cargo, at, this.#options.nodeBytesPerSecond)
  }
}

/** When it is free again: for everything, and for what passes the rest. */
interface Line {
  freeAt: number
  urgentFreeAt: number
}

/** What is urgent waits for what is urgent alone, and everything waits for it. */
function pass(
  lines: Map<number, Line>,
  key: number,
  { sizeBytes, isUrgent }: Cargo,
  now: number,
  bytesPerSecond: number
): number {
  if (bytesPerSecond <= 0) return now
  const line = lines.get(key) ?? { freeAt: 0, urgentFreeAt: 0 }
  lines.set(key, line)
  const ms = (sizeBytes * 1_000) / bytesPerSecond
  line.freeAt = Math.max(now, line.freeAt) + ms
  if (!isUrgent) return line.freeAt
  line.urgentFreeAt = Math.max(now, line.urgentFreeAt) + ms
  return line.urgentFreeAt
}

/** While a direction is bad it loses `percent` of what is sent; good and bad times are exponential around `meanMs`. */
export interface BurstLoss {
  readonly percent: number
  readonly meanMs: number
}

/** Two states for each direction (Gilbert 1960, Elliott 1963), looked up when something is sent. */
export class Bursts {
  readonly #prng: Prng
  readonly #loss: BurstLoss
  readonly #states = new Map<number, { isBad: boolean; until: number }>()

  constructor(loss: BurstLoss, prng: Prng) {
    this.#loss = loss
    this.#prng = prng
  }

  loses(direction: number, now: number): boolean {
    const { percent, meanMs } = this.#loss
    let state = this.#states.get(direction)
    if (state === undefined) {
      state = { isBad: this.#prng.chance(0.5), until: now }
      this.#states.set(direction, state)
    }
    while (state.until <= now) {
      state.isBad = !state.isBad
      state.until += 1 - Math.log(1 - this.#prng.fraction()) * meanMs
    }
    return state.isBad && this.#prng.chance(percent / 100)
  }
}
