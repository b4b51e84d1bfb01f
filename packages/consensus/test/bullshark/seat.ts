import type { CommitIndex, Epoch, PeerId } from '@novacron/base'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import {
  type BatchReference,
  Bullshark,
  type BullsharkMessage,
  type BullsharkNeeds,
  type BullsharkOptions,
  type CommittedSubDag,
  type OrdererInput
} from '../../src/index.ts'
import {
  at,
  domain,
  four,
  hash,
  isSigned,
  peerAt,
  replica,
  signerOf,
  verified
} from '../fixtures.ts'
import { TableStore } from './table-store.ts'

export interface SeatSettings {
  readonly options?: Partial<BullsharkOptions>
  readonly needs?: Partial<BullsharkNeeds>
  readonly store?: TableStore
  /** Does it execute what is delivered at once? */
  readonly executes?: boolean
}

/** One machine with its store in memory: reads are answered at once, and so are requests for payload. */
export class Seat {
  readonly machine: Bullshark
  readonly store: TableStore
  readonly delivered: CommittedSubDag[] = []
  /** What the next request for payload is given. */
  payload: BatchReference[] = []
  now = 1_000
  readonly #executes: boolean
  readonly #self: number | undefined

  constructor(self: number | 'observer', settings: SeatSettings = {}) {
    const { options = {}, needs = {}, store = new TableStore(), executes = true } = settings
    this.store = store
    this.#executes = executes
    this.#self = self === 'observer' ? undefined : self
    this.machine = new Bullshark(options, {
      committee: four,
      domain,
      hash,
      self: this.#self === undefined ? undefined : replica(this.#self),
      sign: signerOf(this.#self ?? 0),
      hasBatch: () => true,
      sizeOfBatch: () => undefined,
      wasSignedLogPresent: true,
      ...needs
    })
  }

  /** One event, and all that the driver answers at once; the effects of all of it in order. */
  step(input: OrdererInput<BullsharkMessage>, epoch: Epoch = domain.epoch): BullsharkEffect[] {
    const all: BullsharkEffect[] = []
    const events: OrdererInput<BullsharkMessage>[] = [input]
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      const effects = this.machine.step({ epoch, ...next }, at(this.now))
      all.push(...effects)
      for (const effect of effects) events.push(...this.#perform(effect))
    }
    return all
  }

  /** Takes a message as a driver does: screened first, then with every signature checked. */
  receive(from: number | PeerId, message: BullsharkMessage): BullsharkEffect[] {
    const peer = typeof from === 'number' ? peerAt(from) : from
    if (this.machine.screen(peer, message).type !== 'accept') return []
    if (!this.machine.signaturesOf(message).every(isSigned)) return []
    return this.step({ type: 'received', from: peer, message: verified(message) })
  }

  connect(...indexes: readonly number[]): this {
    for (const index of indexes) this.step({ type: 'peer-connected', peer: peerAt(index) })
    return this
  }

  fire(timer: string, afterMs = 1_000): BullsharkEffect[] {
    this.now += afterMs
    return this.step({ type: 'timer-fired', timer })
  }

  get lastIndex(): CommitIndex {
    return this.machine.status().lastIndex
  }

  #perform(effect: BullsharkEffect): OrdererInput<BullsharkMessage>[] {
    switch (effect.type) {
      case 'persist':
        this.store.perform(effect.writes)
        return []
      case 'read':
        return [{ type: 'read-done', token: effect.token, rows: this.store.read(effect) }]
      case 'request-payload':
        return [
          {
            type: 'payload-offered',
            batches: this.payload.splice(0, effect.batchesMax)
          }
        ]
      case 'deliver':
        this.delivered.push(effect.subDag)
        return this.#executes ? [{ type: 'executed', index: effect.subDag.index }] : []
      default:
        return []
    }
  }
}

export interface Sent {
  /** Undefined for everyone. */
  readonly to: PeerId | undefined
  readonly message: BullsharkMessage
}

/** The messages that effects send. */
export function sentIn(effects: readonly BullsharkEffect[]): Sent[] {
  const sent: Sent[] = []
  for (const effect of effects) {
    if (effect.type === 'send') sent.push({ to: effect.to, message: effect.message })
    if (effect.type === 'broadcast') sent.push({ to: undefined, message: effect.message })
  }
  return sent
}

/** Those of one type. */
export function messagesIn<T extends BullsharkMessage['type']>(
  effects: readonly BullsharkEffect[],
  type: T
): Extract<BullsharkMessage, { type: T }>[] {
  return sentIn(effects).flatMap(({ message }) =>
    message.type === type ? [message as Extract<BullsharkMessage, { type: T }>] : []
  )
}
