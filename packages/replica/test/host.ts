import type { PeerId } from '@novacron/base'
import {
  Bullshark,
  type BullsharkMessage,
  type BullsharkOptions,
  bullsharkCodec,
  type MessageCodec,
  type Orderer
} from '@novacron/consensus'
import {
  type OrdererNeeds,
  Replica,
  type ReplicaEffect,
  type ReplicaSettings
} from '../src/index.ts'
import { domain, four, hash, only, peerAt, replicaOf, signerOf } from './fixtures.ts'
import { MemoryStore } from './memory-store.ts'

export interface Protocol<Order> {
  readonly makeOrderer: (needs: OrdererNeeds) => Orderer<Order>
  readonly codec: MessageCodec<Order>
}

export function bullshark(options: Partial<BullsharkOptions> = {}): Protocol<BullsharkMessage> {
  return {
    makeOrderer: needs => new Bullshark(options, needs),
    codec: bullsharkCodec(domain, hash)
  }
}

/** A replica, its store, and everything that it has asked for. */
export class Host<Order> {
  readonly peer: PeerId
  readonly store: MemoryStore
  readonly settings: ReplicaSettings
  readonly replica: Replica<Order>
  readonly effects: ReplicaEffect[] = []
  signatures = 0

  constructor(
    seat: number,
    protocol: Protocol<Order>,
    settings: ReplicaSettings = {},
    store: MemoryStore = new MemoryStore()
  ) {
    const sign = signerOf(seat)
    this.peer = peerAt(seat)
    this.store = store
    this.settings = settings
    this.replica = new Replica(settings, {
      committee: four,
      domain,
      self: four.has(seat) ? replicaOf(seat) : undefined,
      hash,
      sign: message => {
        this.signatures++
        return sign(message)
      },
      batches: store,
      members: [],
      wasSignedLogPresent: true,
      makeOrderer: protocol.makeOrderer
    })
  }

  get executed(): Extract<ReplicaEffect, { type: 'executed' }>[] {
    return only(this.effects, 'executed')
  }

  /** State and session root after what has been executed. */
  get roots(): string {
    const { stateRoot, sessionRoot } = this.replica.executor.roots()
    return `${stateRoot}/${sessionRoot}`
  }
}
