import type { PeerId, Verified } from '@novacron/base'
import type { MessageCodec, SignatureCheck } from '@novacron/consensus'
import {
  decodeGossip,
  encodeGossip,
  type GossipMessage,
  type ReplicaEffect,
  type ReplicaEvent,
  type ReplicaMessage,
  replicaCodec
} from '../src/index.ts'
import { at, four, hash, peerAt, verify } from './fixtures.ts'
import type { Host, Protocol } from './host.ts'

type Filter<Order> = (
  from: PeerId,
  to: PeerId,
  message: ReplicaMessage<Order> | GossipMessage
) => ReplicaMessage<Order> | GossipMessage | undefined

const delayMs = 5
const stepsMax = 500_000

/** Links of one delay in virtual time. Everything crosses them encoded, and is checked as a driver checks it. */
export class Network<Order> {
  readonly hosts = new Map<PeerId, Host<Order>>()
  /** What happens to a message on its way; undefined loses it. */
  filter: Filter<Order> = (_from, _to, message) => message
  now = 1_000
  readonly #codec: MessageCodec<ReplicaMessage<Order>>
  readonly #timers = new Map<string, number>()
  readonly #due: { at: number; order: number; run: () => void }[] = []
  #order = 0

  constructor(protocol: Protocol<Order>) {
    this.#codec = replicaCodec(protocol.codec, hash)
  }

  at(seat: number): Host<Order> {
    return this.hosts.get(peerAt(seat)) as Host<Order>
  }

  start(host: Host<Order>): Host<Order> {
    for (const other of this.hosts.values()) {
      this.give(host, { type: 'peer-connected', peer: other.peer })
      this.give(other, { type: 'peer-connected', peer: host.peer })
    }
    this.hosts.set(host.peer, host)
    this.give(host, { type: 'started' })
    return host
  }

  /** Nothing goes in or out any more. */
  stop(host: Host<Order>): void {
    this.hosts.delete(host.peer)
    for (const other of this.hosts.values()) {
      this.give(other, { type: 'peer-disconnected', peer: host.peer })
    }
  }

  give(host: Host<Order>, event: ReplicaEvent, afterMs = 0): void {
    this.#post(afterMs, () => {
      if (this.hosts.get(host.peer) !== host) return
      for (const effect of host.replica.step(event, at(this.now))) this.#perform(host, effect)
    })
  }

  submit(seat: number, region: Uint8Array): void {
    this.give(this.at(seat), { type: 'submitted', region, count: 1 })
  }

  /** Goes on until `isDone`, at most so long in virtual time; false when the time was over. */
  run(ms: number, isDone: () => boolean = () => false): boolean {
    const end = this.now + ms
    for (let steps = 0; steps < stepsMax && !isDone(); steps++) {
      this.#due.sort((a, b) => a.at - b.at || a.order - b.order)
      const next = this.#due[0]
      if (next === undefined || next.at > end) break
      this.#due.shift()
      this.now = next.at
      next.run()
    }
    if (!isDone()) this.now = end
    return isDone()
  }

  #perform(host: Host<Order>, effect: ReplicaEffect): void {
    host.effects.push(effect)
    const { store } = host
    if (effect.type === 'persist') store.write(effect.writes)
    if (effect.type === 'store-batch') store.batches.set(effect.batch.digest, effect.batch.bytes)
    if (effect.type === 'drop-batches') for (const d of effect.digests) store.batches.delete(d)
    if (effect.type === 'read') {
      this.give(host, { type: 'read-done', token: effect.token, rows: store.rowsOf(effect) }, 1)
    }
    if (effect.type === 'set-timer' || effect.type === 'cancel-timer') this.#onTimer(host, effect)
    if (effect.type === 'send') this.#send(host, effect.to, effect.message)
    if (effect.type === 'broadcast') {
      for (const { peer } of four.members) this.#send(host, peer, effect.message)
    }
    if (effect.type === 'publish') {
      for (const peer of this.hosts.keys()) this.#send(host, peer, effect.message)
    }
  }

  #onTimer(host: Host<Order>, effect: Extract<ReplicaEffect, { readonly timer: string }>): void {
    const name = `${host.peer}/${effect.timer}`
    const order = this.#order
    this.#timers.set(name, order)
    if (effect.type === 'cancel-timer') return
    this.#post(Math.max(0, effect.at - this.now), () => {
      if (this.#timers.get(name) !== order) return
      this.give(host, { type: 'timer-fired', timer: effect.timer })
    })
  }

  #send(from: Host<Order>, to: PeerId, sent: ReplicaMessage | GossipMessage): void {
    if (to === from.peer) return
    const message = this.filter(from.peer, to, sent as ReplicaMessage<Order>)
    if (message === undefined) return
    const isGossip = 'topic' in message
    const frame = isGossip ? encodeGossip(message) : this.#codec.encode(message)
    this.#post(delayMs, () => {
      const host = this.hosts.get(to)
      if (host === undefined) return
      if (isGossip) this.#gossip(host, from.peer, decodeGossip(message.topic, frame))
      else this.#receive(host, from.peer, this.#codec.decode(frame))
    })
  }

  #receive(host: Host<Order>, from: PeerId, message: ReplicaMessage<Order>): void {
    if (host.replica.screen(from, message).type !== 'accept') return
    if (!host.replica.signaturesOf(message).every(isSigned)) return
    this.give(host, { type: 'received', from, message: message as Verified<typeof message> })
  }

  #gossip(host: Host<Order>, from: PeerId, message: GossipMessage): void {
    if (host.replica.screenGossip(message).type !== 'accept') return
    if (!host.replica.gossipSignaturesOf(message).every(isSigned)) return
    this.give(host, { type: 'gossiped', from, message: message as Verified<typeof message> })
  }

  #post(afterMs: number, run: () => void): void {
    this.#due.push({ at: this.now + afterMs, order: this.#order++, run })
  }
}

function isSigned({ publicKey, message, signature }: SignatureCheck): boolean {
  return verify(publicKey, message, signature)
}
