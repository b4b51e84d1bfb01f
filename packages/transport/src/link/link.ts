import type { Connection } from '@libp2p/interface'
import { Fault, type PeerId, type StreamClass, streamClasses, toPeerId } from '@novacron/base'
import type { DirectStreams } from '../direct/direct-server.ts'
import type { BytesByClass, DropReason, Plane } from '../mesh.ts'
import type { ClassLimitsByClass } from '../options.ts'
import { throwOutside } from '../rethrow.ts'
import {
  creditRecord,
  type Hello,
  heartbeatRecord,
  readCredit,
  readHeartbeat
} from '../wire/control.ts'
import { recordFault, type WireRecord } from '../wire/record.ts'
import { Lane, type LaneOwner } from './lane.ts'
import type { RawStream } from './raw-stream.ts'

/** Pings whose answer we still recognise. */
const pingsKeptMax = 8

/**
 * Round trips that are looked back on. The least of them is what the network takes: whoever has just started, or is busy, answers
 * late, and time-outs that rest on that would have everybody wait for a leader that is gone.
 */
const tripsKept = 8
/** A single one may be that of a process that has just started. */
const tripsMin = 2

/** Bounds and heartbeat of one connection. */
export interface LinkOptions {
  /** Random bytes of this start of the process. */
  readonly incarnation: Uint8Array
  readonly limits: ClassLimitsByClass
  readonly granted: ClassLimitsByClass
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number }
  readonly handshakeTimeoutMs: number
}

export type LaneTotal = 'sentBytes' | 'receivedBytes' | 'directSentBytes' | 'directReceivedBytes'

/** Whoever decides about connections; called synchronously. */
export interface LinkOwner {
  /** The peer's first hello: it has these streams open and proposes, or has chosen, this connection. */
  onGreeted(link: Link): void
  onFrame(link: Link, streamClass: StreamClass, frame: Uint8Array): void | Promise<void>
  onDropped(
    link: Link,
    streamClass: StreamClass,
    frames: number,
    bytes: number,
    reason: DropReason
  ): void
  /** The peer broke the protocol; `onClosed` follows. */
  onViolation(link: Link, code: string): void
  onClosed(link: Link, code: string): void
}

/**
 * One connection to one peer: three lanes in strict priority, credit reports and heartbeats.
 *
 * `order` goes before `sync` before `bulk`: a class is served only when those above have nothing that the peer has room
 * for. A class above that merely waits for credit does not hold the others up, since what it waits for may be one of
 * their frames. Credit of all classes is reported on the order stream, where nothing is ahead of it.
 */
export class Link implements LaneOwner {
  readonly connection: Connection
  readonly peer: PeerId
  readonly openedAtMs: number
  readonly #options: LinkOptions
  readonly #owner: LinkOwner
  readonly #lanes: Readonly<Record<StreamClass, Lane>>
  readonly #eachLane: readonly Lane[]
  readonly #pings = new Map<number, number>()
  #peerIncarnation: string | undefined
  #isGranted = false
  #isClosed = false
  #isActive = false
  #movedAtMs: number | undefined
  #flush: NodeJS.Immediate | undefined
  #lastHeardMs: number
  #lastPingMs = Number.NEGATIVE_INFINITY
  #pingId = 0
  /** The last round trips, oldest first. */
  readonly #tripsMs: number[] = []

