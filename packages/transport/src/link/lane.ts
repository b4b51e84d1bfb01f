import type { Stream } from '@libp2p/interface'
import { assert, type StreamClass } from '@novacron/base'
import { pipe } from 'it-pipe'
import type { DropReason } from '../mesh.ts'
import type { ClassLimits } from '../options.ts'
import { coalesce } from '../wire/coalesce.ts'
import { controlBytes, type Hello, helloRecord, readHello } from '../wire/control.ts'
import {
  encodeRecords,
  type RecordKind,
  recordFault,
  recordSplitter,
  type WireRecord
} from '../wire/record.ts'
import { chargeOf, ReceiveCredit, SendCredit } from './credit.ts'
import { SendQueue } from './send-queue.ts'

/** Bytes handed to a stream at once: large enough for cheap encryption, small enough for votes to slip in between. */
export const writeBytesMax: number = 64 * 1024

/** The part of a libp2p stream that we use. Not its `onDrain`, `pause`, `resume` or iterator: they lose back-pressure. */
export type RawStream = Pick<
  Stream,
  'send' | 'abort' | 'addEventListener' | 'writableNeedsDrain' | 'writeBufferLength'
>

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
  #controls: WireRecord[] = []
  #writes: Uint8Array[] = []
  #unwrittenBytes = 0
  #frameBytesMax = 0
  #isGreeted = false
  sentBytes = 0
  receivedBytes = 0

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

  /** Handed over, but not yet taken by the connection. */
  get isBacklogged(): boolean {
    return this.#stream !== undefined && this.#stream.writeBufferLength > 0
  }

  /** Must be called at once when the stream appears: without a listener its data piles up and resets it. */
  attach(stream: RawStream): void {
    assert(this.#stream === undefined, `second ${this.streamClass} stream on one connection`)
    this.#stream = stream
    stream.addEventListener('message', event => {
      const { data } = event
      this.#receive(data instanceof Uint8Array ? [data] : data, data.byteLength)
    })
    stream.addEventListener('drain', () => this.#owner.onWritable())
    stream.addEventListener('remoteCloseWrite', () => this.#owner.onBroken('closed-by-peer'))
    stream.addEventListener('close', event => this.#owner.onBroken('stream-closed', event.error))
    this.#owner.onWritable()
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
    const stream = this.#stream
    if (stream === undefined) return
    for (;;) {
      if (this.#writes.length === 0) this.#encodeNext()
      if (this.#writes.length === 0 || this.#owner.isClosed) return
      if (!eager && stream.writableNeedsDrain) return
      const write = this.#writes.shift() as Uint8Array
      this.#unwrittenBytes -= write.length
      this.sentBytes += write.length
      try {
        stream.send(write)
      } catch (error) {
        this.#owner.onBroken('stream-closed', error)
        return
      }
    }
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
    this.#writes = [...pipe(records, encodeRecords, coalesce(writeBytesMax))]
    for (const write of this.#writes) this.#unwrittenBytes += write.length
  }

  #hasCreditForNext(): boolean {
    const next = this.#queue.peek()
    return next !== undefined && chargeOf(next.length) <= this.#sendCredit.availableBytes
  }

  #receive(chunks: Iterable<Uint8Array>, bytes: number): void {
    if (this.#owner.isClosed) return
    this.receivedBytes += bytes
    this.#owner.onReceived()
    try {
      for (const record of pipe(chunks, this.#split)) {
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
    else this.#owner.onControl(this, record)
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
