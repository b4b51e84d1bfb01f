import { assert, type StreamClass } from '@novacron/base'
import type { DropReason } from '../mesh.ts'
import type { ClassLimits } from '../options.ts'
import { coalesce } from '../wire/coalesce.ts'
import { controlBytes, type Hello, helloRecord, movedRecord, readHello } from '../wire/control.ts'
import {
  encodeRecords,
  type RecordKind,
  recordFault,
  recordSplitter,
  type WireRecord
} from '../wire/record.ts'
import { chargeOf, ReceiveCredit, SendCredit } from './credit.ts'
import type { HeldStream, RawStream, StreamData } from './raw-stream.ts'
import { SendQueue } from './send-queue.ts'

/** Bytes handed to a stream at once: large enough for cheap encryption, small enough for votes to slip in between. */
export const writeBytesMax: number = 64 * 1024

/** The link around three lanes. */
export interface LaneOwner {
  readonly isClosed: boolean
  onHello(hello: Hello): void
  onControl(lane: Lane, record: WireRecord): void
  /** A whole frame: the owner settles its charge with `lane.settle` once it is handled. */
  onFrame(lane: Lane, frame: Uint8Array): void
  onReceived(): void
  onDropped(lane: Lane, frames: readonly Uint8Array[]): void
  /** Something can be sent, or a stream takes more. */
  onWritable(): void
  onBroken(code: string, error?: unknown): void
}

/**
 * One stream class of one connection: a bounded queue, credit in both directions, and the pipes between frames and bytes.
 *
 * The peer's bytes are read as they come, always: what bounds memory is the credit that we grant, not a paused stream.
 */
export class Lane {
  readonly streamClass: StreamClass
  readonly #limits: ClassLimits
  readonly #granted: ClassLimits
  readonly #owner: LaneOwner
  readonly #queue: SendQueue
  readonly #sendCredit = new SendCredit()
  readonly #receiveCredit = new ReceiveCredit()
  readonly #split = recordSplitter((kind, length) => this.#admit(kind, length))
  #stream: RawStream | undefined
  /** Set once the lane moves to the direct plane; what we send follows as soon as all begun writes are through. */
  #direct: HeldStream | undefined
  #hasMoved = false
  #hasPeerMoved = false
  #controls: WireRecord[] = []
  #writes: Uint8Array[] = []
  #unwrittenBytes = 0
  #frameBytesMax = 0
  #isGreeted = false
  sentBytes = 0
  receivedBytes = 0
  directSentBytes = 0
  directReceivedBytes = 0
  lastHeardMs = 0

  /** limits: ours towards the peer. granted: what the peer may do towards us. */
  constructor(
    streamClass: StreamClass,
    limits: ClassLimits,
    granted: ClassLimits,
    owner: LaneOwner
  ) {
    this.streamClass = streamClass
    this.#limits = limits
    this.#granted = granted
    this.#owner = owner
    this.#queue = new SendQueue(limits.queueBytesMax)
  }

  /** Stream attached, and the peer's hello read. */
  get isOpen(): boolean {
    return this.#stream !== undefined && this.#isGreeted
  }

  get isAttached(): boolean {
    return this.#stream !== undefined
  }

  get queuedFrames(): number {
    return this.#queue.length
  }

  get queuedBytes(): number {
    return this.#queue.bytes + this.#unwrittenBytes
  }

  get inFlightBytes(): number {
    return this.#sendCredit.inFlightBytes
  }

  get pendingBytes(): number {
    return this.#receiveCredit.pendingBytes
  }

