import {
  assert,
  type Digest,
  digestOf,
  type Epoch,
  type Hash,
  type PeerId,
  Prng,
  type ReplicaId,
  Writer
} from '@novacron/base'
import {
  type BullsharkOptions,
  type CommittedSubDag,
  Committee,
  type MempoolOptions,
  type SigningDomain
} from '@novacron/consensus'
import type { ReplicaOptions } from '@novacron/replica'
import type { Behaviour, Liar } from './byzantine/behaviour.ts'
import { LyingPlace } from './byzantine/lying-place.ts'
import { Twins } from './byzantine/twins.ts'
import { flipped } from './disk/damage.ts'
import { Disk, type DiskImage, type TailLoss } from './disk/disk.ts'
import { isRefusal, repairMs } from './disk/refusal.ts'
import { EventQueue } from './event-queue.ts'
import { type MakeKeys, SimulatedKeys, type WorldKeys } from './keys.ts'
import type { DriverLaw } from './law.ts'
import type { ProtocolTypes, SimulatedProtocol } from './machine.ts'
import type { Delay } from './network/delay.ts'
import { Network, type NetworkOptions } from './network/network.ts'
import { type Outgoing, type PersistPoint, SimulatedNode } from './node.ts'
import type { Recorder } from './recorder.ts'
import { Trace } from './trace.ts'

/** Where the virtual clock starts: any time but zero, so that nothing takes "never" for "just now". */
export const startOfTimeMs = 1_000

/** Who is there, and what their network, disks and clocks are like. */
export interface WorldOptions {
  readonly seed: number
  /** Members of the committee: places `0..replicas-1`. */
  readonly replicas: number
  /** Places after the members, which follow and sign nothing. */
  readonly observers: number
  readonly network: NetworkOptions
  readonly readDelay: Delay
  readonly flushDelay: Delay
  /** The store syncs payload and database before the promises that rest on them, not beside them. */
  readonly isPromiseLast: boolean
  /** Each clock is ahead by up to this. */
  readonly clockSkewMsMax: number
  readonly codecSamplePercent: number
  readonly law: DriverLaw
  readonly bullshark: Partial<BullsharkOptions>
  readonly mempool: Partial<MempoolOptions>
  readonly replica: Partial<ReplicaOptions>
  /** Members that lie. A twin's second copy has a place after the observers. */
  readonly byzantine: readonly Liar[]
}

/** Kills a node in the middle of one of its persists. */
export interface CrashPoint {
  readonly place: number
  /** Counted over the node's whole life from 1. */
  readonly persist: number
  readonly point: PersistPoint
  readonly loss: TailLoss
  readonly downMs: number
  /** The power fails for everybody at that moment. */
  readonly isForAll: boolean
}

/** Heads, votes on checkpoints and evidence are about so long. */
const gossipBytes = 300

/** Whoever watches: the checkers and the clients. */
export interface Witness<T extends ProtocolTypes> {
  sent(place: number, message: T['message']): void
  published(place: number, message: T['gossip']): void
  /** Some place has it now. */
  arrived?(from: number, to: number, message: T['message']): void
  started(place: number): void
  executed(place: number, subDag: CommittedSubDag, outcome: T['outcome']): void
  rejected(place: number, from: PeerId, code: string): void
  failed(place: number, error: unknown): void
  lied?(place: number, behaviour: Behaviour): void
}

export interface WorldNeeds<T extends ProtocolTypes> {
  readonly hash: Hash
  readonly protocol: SimulatedProtocol<T>
  readonly witness: Witness<T>
  readonly recorder?: Recorder | undefined
  /** Signatures of everybody; `SimulatedKeys` when left out. */
  readonly makeKeys?: MakeKeys | undefined
}

type Parcel<T extends ProtocolTypes> =
  | { readonly isGossip: false; readonly message: T['message'] }
  | { readonly isGossip: true; readonly message: T['gossip'] }

interface Site<T extends ProtocolTypes> {
  readonly peer: PeerId
  readonly self: ReplicaId | undefined
  readonly disk: Disk
  readonly node: SimulatedNode<T>
}

