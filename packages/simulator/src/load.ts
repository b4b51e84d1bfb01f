import { assert, type Prng } from '@novacron/base'
import type { ExactlyOnceChecker } from './checkers/exactly-once.ts'
import type { ProtocolTypes, Receipt, SimulatedProtocol } from './machine.ts'
import type { World } from './world.ts'

/** How many clients ask how often, and how patiently. */
export interface LoadOptions {
  readonly clients: number
  /** Between two requests of one client, on average. */
  readonly intervalMs: number
  /** Unanswered requests of one client. */
  readonly outstandingMax: number
  /** A request that is not answered goes to another replica after this, with the same sequence. */
  readonly retryMs: number
}

export const defaultLoadOptions: LoadOptions = {
  clients: 4,
  intervalMs: 60,
  outstandingMax: 16,
  retryMs: 1_500
}

export function checkLoadOptions(options: LoadOptions): void {
  assert(options.clients >= 0, 'clients >= 0')
  assert(options.intervalMs > 0 && options.retryMs > 0, 'intervals > 0')
  assert(options.outstandingMax >= 1, 'outstandingMax >= 1')
}

export interface LoadNeeds<T extends ProtocolTypes> {
  readonly world: World<T>
  readonly protocol: SimulatedProtocol<T>
  readonly prng: Prng
  /** Places that take requests. */
  readonly members: number
  readonly checker: ExactlyOnceChecker
  readonly onAnswered?: ((answer: Answer) => void) | undefined
}

/** A client's request that was answered; opening a session is request 0. */
export interface Answer {
  readonly client: number
  readonly sequence: number
  /** Who answered. */
  readonly place: number
  /** On the virtual clock: the first try, and the answer. */
  readonly firstSentAtMs: number
  readonly answeredAtMs: number
}

interface Request {
  readonly place: number
  readonly firstSentAt: number
  readonly sentAt: number
}

interface Client {
  readonly id: number
  home: number
  nextSequence: number
  session: Uint8Array | undefined
  readonly outstanding: Map<number, Request>
}

/**
 * Clients, each with one session: request 0 opens it, the others follow once that is answered. Whoever hears nothing tries
 * another replica with the same sequence.
 */
export class Load<T extends ProtocolTypes> {
  readonly #options: LoadOptions
  readonly #needs: LoadNeeds<T>
  readonly #clients: readonly Client[]
  /** From the first try of each request to its answer. */
  readonly #latenciesMs: number[] = []
  #isOpen = true

  constructor(options: LoadOptions, needs: LoadNeeds<T>) {
    checkLoadOptions(options)
    this.#options = options
    this.#needs = needs
    this.#clients = Array.from({ length: options.clients }, (_, id) => ({
      id,
      home: needs.prng.below(needs.members),
      nextSequence: 0,
      session: undefined,
      outstanding: new Map<number, Request>()
    }))
  }

  get outstanding(): number {
    return this.#clients.reduce((sum, client) => sum + client.outstanding.size, 0)
  }

  /** Milliseconds within which so many percent of the answered requests were answered; 0 without any. */
  latencyMs(percent: number): number {
    const sorted = [...this.#latenciesMs].sort((a, b) => a - b)
    const rank = Math.ceil((sorted.length * percent) / 100)
    return sorted[Math.max(0, rank - 1)] ?? 0
  }

  start(): void {
    for (const client of this.#clients) this.#scheduleTick(client)
  }

  /** No new requests; open ones are still tried. */
  close(): void {
    this.#isOpen = false
  }

  /** A replica tells those of its clients who asked it. */
  executed(place: number, index: number, receipts: readonly Receipt[]): void {
    for (const { client: id, sequence, session } of receipts) {
      const client = this.#clients[id]
      const request = client?.outstanding.get(sequence)
      if (client === undefined || request?.place !== place) continue
      client.outstanding.delete(sequence)
      const now = this.#needs.world.queue.now
      this.#latenciesMs.push(now - request.firstSentAt)
      this.#needs.onAnswered?.({
        client: id,
        sequence,
        place,
        firstSentAtMs: request.firstSentAt,
        answeredAtMs: now
      })
      if (session === undefined) this.#needs.checker.acknowledged(id, sequence, index)
      else client.session = session
    }
  }

  #scheduleTick(client: Client): void {
    const { world, prng } = this.#needs
    const waitMs = this.#options.intervalMs * (0.5 + prng.fraction())
    world.queue.schedule(world.queue.now + waitMs, () => {
      this.#tick(client)
      this.#scheduleTick(client)
    })
  }

  #tick(client: Client): void {
    const { world, checker } = this.#needs
    const { retryMs, outstandingMax } = this.#options
    const now = world.queue.now
    for (const [sequence, request] of client.outstanding) {
      if (now - request.sentAt < retryMs) continue
      client.home = this.#anotherPlace(client.home)
      this.#send(client, sequence)
    }
    const isWaiting = client.nextSequence > 0 && client.session === undefined
    if (!this.#isOpen || isWaiting || client.outstanding.size >= outstandingMax) return
    const sequence = client.nextSequence++
    checker.submitted(client.id, sequence)
    this.#send(client, sequence)
  }

  #send(client: Client, sequence: number): void {
    const { world, protocol, members } = this.#needs
    const region = protocol.transaction(client.id, sequence, client.session)
    for (let tries = 0; tries < members; tries++) {
      if (world.submit(client.home, region, 1)) break
      client.home = this.#anotherPlace(client.home)
    }
    const sentAt = world.queue.now
    const firstSentAt = client.outstanding.get(sequence)?.firstSentAt ?? sentAt
    client.outstanding.set(sequence, { place: client.home, firstSentAt, sentAt })
  }

  #anotherPlace(place: number): number {
    const { prng, members } = this.#needs
    return members === 1 ? place : (place + 1 + prng.below(members - 1)) % members
  }
}