  /** Something waits that the peer has room for, whether or not the connection takes it at this moment. */
  get isSendable(): boolean {
    if (this.#stream === undefined) return false
    return this.#writes.length > 0 || this.#controls.length > 0 || this.#hasCreditForNext()
  }

  get isDirect(): boolean {
    return this.#direct !== undefined
  }

  /** More was handed over than the connection takes at once; a drain follows. */
  get isBacklogged(): boolean {
    return this.#stream?.writableNeedsDrain ?? false
  }

  /** Must be called at once when the stream appears: without a listener its data piles up and resets it. */
  attach(stream: RawStream): void {
    assert(this.#stream === undefined, `second ${this.streamClass} stream on one connection`)
    this.#stream = stream
    stream.addEventListener('message', ({ data }) => {
      if (this.#hasPeerMoved) {
        const fault = recordFault({ code: 'misplaced-record', kind: 'moved' })
        this.#owner.onBroken('violation', fault)
      } else this.#receive(data)
    })
    stream.addEventListener('drain', () => this.#owner.onWritable())
    stream.addEventListener('remoteCloseWrite', () => this.#owner.onBroken('closed-by-peer'))
    stream.addEventListener('close', event => this.#owner.onBroken('stream-closed', event.error))
    this.#owner.onWritable()
  }

  /**
   * Goes over to a direct socket. Order is kept in both directions: the peer reads ours to the end of the old stream before
   * it reads the socket, and we read theirs in the same way. The old stream stays open and idle.
   */
  move(direct: HeldStream): void {
    assert(this.#stream !== undefined && !this.isDirect, `${this.streamClass} has moved before`)
    this.#direct = direct
    direct.addEventListener('message', ({ data }) => {
      this.directReceivedBytes += data.byteLength
      this.lastHeardMs = performance.now()
      this.#receive(data)
    })
    direct.addEventListener('drain', () => this.#owner.onWritable())
    direct.addEventListener('remoteCloseWrite', () => this.#owner.onBroken('direct-broken'))
    direct.addEventListener('close', ({ error }) => this.#owner.onBroken('direct-broken', error))
    if (this.#hasPeerMoved) direct.start()
    this.lastHeardMs = performance.now()
    this.#owner.onWritable()
  }

  /** The link has ended. */
  release(): void {
    this.#direct?.abort(new Error('link ended'))
  }

  /** Greets the peer and lets it send; once per connection. */
  grant(incarnation: Uint8Array): void {
    const { frameBytesMax, windowBytes } = this.#granted
    this.#receiveCredit.open(windowBytes, frameBytesMax)
    this.control(helloRecord(incarnation, frameBytesMax, windowBytes))
  }

  control(record: WireRecord): void {
    this.#controls.push(record)
  }

  offer(frame: Uint8Array): DropReason | undefined {
    const frameBytesMax = this.#isGreeted ? this.#frameBytesMax : this.#limits.frameBytesMax
    if (frame.length > frameBytesMax) return 'too-large'
    return this.#queue.push(frame) ? undefined : 'queue-full'
  }

  /** The peer reports how much it has handled. */
  handled(totalBytes: number): void {
    if (!this.#sendCredit.handled(totalBytes)) {
      throw recordFault({ code: 'bad-record', kind: 'credit', length: totalBytes })
    }
  }

  settle(frameLength: number): void {
    this.#receiveCredit.settle(chargeOf(frameLength))
  }

  dueCredit(): number | undefined {
    return this.#receiveCredit.report()
  }

  /**
   * Hands what may be sent to the stream.
   *
   * eager  also while the connection is saturated: the stream then buffers it, no more than the window. Otherwise one
   *        write at a time follows the connection, so that a later frame of a class above overtakes.
   */
  handOver(eager: boolean): void {
    for (;;) {
      if (this.#writes.length === 0) {
        this.#leave()
        this.#encodeNext()
      }
      const stream = this.#stream
      if (stream === undefined) return
      if (this.#writes.length === 0 || this.#owner.isClosed) return
      if (!eager && stream.writableNeedsDrain) return
      const write = this.#writes.shift() as Uint8Array
      this.#unwrittenBytes -= write.length
      if (!this.#write(stream, write)) return
    }
  }

  #write(stream: RawStream, bytes: Uint8Array): boolean {
    this.sentBytes += bytes.length
    if (this.#hasMoved) this.directSentBytes += bytes.length
    try {
      stream.send(bytes)
    } catch (error) {
      this.#owner.onBroken(this.#hasMoved ? 'direct-broken' : 'stream-closed', error)
      return false
    }
    return true
  }

  /** Says on the old stream that nothing more comes on it. */
  #leave(): void {
    if (this.#hasMoved || this.#direct === undefined || this.#stream === undefined) return
    for (const piece of encodeRecords([movedRecord()])) {
      if (piece.length > 0 && !this.#write(this.#stream, piece)) return
    }
    this.#hasMoved = true
    this.#stream = this.#direct
  }

  /** Turns controls and the next frames, up to about one write or one big frame, into writes. */
  #encodeNext(): void {
    const records: WireRecord[] = this.#controls
    this.#controls = []
    let bytes = 0
    while (bytes < writeBytesMax && this.#hasCreditForNext()) {
      const payload = this.#queue.shift() as Uint8Array
      this.#sendCredit.take(chargeOf(payload.length))
      records.push({ kind: 'frame', payload })
      bytes += payload.length
    }
    if (records.length === 0) return
    this.#writes = [...coalesce(encodeRecords(records), writeBytesMax)]
    for (const write of this.#writes) this.#unwrittenBytes += write.length
  }

  #hasCreditForNext(): boolean {
    const next = this.#queue.peek()
    return next !== undefined && chargeOf(next.length) <= this.#sendCredit.availableBytes
  }

  #receive(data: StreamData): void {
    if (this.#owner.isClosed) return
    const chunks = data instanceof Uint8Array ? [data] : data
    this.receivedBytes += data.byteLength
    this.#owner.onReceived()
    try {
      for (const record of this.#split(chunks)) {
        this.#dispatch(record)
        if (this.#owner.isClosed) return
      }
    } catch (error) {
      this.#owner.onBroken('violation', error)
    }
  }

  #dispatch(record: WireRecord): void {
    if (record.kind === 'frame') this.#owner.onFrame(this, record.payload)
    else if (record.kind === 'hello') this.#greeted(readHello(record.payload))
    else if (record.kind === 'moved') this.#peerMoved()
    else this.#owner.onControl(this, record)
  }

  #peerMoved(): void {
    if (this.#hasPeerMoved) throw recordFault({ code: 'misplaced-record', kind: 'moved' })
    this.#hasPeerMoved = true
    this.#direct?.start()
  }

  #greeted(hello: Hello): void {
    const { frameBytesMax, windowBytes } = hello
    if (this.#isGreeted || windowBytes < frameBytesMax) {
      throw recordFault({ code: 'misplaced-record', kind: 'hello' })
    }
    this.#isGreeted = true
    this.#frameBytesMax = Math.min(frameBytesMax, this.#limits.frameBytesMax)
    // A peer that grants more than our own bound must not make us buffer more.
    this.#sendCredit.open(Math.min(windowBytes, this.#limits.windowBytes))
    // Frames that were queued before the peer named its limit and that it would refuse.
    const dropped = this.#queue.removeLarger(this.#frameBytesMax)
    if (dropped.length > 0) this.#owner.onDropped(this, dropped)
    this.#owner.onHello(hello)
    this.#owner.onWritable()
  }

  #admit(kind: RecordKind, length: number): void {
    if (kind !== 'frame') {
      if (length !== controlBytes[kind]) throw recordFault({ code: 'bad-record', kind, length })
      return
    }
    const max = this.#granted.frameBytesMax
    if (length > max) throw recordFault({ code: 'frame-too-large', length, max })
    if (!this.#receiveCredit.admit(chargeOf(length))) {
      const available = this.#receiveCredit.availableBytes
      throw recordFault({ code: 'credit-exceeded', length, available })
    }
  }
}
