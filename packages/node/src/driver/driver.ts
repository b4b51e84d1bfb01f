import {
  Fault,
  type Millis,
  type PeerId,
  type StreamClass,
  toVerified,
  unreachable,
  type Verdict
} from '@novacron/base'
import type { MessageCodec, Read, Row, SignatureCheck } from '@novacron/consensus'
import {
  decodeGossip,
  encodeGossip,
  type GossipMessage,
  type ReplicaEffect,
  type ReplicaEvent,
  type ReplicaMessage
} from '@novacron/replica'
import type { GossipTopic } from '@novacron/transport'
import type { Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import { isDiskFull, unlessDiskFull } from './disk-full.ts'
import type { ObserverBudget } from './observer-budget.ts'
import { defaultOutboxOptions, Outbox, type OutboxKind } from './outbox.ts'
import type { SignatureChecker } from './signatures.ts'
import type { SpilledBatches } from './spilled-batches.ts'
import { Timers } from './timers.ts'

/** The machine as the driver sees it; `Replica` is one. */
export interface DrivenMachine {
  step(event: ReplicaEvent, now: Millis): readonly ReplicaEffect[]
  screen(from: PeerId, message: ReplicaMessage): Verdict
  signaturesOf(message: ReplicaMessage): readonly SignatureCheck[]
  screenGossip(message: GossipMessage): Verdict
  gossipSignaturesOf(message: GossipMessage): readonly SignatureCheck[]
}

/** What the driver sends through; a mesh, or a test's wire. */
export interface Wire {
  send(to: PeerId, streamClass: StreamClass, frame: Uint8Array): boolean
  publish(topic: GossipTopic, message: Uint8Array): void
  penalize(peer: PeerId, code: string): void
}

export type Executed = Extract<ReplicaEffect, { type: 'executed' }>
export type Noted = Extract<ReplicaEffect, { type: 'note' }>

export interface DriverListener {
  onExecuted(executed: Executed): void
  onNote(note: Noted): void
  onCount(name: string, by: number): void
  /** At the end of the epoch, or for a reason that nobody can mend from here. */
  onStopped(index: number, reason?: string): void
  /** A broken invariant or a failed store: the node must stop. */
  onFailure(error: unknown): void
}

export interface DriverNeeds {
  readonly machine: DrivenMachine
  readonly codec: MessageCodec<ReplicaMessage>
  readonly store: Store
  readonly batches: SpilledBatches
  readonly wire: Wire
  readonly clock: Clock
  readonly signatures: SignatureChecker
  /** Everyone that a broadcast goes to: the committee without this node. */
  readonly others: readonly PeerId[]
  readonly listener: DriverListener
  /** What answers to anybody else may cost. */
  readonly observers: ObserverBudget
}

/** While the disk is full the store is asked again this often. */
const diskRetryMs = 1_000

/**
 * Runs a machine by the driver's law (base, machine.ts): one event at a time, effects in order, and nothing leaves before
 * what was to be durable is on disk.
 */
export class Driver implements AsyncDisposable {
  readonly #needs: DriverNeeds
  readonly #outbox: Outbox
  readonly #timers: Timers
  readonly #queue: ReplicaEvent[] = []
  readonly #pending = new Set<Promise<void>>()
  /** What may go on once the disk has room again and everything queued is on it. */
  readonly #onceWritten: (() => void)[] = []
  #isStepping = false
  #isClosed = false
  #diskRetry: NodeJS.Timeout | undefined

  constructor(needs: DriverNeeds) {
    this.#needs = needs
    this.#outbox = new Outbox(defaultOutboxOptions, kind => this.#onDropped(kind))
    this.#timers = new Timers(needs.clock, timer => this.post({ type: 'timer-fired', timer }))
  }

  /** Sends that wait for the disk. */
  get outboxLength(): number {
    return this.#outbox.length
  }

  /** Memory of what waits for the disk. */
  get outboxBytes(): number {
    return this.#outbox.bytes
  }

  /** Gives the machine an event; effects are performed before this returns, unless a step is under way. */
  post(event: ReplicaEvent): void {
    if (this.#isClosed) return
    this.#queue.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const effects = this.#needs.machine.step(next, this.#needs.clock())
        for (const effect of effects) this.#perform(effect)
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isStepping = false
    }
  }

  /**
   * One frame from a peer: decoded, screened, checked, then given to the machine. While the disk is full nothing is taken in:
   * the machine would store what the store cannot write. Catch-up brings it once there is room.
   */
  receive(from: PeerId, frame: Uint8Array): void | Promise<void> {
    if (this.#isClosed) return
    if (this.#isDiskFull) return this.#onUntaken()
    const { machine, codec, signatures, observers, listener, clock } = this.#needs
    if (!observers.admits(from, clock())) return listener.onCount('observer_refused', 1)
    const message = this.#decode(from, () => codec.decode(frame))
    if (message === undefined) return
    const verdict = machine.screen(from, message)
    if (verdict.type !== 'accept') return this.#onRefused(from, verdict)
    const deliver = (holds: boolean) => {
      if (!holds) return this.#onRefused(from, badSignature)
      if (this.#isDiskFull) return this.#onUntaken()
      this.post({ type: 'received', from, message: toVerified(message) })
    }
    const checked = signatures.checkAll(machine.signaturesOf(message))
    return typeof checked === 'boolean' ? deliver(checked) : checked.then(deliver)
  }

  /** One gossip message; the answer decides whether it is passed on, which a full disk does not hinder. */
  receiveGossip(
    from: PeerId,
    topic: GossipTopic,
    bytes: Uint8Array
  ): 'accept' | 'ignore' | 'reject' {
    if (this.#isClosed) return 'ignore'
    const { machine, signatures } = this.#needs
    try {
      const message = decodeGossip(topic, bytes)
      const verdict = machine.screenGossip(message)
      if (verdict.type !== 'accept') return verdict.type
      if (!signatures.checkAllNow(machine.gossipSignaturesOf(message))) return 'reject'
      if (this.#isDiskFull) this.#onUntaken()
      else this.post({ type: 'gossiped', from, message: toVerified(message) })
      return 'accept'
    } catch (error) {
      if (error instanceof Fault) return 'reject'
      throw error
    }
  }

  /** The store filled up: the machine is told, and the store is asked until there is room. */
  onDiskFull(): void {
    if (this.#diskRetry !== undefined || this.#isClosed) return
    this.post({ type: 'disk', state: 'full' })
    this.#diskRetry = setInterval(() => this.#track(this.#retryDisk()), diskRetryMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#timers[Symbol.dispose]()
    clearInterval(this.#diskRetry)
    await Promise.allSettled(this.#pending)
  }

  get #isDiskFull(): boolean {
    return this.#diskRetry !== undefined
  }

  #perform(effect: ReplicaEffect): void {
    const { store, batches, listener } = this.#needs
    switch (effect.type) {
      case 'persist':
        store.write(effect.writes)
        if (effect.durable) this.#flush()
        return
      case 'store-batch':
        if (!batches.append(effect.batch.digest, effect.batch.bytes)) this.onDiskFull()
        return
      case 'drop-batches':
        return this.#outbox.add(() => batches.drop(effect.digests))
      case 'read':
        return this.#track(this.#read(effect))
      case 'send':
      case 'broadcast':
      case 'publish':
        return this.#send(effect)
      case 'executed':
        return this.#outbox.add(() => listener.onExecuted(effect))
      case 'set-timer':
        return this.#timers.set(effect.timer, effect.at)
      case 'cancel-timer':
        return this.#timers.cancel(effect.timer)
      case 'count':
        return listener.onCount(effect.name, effect.by)
      case 'note':
        return listener.onNote(effect)
      case 'penalize':
        return this.#needs.wire.penalize(effect.peer, effect.code)
      case 'stopped':
        return listener.onStopped(effect.index, effect.reason)
      default:
        return unreachable(effect)
    }
  }

  /** Answers and requests are not even made while the disk is full: they could not leave, and are asked for again. */
  #send(effect: Extract<ReplicaEffect, { type: 'send' | 'broadcast' | 'publish' }>): void {
    const { wire, codec } = this.#needs
    const kind = effect.type !== 'publish' && effect.class === 'order' ? 'message' : 'answer'
    if (this.#isDiskFull && kind === 'answer') return this.#onDropped(kind)
    if (effect.type === 'publish') {
      const bytes = encodeGossip(effect.message)
      const { topic } = effect.message
      return this.#outbox.add(() => wire.publish(topic, bytes), kind, bytes.length)
    }
    const frame = codec.encode(effect.message)
    if (effect.type === 'send') {
      const { layer } = effect.message
      this.#needs.observers.onAnswer(effect.to, layer, frame.length, this.#needs.clock())
    }
    const leave =
      effect.type === 'send'
        ? () => wire.send(effect.to, effect.class, frame)
        : () => this.#broadcast(effect.class, frame)
    // Payload promises nothing, and votes wait for it elsewhere.
    if (effect.class === 'bulk') leave()
    else this.#outbox.add(leave, kind, frame.length)
  }

  #flush(): void {
    const onDurable = this.#outbox.expectFlush()
    this.#track(
      this.#needs.store.flush().then(onDurable, error => this.#onFlushFailed(error, onDurable))
    )
  }

  /** A full disk keeps what is queued: the promise leaves once a later retry has written it. */
  #onFlushFailed(error: unknown, onDurable: () => void): void {
    if (isDiskFull(error)) {
      this.#onceWritten.push(onDurable)
      this.onDiskFull()
    } else {
      this.#fail(error)
    }
  }

  async #retryDisk(): Promise<void> {
    const { store, batches } = this.#needs
    // A header on disk whose batch is not would be asked of others after a restart, and nobody has it.
    if (!(await store.retry(() => batches.unspill())) || this.#isClosed) return
    clearInterval(this.#diskRetry)
    this.#diskRetry = undefined
    for (const onWritten of this.#onceWritten.splice(0)) onWritten()
    this.post({ type: 'disk', state: 'ok' })
  }

  async #read(read: Read): Promise<void> {
    const { token, keys, range } = read
    const { store } = this.#needs
    if (!(await unlessDiskFull(store.settle()))) {
      // What was written before cannot be read while the disk is full: the answer waits for it.
      this.#onceWritten.push(() => this.#track(this.#read(read)))
      return this.onDiskFull()
    }
    const rows: Row[] = []
    for (const { table, key } of keys ?? []) {
      rows.push({ table, key, value: await store.get(table, key) })
    }
    if (range !== undefined) {
      const { table, ...bounds } = range
      for await (const [key, value] of store.range(table, bounds)) rows.push({ table, key, value })
    }
    this.post({ type: 'read-done', token, rows })
  }

  #broadcast(streamClass: StreamClass, frame: Uint8Array): void {
    for (const peer of this.#needs.others) this.#needs.wire.send(peer, streamClass, frame)
  }

  #decode<T>(from: PeerId, decode: () => T): T | undefined {
    try {
      return decode()
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.#onRefused(from, { type: 'reject', fault: { code: 'undecodable' } })
      return undefined
    }
  }

  #onUntaken(): void {
    this.#needs.listener.onCount('message_dropped_disk_full', 1)
  }

  #onDropped(kind: OutboxKind): void {
    this.#needs.listener.onCount(`${kind}_dropped`, 1)
  }

  #onRefused(from: PeerId, verdict: Exclude<Verdict, { type: 'accept' }>): void {
    this.#needs.listener.onCount(`message_${verdict.type === 'reject' ? 'rejected' : 'ignored'}`, 1)
    if (verdict.type === 'reject') this.#needs.wire.penalize(from, verdict.fault.code)
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timers[Symbol.dispose]()
    this.#needs.listener.onFailure(error)
  }
}

const badSignature = { type: 'reject', fault: { code: 'bad-signature' } } as const
