import { assert, type Prng, type StreamClass, streamClasses } from '@novacron/base'
import type { EventQueue } from '../event-queue.ts'
import { checkDelay, type Delay, drawDelay } from './delay.ts'
import { Bandwidth, type BandwidthOptions, type BurstLoss, Bursts } from './shaping.ts'

/** One direction between two places that has a delay of its own. */
export interface LinkDelay {
  readonly from: number
  readonly to: number
  readonly delay: Delay
}

/** How messages travel. */
export interface NetworkOptions extends BandwidthOptions {
  /** One way, drawn for each message. */
  readonly delay: Delay
  /** From place to place, added to each drawn delay; nothing for pairs that are not in it. */
  readonly distancesMs: readonly (readonly number[])[]
  /** Directions that are slower, or faster, than the others. */
  readonly linkDelays: readonly LinkDelay[]
  /** Batches are large: each takes so much longer than what orders it. */
  readonly bulkLagMs: number
  /** From two reachable processes to their `peer-connected`. */
  readonly connectDelay: Delay
  /** Of single messages. A real stream loses none but those in flight when it breaks. */
  readonly lossPercent: number
  readonly duplicatePercent: number
  /** One stream per (sender, receiver, class) keeps its order, as in the mesh; otherwise every delay is on its own. */
  readonly isFifo: boolean
  /** Messages under way at once; beyond it they are lost and counted. */
  readonly inFlightMax: number
}

export const defaultNetworkOptions: NetworkOptions = {
  delay: { type: 'uniform', fromMs: 1, toMs: 10 },
  distancesMs: [],
  linkDelays: [],
  bulkLagMs: 0,
  connectDelay: { type: 'uniform', fromMs: 1, toMs: 30 },
  lossPercent: 0,
  duplicatePercent: 0,
  linkBytesPerSecond: 0,
  nodeBytesPerSecond: 0,
  isFifo: true,
  inFlightMax: 200_000
}

export function checkNetworkOptions(options: NetworkOptions): void {
  checkDelay(options.delay)
  for (const { delay } of options.linkDelays) checkDelay(delay)
  checkDelay(options.connectDelay)
  for (const distance of options.distancesMs.flat()) {
    assert(Number.isFinite(distance) && distance >= 0, `distances are finite and >= 0: ${distance}`)
  }
  for (const percent of [options.lossPercent, options.duplicatePercent]) {
    assert(percent >= 0 && percent <= 100, `0 <= percent <= 100: ${percent}`)
  }
  assert(options.bulkLagMs >= 0, 'bulkLagMs >= 0')
  for (const rate of [options.linkBytesPerSecond, options.nodeBytesPerSecond]) {
    assert(Number.isFinite(rate) && rate >= 0, `bytes per second are finite and >= 0: ${rate}`)
  }
  assert(options.inFlightMax >= 1, 'inFlightMax >= 1')
}

export interface NetworkNeeds<Message> {
  readonly places: number
  readonly queue: EventQueue
  readonly prng: Prng
  readonly onMessage: (to: number, from: number, message: Message, isDamaged: boolean) => void
  /** Length on the wire; asked for only where bandwidth is limited. */
  readonly sizeOf?: (message: Message) => number
  /** The message with some bits flipped, or undefined when nothing can be made of it any more. */
  readonly damaged?: (message: Message) => Message | undefined
  readonly onLink: (at: number, peer: number, isConnected: boolean) => void
}

/** The connection of two places, seen from the one with the lower number. */
interface Link {
  readonly blocks: Set<string>
  isConnected: boolean
  /** Counts breaks: what was under way before one never arrives. */
  incarnation: number
}

/** Carries messages between places that are up and not kept apart; who is connected is told to both ends. */
export class Network<Message> {
  readonly #needs: NetworkNeeds<Message>
  #options: NetworkOptions
  readonly #links = new Map<number, Link>()
  readonly #isUp: boolean[]
  /** (from, to) pairs whose messages vanish without a sign, with the reasons. */
  readonly #mutes = new Map<number, Set<string>>()
  /** By (from, to). */
  readonly #linkDelays = new Map<number, Delay>()
  /** Latest arrival of each (from, to, class) stream. */
  readonly #lastArrival = new Map<number, number>()
  readonly #starved = new Set<number>()
  readonly #bandwidth: Bandwidth
  /** Until when nobody reads at a place. */
  readonly #stalls = new Map<number, number>()
  #bursts: Bursts | undefined
  #corruptPercent = 0
  #inFlight = 0
  #overflows = 0
  #messages = 0

