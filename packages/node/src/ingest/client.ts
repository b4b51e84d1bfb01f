import { connect, type Socket } from 'node:net'
import { assert, Fault, fromHex } from '@novacron/base'
import { envelopeHeaderBytes, sessionIdBytes } from '@novacron/execution'
import { type Acknowledgement, AcknowledgementReader, ingestCodes } from './acknowledgement.ts'
import { writeEnvelopeHeader } from './envelope-frame.ts'
import { defaultIngestOptions } from './options.ts'

/** Where to send, for which session, and how much may wait. */
export interface IngestClientOptions {
  readonly socketPath: string
  /** Session to send for, 32 hex digits; opened before with `session.open`. */
  readonly session: string
  /** Sequence of the first transaction; 1 for a fresh session. */
  readonly firstSequence?: number
  /** Transactions wait at most this long for others to share a write with. */
  readonly coalesceMs?: number
  /** Not above the `frameBytesMax` of the node. */
  readonly frameBytesMax?: number
  /** Bytes that wait for the node to read them; `send` answers undefined beyond. */
  readonly queuedBytesMax?: number
}

export interface IngestClientListeners {
  /** Fates of transactions in ranges, in the order in which the node told them. */
  readonly onAcknowledged: (records: readonly Acknowledgement[]) => void
  /** Once, when the connection is over. What is unacknowledged may still commit. */
  readonly onClosed: (facts: IngestClosed) => void
  /** `send` takes more again after it answered undefined. */
  readonly onDrain?: () => void
}

export interface IngestClosed {
  /** `none` when the node gave no reason, as when it died. */
  readonly reason: keyof typeof ingestCodes
  readonly error?: string
}

export type IngestClientFault =
  | { readonly code: 'not-running'; readonly path: string }
  | { readonly code: 'connection-lost'; readonly path: string; readonly reason: string }

const lengthBytes = 4

/** Connects to the ingest socket of the node on this machine. @throws {Fault<IngestClientFault>} */
export async function connectIngest(
  options: IngestClientOptions,
  listeners: IngestClientListeners
): Promise<IngestClient> {
  const socket = connect({ path: options.socketPath })
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', error => reject(connectFault(options.socketPath, error)))
  })
  return new IngestClient(socket, options, listeners)
}

/** Numbers transactions of one session and sends them together. Reconnecting is up to the caller. */
export class IngestClient {
  readonly #socket: Socket
  readonly #session: Uint8Array
  readonly #coalesceMs: number
  readonly #frameBytesMax: number
  readonly #queuedBytesMax: number
  readonly #listeners: IngestClientListeners
  readonly #acks = new AcknowledgementReader()
  #frame: Uint8Array
  #length = lengthBytes
  #nextSequence: number
  #timer: NodeJS.Timeout | undefined
  #isFull = false
  #reason: keyof typeof ingestCodes = 'none'
  #error: string | undefined

  constructor(socket: Socket, options: IngestClientOptions, listeners: IngestClientListeners) {
    this.#socket = socket
    this.#session = fromHex(options.session)
    assert(this.#session.length === sessionIdBytes, 'a session has 16 bytes')
    this.#coalesceMs = options.coalesceMs ?? 1
    this.#frameBytesMax = options.frameBytesMax ?? defaultIngestOptions.frameBytesMax
    this.#queuedBytesMax = options.queuedBytesMax ?? 16_000_000
    this.#nextSequence = options.firstSequence ?? 1
    this.#listeners = listeners
    this.#frame = this.#newFrame()
    socket.on('data', chunk => this.#onData(chunk))
    socket.on('error', error => {
      this.#error ??= error.message
    })
    socket.on('drain', () => this.#onDrain())
    socket.once('close', () => this.#onClose())
  }

  /** Sequence that the next `send` will use. */
  get nextSequence(): number {
    return this.#nextSequence
  }

  /**
   * Queues one transaction and returns its sequence, or undefined when the queue is full or the connection over; then
   * nothing was queued. The payload is copied.
   */
  send(application: number, payload: Uint8Array): number | undefined {
    const sequence = this.#nextSequence
    if (!this.sendAs(sequence, application, payload)) return undefined
    this.#nextSequence += 1
    return sequence
  }

  /** Sends a transaction again under the sequence it had, as after `refused`. False when it could not be queued. */
  sendAs(sequence: number, application: number, payload: Uint8Array): boolean {
    const bytes = envelopeHeaderBytes + payload.length
    assert(bytes <= this.#frameBytesMax, `a transaction fits a frame: ${bytes}`)
    if (
      !this.#socket.writable ||
      this.#socket.writableLength + this.#length > this.#queuedBytesMax
    ) {
      this.#isFull = true
      return false
    }
    if (this.#length + bytes > this.#frame.length) this.flush()
    const header = { application, session: this.#session, sequence, payloadLength: payload.length }
    writeEnvelopeHeader(this.#frame, this.#length, header)
    this.#frame.set(payload, this.#length + envelopeHeaderBytes)
    this.#length += bytes
    this.#timer ??= setTimeout(() => this.flush(), this.#coalesceMs)
    return true
  }

  /** Sends what is queued now. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#length === lengthBytes || !this.#socket.writable) return
    const length = this.#length - lengthBytes
    new DataView(this.#frame.buffer).setUint32(0, length)
    const full = this.#frame.subarray(0, this.#length)
    // A frame that is hardly used gives its memory back by a copy; a full one is handed over as it is.
    const isSmall = this.#length * 4 < this.#frame.length
    this.#socket.write(isSmall ? full.slice() : full)
    if (!isSmall) this.#frame = this.#newFrame()
    this.#length = lengthBytes
  }

  /** Sends what is queued and ends; acknowledgements that have not come by then are lost. */
  end(): void {
    this.flush()
    this.#socket.end()
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket.destroy()
  }

  #newFrame(): Uint8Array {
    return new Uint8Array(lengthBytes + this.#frameBytesMax)
  }

  #onData(chunk: Uint8Array): void {
    const records = this.#acks.push(chunk)
    const closing = records.find(record => record.type === 'closed')
    if (closing !== undefined) this.#reason = reasonOf(closing.code)
    const fates = records.filter(record => record.type !== 'closed')
    if (fates.length > 0) this.#listeners.onAcknowledged(fates)
  }

  #onDrain(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#listeners.onDrain?.()
  }

  #onClose(): void {
    clearTimeout(this.#timer)
    const error = this.#error === undefined ? {} : { error: this.#error }
    this.#listeners.onClosed({ reason: this.#reason, ...error })
  }
}

function reasonOf(code: number): keyof typeof ingestCodes {
  const names = Object.keys(ingestCodes) as (keyof typeof ingestCodes)[]
  return names.find(name => ingestCodes[name] === code) ?? 'none'
}

function connectFault(path: string, cause: NodeJS.ErrnoException): Fault<IngestClientFault> {
  const { code } = cause
  return code === 'ENOENT' || code === 'ECONNREFUSED'
    ? new Fault<IngestClientFault>({ code: 'not-running', path }, { cause })
    : new Fault<IngestClientFault>(
        { code: 'connection-lost', path, reason: code ?? cause.message },
        { cause }
      )
}