/** Replicas, their disks, clocks and network, all on one virtual clock and one seed. */
export class World<T extends ProtocolTypes> {
  readonly queue: EventQueue = new EventQueue(startOfTimeMs)
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly network: Network<Parcel<T>>
  readonly counts: Map<string, number> = new Map()
  readonly #options: WorldOptions
  readonly #needs: WorldNeeds<T>
  readonly #keys: WorldKeys
  readonly #trace: Trace
  readonly #checked = new WeakSet<object>()
  readonly #sizes = new WeakMap<object, number>()
  readonly #damage: Prng
  readonly #sites: readonly Site<T>[]
  readonly #placeOf = new Map<PeerId, number>()
  readonly #crashPoints: CrashPoint[] = []
  readonly #liars = new Map<number, LyingPlace<T['message'], T['gossip']>>()
  readonly #twins: Twins
  /** Places that never come back. */
  readonly #gone = new Set<number>()

  constructor(options: WorldOptions, needs: WorldNeeds<T>) {
    const { seed, replicas, observers } = options
    assert(replicas >= 1 && observers >= 0, 'at least one replica')
    this.#options = options
    this.#needs = needs
    const isRecorded = needs.recorder !== undefined
    this.#trace = new Trace(
      needs.hash,
      isRecorded ? (what, place, value) => this.#record(what, place, value) : undefined
    )
    const singles = replicas + observers
    this.#twins = new Twins(options.byzantine, singles)
    const places = singles + this.#twins.count
    const makeKeys = needs.makeKeys ?? ((...keys) => new SimulatedKeys(...keys))
    this.#keys = makeKeys(singles, seed, needs.hash)
    const peers = Array.from({ length: singles }, (_, place) => `node-${place + 1}` as PeerId)
    for (const [place, peer] of peers.entries()) this.#placeOf.set(peer, place)
    this.committee = new Committee(
      peers
        .slice(0, replicas)
        .map((peer, place) => ({ peer, publicKey: this.#keys.publicKey(place), weight: 1 }))
    )
    const chain: Digest = digestOf(needs.hash, new Writer(8).u64(seed).finish())
    this.domain = { protocolVersion: 1, chain, epoch: 0 as Epoch }
    const prng = new Prng(seed)
    // Of its own, so that runs without damage stay what they are.
    this.#damage = new Prng(seed + 1)
    this.network = new Network(options.network, {
      places,
      queue: this.queue,
      prng: prng.fork(),
      onMessage: (to, from, parcel, isDamaged) => this.#onParcel(to, from, parcel, isDamaged),
      sizeOf: parcel => this.#sizeOf(parcel),
      damaged: parcel => this.#damaged(parcel),
      onLink: (at, peer, isConnected) => this.#onLink(at, peer, isConnected)
    })
    this.#sites = Array.from({ length: places }, (_, place) => {
      const peer = peers[this.#twins.originalOf(place)] as PeerId
      return this.#makeSite(place, peer, prng)
    })
    this.#letLie(prng)
  }

  /** A member or observer that keeps to the protocol. */
  isHonest(place: number): boolean {
    return !this.#liars.has(this.#twins.originalOf(place))
  }

  get places(): number {
    return this.#sites.length
  }

  node(place: number): SimulatedNode<T> {
    return this.#site(place).node
  }

  disk(place: number): Disk {
    return this.#site(place).disk
  }

  isUp(place: number): boolean {
    return this.node(place).isUp
  }

  get traceHash(): Digest {
    return this.#trace.digest()
  }

  addCrashPoint(point: CrashPoint): void {
    this.#crashPoints.push(point)
  }

  /** Crash points that have not been reached. */
  get crashPointsLeft(): number {
    return this.#crashPoints.length
  }

  start(place: number): void {
    const { node, disk, peer, self } = this.#site(place)
    if (node.isUp || this.#gone.has(place)) return
    const { protocol, hash, witness } = this.#needs
    this.#trace.note('start', place)
    disk.open()
    witness.started(place)
    const machine = protocol.make({
      peer,
      self,
      committee: this.committee,
      domain: this.domain,
      hash,
      sign: this.#keys.signer(this.#twins.originalOf(place)),
      batches: disk.batches,
      wasSignedLogPresent: disk.hasSignedLog,
      bullshark: this.#options.bullshark,
      mempool: this.#options.mempool,
      replica: this.#options.replica
    })
    node.start(machine)
    if (node.isUp) this.network.setUp(place, true)
  }

  /** Power off: the process and what the disk had not synced are gone. */
  crash(place: number, loss: TailLoss): void {
    const { node, disk } = this.#site(place)
    if (!node.isUp) return
    this.#trace.note(`crash-${loss}`, place)
    node.kill()
    disk.crash(loss)
    this.network.setUp(place, false)
  }

  /** From now on no start brings it back. */
  bury(place: number): void {
    this.#gone.add(place)
  }

  /** A process that was stopped goes on, unless it is gone for good. */
  resume(place: number): void {
    if (!this.#gone.has(place)) this.node(place).resume()
  }

  /** Puts an older copy in the place of the data directory, or nothing at all; the node must be down. */
  replaceDisk(place: number, image: DiskImage | undefined): void {
    assert(!this.isUp(place), 'only the disk of a stopped node is replaced')
    if (image === undefined) this.disk(place).wipe()
    else this.disk(place).restore(image)
  }

  submit(place: number, region: Uint8Array, count: number): boolean {
    return this.node(place).submit(region, count)
  }

  /** Runs until virtual time `until`, or until `isDone` says so between two events. */
  run(until: number, isDone: () => boolean = () => false): void {
    while (!isDone() && this.queue.runNext(until)) {
      // Everything happens in the entries themselves.
    }
  }

  #makeSite(place: number, peer: PeerId, prng: Prng): Site<T> {
    const { replicas, clockSkewMsMax, readDelay, flushDelay, codecSamplePercent, law } =
      this.#options
    const { protocol, witness } = this.#needs
    const disk = new Disk(prng.fork(), {
      isPromiseLast: this.#options.isPromiseLast,
      checkBatches: law.checkStoredBatches,
      checkRows: law.checkStoredRows
    })
    const own = prng.fork()
    const node = new SimulatedNode<T>(
      {
        place,
        peer,
        clockSkewMs: Math.floor(own.fraction() * clockSkewMsMax),
        readDelay,
        flushDelay,
        codecSamplePercent,
        law
      },
      {
        queue: this.queue,
        prng: own,
        disk,
        trace: this.#trace,
        protocol,
        verify: check => this.#keys.verify(check),
        checked: this.#checked,
        send: effect => this.#send(place, effect),
        onExecuted: (subDag, outcome) => witness.executed(place, subDag, outcome),
        onRejected: (from, code) => witness.rejected(place, from, code),
        onFailed: error => this.#onFailed(place, error),
        // A write that failed may be lost, although it can be read until then.
        onDiskError: operation => this.crash(place, operation === 'write' ? 'lost' : 'kept'),
        onCount: (name, by) => this.#count(name, by),
        crashesAt: (count, point) => this.#crashesAt(place, count, point)
      }
    )
    const original = this.#twins.originalOf(place)
    return { peer, self: original < replicas ? (original as ReplicaId) : undefined, disk, node }
  }

  /**
   * A node that cannot read what its disk holds says so and ends. Its operator does what the operating guide says: the database
   * goes, the record of signatures stays.
   */
  #onFailed(place: number, error: unknown): void {
    const { disk } = this.#site(place)
    this.crash(place, 'kept')
    if (disk.isDamaged && isRefusal(error)) {
      this.#count('disk_refused')
      disk.discardDatabase()
      this.queue.schedule(this.queue.now + repairMs, () => this.start(place))
    } else this.#needs.witness.failed(place, error)
  }

  placeOf(peer: PeerId): number {
    return this.#placeOf.get(peer) as number
  }

  #letLie(prng: Prng): void {
    const { byzantine } = this.#options
    if (byzantine.length === 0) return
    const { protocol, hash, witness } = this.#needs
    this.#twins.start(this.queue, this.network, prng.fork(), () => this.#count('lie_twins'))
    for (const { place, behaviours } of byzantine) {
      const seat = {
        place,
        self: place as ReplicaId,
        committee: this.committee,
        domain: this.domain,
        hash,
        sign: this.#keys.signer(place),
        prng: prng.fork(),
        isLiar: (other: number) => byzantine.some(one => one.place === other)
      }
      const liar = new LyingPlace<T['message'], T['gossip']>(behaviours, seat, protocol, {
        queue: this.queue,
        isUp: () => this.isUp(place),
        deliver: letter => this.#deliver(place, letter.to, letter.streamClass, letter.message),
        onLie: name => {
          this.#count(`lie_${name}`)
          witness.lied?.(place, name)
        }
      })
      this.#liars.set(place, liar)
    }
  }