  constructor(options: NetworkOptions, needs: NetworkNeeds<Message>) {
    checkNetworkOptions(options)
    this.#options = options
    this.#needs = needs
    this.#bandwidth = new Bandwidth(options, needs.places)
    this.#isUp = new Array<boolean>(needs.places).fill(false)
    for (const { from, to, delay } of options.linkDelays) {
      if (from >= needs.places || to >= needs.places) continue
      this.#linkDelays.set(from * needs.places + to, delay)
    }
    for (let a = 0; a < needs.places; a++) {
      for (let b = a + 1; b < needs.places; b++) {
        this.#links.set(this.#pair(a, b), { blocks: new Set(), isConnected: false, incarnation: 0 })
      }
    }
  }

  get now(): number {
    return this.#needs.queue.now
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** Delivered, or dropped at a place that is down. */
  get messages(): number {
    return this.#messages
  }

  get overflows(): number {
    return this.#overflows
  }

  /** From now on nothing is lost or doubled, and no link is slower than the others. */
  calm(): void {
    this.#linkDelays.clear()
    this.#options = { ...this.#options, lossPercent: 0, duplicatePercent: 0 }
    this.#bursts = undefined
    this.#corruptPercent = 0
  }

  isConnected(a: number, b: number): boolean {
    return this.#link(a, b).isConnected
  }

  /** The process at `place` listens, or is gone. */
  setUp(place: number, isUp: boolean): void {
    this.#isUp[place] = isUp
    if (!isUp) this.#bandwidth.forget(place)
    for (let other = 0; other < this.#needs.places; other++) {
      if (other !== place) this.#update(place, other)
    }
  }

  /** Keeps two places apart, both ways, until the same reason is lifted. */
  block(a: number, b: number, reason: string): void {
    this.#link(a, b).blocks.add(reason)
    this.#update(a, b)
  }

  unblock(a: number, b: number, reason: string): void {
    this.#link(a, b).blocks.delete(reason)
    this.#update(a, b)
  }

  /** Messages one way vanish while the connection looks well. */
  mute(from: number, to: number, reason: string): void {
    const key = from * this.#needs.places + to
    const reasons = this.#mutes.get(key) ?? new Set<string>()
    this.#mutes.set(key, reasons.add(reason))
  }

  unmute(from: number, to: number, reason: string): void {
    this.#mutes.get(from * this.#needs.places + to)?.delete(reason)
  }

  /** Whether payload reaches a place, sent or pulled. */
  starve(place: number, isStarved: boolean): void {
    if (isStarved) this.#starved.add(place)
    else this.#starved.delete(place)
  }

  /** What arrives at the place waits until then. */
  stall(place: number, until: number): void {
    this.#stalls.set(place, Math.max(until, this.#stalls.get(place) ?? 0))
  }

  /** Loss in bursts from now on, or no longer. */
  burst(loss: BurstLoss | undefined): void {
    this.#bursts = loss === undefined ? undefined : new Bursts(loss, this.#needs.prng.fork())
  }

  /** Share of messages that arrive other than they were sent. */
  corrupt(percent: number): void {
    this.#corruptPercent = percent
  }

  send(from: number, to: number, streamClass: StreamClass, message: Message): void {
    if (this.#starved.size > 0 && streamClass === 'bulk' && this.#starved.has(to)) return
    const { lossPercent, duplicatePercent } = this.#options
    const { prng } = this.#needs
    if (from === to || !this.#link(from, to).isConnected) return
    if (this.#isMuted(from, to)) return
    if (lossPercent > 0 && prng.chance(lossPercent / 100)) return
    if (this.#bursts?.loses(from * this.#needs.places + to, this.now) === true) return
    if (this.#corruptPercent > 0 && prng.chance(this.#corruptPercent / 100)) {
      const damaged = this.#needs.damaged?.(message)
      if (damaged !== undefined) this.#carry(from, to, streamClass, damaged, true)
      return
    }
    this.#carry(from, to, streamClass, message)
    if (duplicatePercent > 0 && prng.chance(duplicatePercent / 100)) {
      this.#carry(from, to, streamClass, message)
    }
  }

  #carry(
    from: number,
    to: number,
    streamClass: StreamClass,
    message: Message,
    isDamaged = false
  ): void {
    const { delay, distancesMs, bulkLagMs, isFifo, inFlightMax } = this.#options
    const { prng, queue, onMessage, places } = this.#needs
    if (this.#inFlight >= inFlightMax) {
      this.#overflows++
      return
    }
    const ownDelay = this.#linkDelays.get(from * places + to) ?? delay
    let delayMs = (distancesMs[from]?.[to] ?? 0) + drawDelay(ownDelay, prng)
    if (streamClass === 'bulk') delayMs += bulkLagMs
    const bandwidth = this.#bandwidth
    const sizeBytes = bandwidth.isLimited ? (this.#needs.sizeOf?.(message) ?? 0) : 0
    const cargo = { sizeBytes, isUrgent: streamClass !== 'bulk' }
    let at = bandwidth.departure(from, to, cargo, this.now) + delayMs
    if (this.#stalls.size > 0) at = Math.max(at, this.#stalls.get(to) ?? 0)
    if (isFifo) {
      const stream =
        (from * places + to) * streamClasses.length + streamClasses.indexOf(streamClass)
      at = Math.max(at, this.#lastArrival.get(stream) ?? 0)
      this.#lastArrival.set(stream, at)
    }
    const link = this.#link(from, to)
    const { incarnation } = link
    this.#inFlight++
    const isLost = () => link.incarnation !== incarnation || this.#isMuted(from, to)
    const end = () => {
      this.#inFlight--
      this.#messages++
      if (!isLost()) onMessage(to, from, message, isDamaged)
    }
    queue.schedule(at, () => {
      // The interface takes in what has arrived: what was sent earlier and is still under way holds nothing up.
      const takenAt = isLost() ? this.now : bandwidth.arrival(to, cargo, this.now)
      if (takenAt > this.now) queue.schedule(takenAt, end)
      else end()
    })
  }

  #update(a: number, b: number): void {
    const link = this.#link(a, b)
    const { queue, prng, onLink } = this.#needs
    const isReachable = this.#isUp[a] === true && this.#isUp[b] === true && link.blocks.size === 0
    if (!isReachable) {
      link.incarnation++
      if (this.#bandwidth.isLimited) this.#forgetStreams(a, b)
      if (!link.isConnected) return
      link.isConnected = false
      for (const [at, peer] of [
        [a, b],
        [b, a]
      ] as const) {
        if (this.#isUp[at] === true) onLink(at, peer, false)
      }
      return
    }
    if (link.isConnected) return
    const incarnation = ++link.incarnation
    queue.schedule(queue.now + drawDelay(this.#options.connectDelay, prng), () => {
      if (link.incarnation !== incarnation || link.isConnected) return
      link.isConnected = true
      onLink(a, b, true)
      onLink(b, a, true)
    })
  }

  /** What waited for its turn on a connection is gone with it: the next one begins with nothing. */
  #forgetStreams(a: number, b: number): void {
    for (const pair of [a * this.#needs.places + b, b * this.#needs.places + a]) {
      for (const index of streamClasses.keys()) {
        this.#lastArrival.delete(pair * streamClasses.length + index)
      }
    }
  }

  #isMuted(from: number, to: number): boolean {
    if (this.#mutes.size === 0) return false
    return (this.#mutes.get(from * this.#needs.places + to)?.size ?? 0) > 0
  }

  #link(a: number, b: number): Link {
    return this.#links.get(this.#pair(a, b)) as Link
  }

  #pair(a: number, b: number): number {
    return a < b ? a * this.#needs.places + b : b * this.#needs.places + a
  }
}