  constructor(connection: Connection, options: LinkOptions, owner: LinkOwner, nowMs: number) {
    this.connection = connection
    this.peer = toPeerId(connection.remotePeer.toString())
    this.openedAtMs = nowMs
    this.#lastHeardMs = nowMs
    this.#options = options
    this.#owner = owner
    const laneOf = (streamClass: StreamClass): Lane =>
      new Lane(streamClass, options.limits[streamClass], options.granted[streamClass], this)
    this.#lanes = { order: laneOf('order'), sync: laneOf('sync'), bulk: laneOf('bulk') }
    this.#eachLane = streamClasses.map(streamClass => this.#lanes[streamClass])
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** In use for the protocols' frames. */
  get isActive(): boolean {
    return this.#isActive && !this.#isClosed
  }

  get peerIncarnation(): string | undefined {
    return this.#peerIncarnation
  }

  /** The least of the last round trips of heartbeats; undefined until there are two. */
  get rttMs(): number | undefined {
    return this.#tripsMs.length < tripsMin ? undefined : Math.min(...this.#tripsMs)
  }

  get plane(): Plane {
    return this.#movedAtMs === undefined ? 'libp2p' : 'direct'
  }

  /** When it went over to direct sockets; 0 if it has not. */
  get movedAtMs(): number {
    return this.#movedAtMs ?? 0
  }

  /** Nothing was heard for longer than a heartbeat should take. */
  isQuiet(nowMs: number): boolean {
    return nowMs - this.#lastHeardMs > 1.5 * this.#options.heartbeat.intervalMs
  }

  attach(streamClass: StreamClass, stream: RawStream): void {
    const lane = this.#lanes[streamClass]
    if (lane.isAttached || this.#isClosed) {
      stream.abort(new Error(`${streamClass} stream not wanted`))
      return
    }
    lane.attach(stream)
  }

  /** Lets the peer send; proposes this connection, or (at the deciding side) chooses it. */
  grant(): void {
    if (this.#isGranted) return
    this.#isGranted = true
    for (const lane of this.#eachLane) lane.grant(this.#options.incarnation)
    this.onWritable()
  }

  activate(): void {
    this.#isActive = true
    this.grant()
  }

  /** Takes the sockets over; they end with the link. */
  move(streams: DirectStreams): void {
    const eachStream = streamClasses.map(streamClass => streams[streamClass])
    if (!this.isActive || this.plane === 'direct') {
      for (const stream of eachStream) stream.abort()
      return
    }
    this.#movedAtMs = performance.now()
    for (const lane of this.#eachLane) lane.move(streams[lane.streamClass])
    if (eachStream.some(stream => stream.isClosed)) this.close('direct-broken')
  }

  send(streamClass: StreamClass, frame: Uint8Array): DropReason | undefined {
    const refused = this.#lanes[streamClass].offer(frame)
    if (refused === undefined) this.onWritable()
    return refused
  }

  bytesByClass(of: 'queuedBytes' | 'inFlightBytes' | 'pendingBytes'): BytesByClass {
    const { order, sync, bulk } = this.#lanes
    return { order: order[of], sync: sync[of], bulk: bulk[of] }
  }

  totalBytes(of: LaneTotal): number {
    return this.#eachLane.reduce((sum, lane) => sum + lane[of], 0)
  }

  /** Heartbeat and timeouts; called at least once an interval. */
  tick(nowMs: number): void {
    const { heartbeat, handshakeTimeoutMs } = this.#options
    const isOpen = this.#eachLane.every(lane => lane.isOpen)
    if (!isOpen && nowMs - this.openedAtMs > handshakeTimeoutMs) {
      this.close('handshake-timeout')
      return
    }
    const isSocketSilent = (lane: Lane): boolean => nowMs - lane.lastHeardMs > heartbeat.timeoutMs
    const isAnySilent = this.plane === 'direct' && this.#eachLane.some(isSocketSilent)
    if (isAnySilent || nowMs - this.#lastHeardMs > heartbeat.timeoutMs) {
      this.close('silent')
      return
    }
    if (this.#isActive && nowMs - this.#lastPingMs >= heartbeat.intervalMs) this.#ping(nowMs)
    this.#flushNow()
  }

  /** Time in which this process did not run is no silence of the peer. */
  forgive(ms: number): void {
    this.#lastHeardMs += ms
    for (const lane of this.#eachLane) lane.lastHeardMs += ms
  }

  close(code: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearImmediate(this.#flush)
    for (const lane of this.#eachLane) {
      if (lane.queuedFrames > 0) {
        const { streamClass, queuedFrames, queuedBytes } = lane
        this.#owner.onDropped(this, streamClass, queuedFrames, queuedBytes, 'disconnected')
      }
    }
    for (const lane of this.#eachLane) lane.release()
    this.connection.abort(new Error(code))
    this.#owner.onClosed(this, code)
  }

  onHello(hello: Hello): void {
    if (this.#peerIncarnation !== undefined) {
      if (this.#peerIncarnation !== hello.incarnation) {
        throw recordFault({ code: 'misplaced-record', kind: 'hello' })
      }
      return
    }
    this.#peerIncarnation = hello.incarnation
    this.#owner.onGreeted(this)
  }

  onControl(lane: Lane, record: WireRecord): void {
    // Sockets of their own are watched by pings of their own.
    const isPlaced = lane.isDirect ? record.kind !== 'credit' : false
    if (lane.streamClass !== 'order' && !isPlaced) {
      throw recordFault({ code: 'misplaced-record', kind: record.kind })
    }
    if (record.kind === 'credit') {
      const { streamClass, totalBytes } = readCredit(record.payload)
      this.#lanes[streamClass].handled(totalBytes)
    } else if (record.kind === 'ping') {
      lane.control({ kind: 'pong', payload: record.payload })
    } else {
      this.#answered(readHeartbeat(record.payload))
    }
    this.onWritable()
  }

  onFrame(lane: Lane, frame: Uint8Array): void {
    const settle = (): void => {
      lane.settle(frame.length)
      if (!this.#isClosed) this.onWritable()
    }
    let handled: void | Promise<void>
    try {
      handled = this.#owner.onFrame(this, lane.streamClass, frame)
    } catch (error) {
      throwOutside(error)
      return
    }
    if (handled === undefined) settle()
    else handled.then(settle, throwOutside)
  }

  onReceived(): void {
    this.#lastHeardMs = performance.now()
  }

  onDropped(lane: Lane, frames: readonly Uint8Array[]): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0)
    this.#owner.onDropped(this, lane.streamClass, frames.length, bytes, 'too-large')
  }

  /** Everything queued while the event loop turns once leaves together, in few large writes. */
  onWritable(): void {
    if (this.#isClosed || this.#flush !== undefined) return
    this.#flush = setImmediate(() => this.#flushNow())
  }

  onBroken(code: string, error?: unknown): void {
    if (this.#isClosed) return
    if (code !== 'violation') {
      this.close(code)
      return
    }
    if (!(error instanceof Fault)) {
      throwOutside(error)
      return
    }
    this.#owner.onViolation(this, error.code)
    this.close(error.code)
  }

  #flushNow(): void {
    clearImmediate(this.#flush)
    this.#flush = undefined
    if (this.#isClosed) return
    const { order, sync, bulk } = this.#lanes
    for (const { streamClass, totalBytes } of this.#dueCredits()) {
      order.control(creditRecord({ streamClass, totalBytes }))
    }
    order.handOver(true)
    // Its drain flushes again.
    if (order.isBacklogged) return
    sync.handOver(false)
    if (!sync.isSendable) bulk.handOver(false)
  }

  *#dueCredits(): Generator<{ streamClass: StreamClass; totalBytes: number }> {
    for (const lane of this.#eachLane) {
      const totalBytes = lane.dueCredit()
      if (totalBytes !== undefined) yield { streamClass: lane.streamClass, totalBytes }
    }
  }

  #ping(nowMs: number): void {
    this.#lastPingMs = nowMs
    this.#pingId = (this.#pingId + 1) >>> 0
    this.#pings.set(this.#pingId, nowMs)
    for (const id of this.#pings.keys()) {
      if (this.#pings.size <= pingsKeptMax) break
      this.#pings.delete(id)
    }
    const record = heartbeatRecord('ping', this.#pingId)
    const { order } = this.#lanes
    for (const lane of this.plane === 'direct' ? this.#eachLane : [order]) lane.control(record)
  }

  #answered(id: number): void {
    const sentAtMs = this.#pings.get(id)
    if (sentAtMs === undefined) return
    this.#pings.delete(id)
    this.#tripsMs.push(performance.now() - sentAtMs)
    if (this.#tripsMs.length > tripsKept) this.#tripsMs.shift()
  }
}