  #count(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by)
  }

  #send(from: number, effect: Outgoing<T>): void {
    const { witness } = this.#needs
    const liar = this.#liars.get(from)
    switch (effect.type) {
      case 'send': {
        witness.sent(from, effect.message)
        const to = this.#placeOf.get(effect.to)
        if (to === undefined) break
        this.#recordMessage('sent', `to place ${to}`, from, effect.message)
        this.#post(from, to, effect.class, effect.message)
        break
      }
      case 'broadcast':
        witness.sent(from, effect.message)
        this.#recordMessage('sent', 'to all', from, effect.message)
        for (let to = 0; to < this.#options.replicas; to++) {
          if (to !== from) this.#post(from, to, effect.class, effect.message)
        }
        break
      case 'publish':
        witness.published(from, effect.message)
        for (const message of liar?.published(effect.message) ?? [effect.message]) {
          this.#publish(from, message)
        }
    }
  }

  #publish(from: number, message: T['gossip']): void {
    for (let to = 0; to < this.places; to++) {
      if (to !== from) this.network.send(from, to, 'order', { isGossip: true, message })
    }
  }

  #post(
    from: number,
    to: number,
    streamClass: 'order' | 'sync' | 'bulk',
    message: T['message']
  ): void {
    const liar = this.#liars.get(from)
    if (liar === undefined) this.#deliver(from, to, streamClass, message)
    else liar.outgoing({ to, streamClass, message })
  }

  #deliver(
    from: number,
    to: number,
    streamClass: 'order' | 'sync' | 'bulk',
    message: T['message']
  ): void {
    const place = this.#twins.facing(to, from)
    this.network.send(from, place, streamClass, { isGossip: false, message })
  }

  /** Length on the wire, worked out once for all who get the same message. */
  #sizeOf(parcel: Parcel<T>): number {
    const key = parcel.message as object
    const known = this.#sizes.get(key)
    if (known !== undefined) return known
    const size = parcel.isGossip
      ? gossipBytes
      : this.#needs.protocol.codec.encode(parcel.message).length
    this.#sizes.set(key, size)
    return size
  }

  /**
   * One flipped bit. The encryption of a real link breaks the connection for most of it, so only what is signed gets as far
   * as its signature.
   */
  #damaged(parcel: Parcel<T>): Parcel<T> | undefined {
    const { protocol } = this.#needs
    if (parcel.isGossip || !protocol.isCheckedAlike(parcel.message)) return undefined
    const bytes = flipped(protocol.codec.encode(parcel.message), this.#damage)
    try {
      return { isGossip: false, message: protocol.codec.decode(bytes) }
    } catch {
      return undefined
    }
  }

  #onParcel(to: number, from: number, parcel: Parcel<T>, isDamaged = false): void {
    const { node } = this.#site(to)
    const sender = this.#site(from).peer
    if (parcel.isGossip) {
      node.receiveGossip(sender, parcel.message)
      return
    }
    if (node.isUp) this.#recordMessage('got', `from place ${from}`, to, parcel.message)
    if (this.#liars.get(to)?.hears(this.#twins.originalOf(from), parcel.message) === true) return
    if (!isDamaged) this.#needs.witness.arrived?.(from, to, parcel.message)
    if (isDamaged) node.receiveDamaged(sender, parcel.message)
    else node.receive(sender, parcel.message)
  }

  #recordMessage(what: 'sent' | 'got', peer: string, place: number, message: T['message']): void {
    const { recorder, protocol } = this.#needs
    if (recorder !== undefined) this.#record(`${what} ${protocol.describe(message)} ${peer}`, place)
  }

  /** What was got is told with its kind and sender where it arrives. */
  #record(what: string, place: number, value = 0): void {
    if (what === 'received') return
    this.#needs.recorder?.note({ atMs: this.queue.now - startOfTimeMs, place, what, value })
  }

  #onLink(at: number, peer: number, isConnected: boolean): void {
    const type = isConnected ? 'peer-connected' : 'peer-disconnected'
    const event = { type, peer: this.#site(peer).peer } as const
    // A break may be found in the middle of a step, which must not be entered again.
    if (isConnected) this.node(at).step(event)
    else this.queue.schedule(this.queue.now, () => this.node(at).step(event))
  }

  #crashesAt(place: number, count: number, point: PersistPoint): boolean {
    if (this.#crashPoints.length === 0) return false
    const index = this.#crashPoints.findIndex(
      planned => planned.place === place && planned.persist <= count && planned.point === point
    )
    const hit = this.#crashPoints[index]
    if (hit === undefined) return false
    this.#crashPoints.splice(index, 1)
    const { disk } = this.#site(place)
    if (point === 'flushed' && this.#options.law.syncOnDurable) disk.sync(disk.mark())
    const struck = hit.isForAll ? this.#sites.keys() : [place]
    for (const other of struck) {
      if (!this.isUp(other)) continue
      this.crash(other, hit.loss)
      this.queue.schedule(this.queue.now + hit.downMs, () => this.start(other))
    }
    return true
  }

  #site(place: number): Site<T> {
    return this.#sites[place] as Site<T>
  }
}
