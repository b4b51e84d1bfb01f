import { type DecodeFault, decodeFault, type Fault, Reader, Writer } from '@novacron/base'

/**
 * Envelope v1, the unit that clients submit: version u8, application u8, flags u8, session 16 bytes, sequence u64, payload
 * length u32, payload. Envelopes lie back to back in a batch.
 */
export interface Envelope {
  readonly application: number
  /** 16 bytes; all zero when a session is to be opened. */
  readonly session: Uint8Array
  /** From 1, without gaps for ever: a gap wider than the window stops the session. 0 opens a session. */
  readonly sequence: number
  readonly payload: Uint8Array
}

export const envelopeVersion = 1
export const envelopeHeaderBytes = 31
export const sessionIdBytes = 16
const sessionOffset = 3
const sequenceOffset = 19
const lengthOffset = 27
/** High word of a sequence at and above which it is no safe integer. */
const unsafeHighWord = 0x20_0000

/** @throws {AssertionError} for an application above 255 or a session that has not 16 bytes. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  const { application, session, sequence, payload } = envelope
  if (session.length !== sessionIdBytes) throw new RangeError(`session id: ${session.length} bytes`)
  return new Writer(envelopeHeaderBytes + payload.length)
    .u8(envelopeVersion)
    .u8(application)
    .u8(0)
    .raw(session)
    .u64(sequence)
    .bytes(payload)
    .finish()
}

/**
 * One whole frame. Session and payload are views into it.
 *
 * @throws {Fault<DecodeFault>} also for another version, for flags, and for what is behind the envelope.
 */
export function decodeEnvelope(frame: Uint8Array, transactionBytesMax: number): Envelope {
  const reader = new Reader(frame)
  const version = reader.u8()
  if (version !== envelopeVersion) throw badValue('envelope version', version)
  const application = reader.u8()
  const flags = reader.u8()
  if (flags !== 0) throw badValue('envelope flags', flags)
  const session = reader.raw(sessionIdBytes)
  const sequence = reader.u64()
  const payload = reader.bytes('payload', transactionBytesMax)
  reader.end()
  return { application, session, sequence, payload }
}

function badValue(field: string, value: number): Fault<DecodeFault> {
  return decodeFault({ code: 'bad-value', field, value: `${value}` })
}

/** The envelope under a cursor, as applications see it. It is one object for a whole batch: copy what must stay. */
export interface TransactionView {
  readonly application: number
  readonly sequence: number
  readonly payloadLength: number
  /** A view into the batch. */
  payload(): Uint8Array
}

/** Walks envelopes in place: no object for each transaction, nothing copied. */
export class EnvelopeCursor implements TransactionView {
  readonly #region: Uint8Array
  readonly #view: DataView
  readonly #transactionBytesMax: number
  #next = 0
  /** Where the current envelope begins. */
  #start = 0
  application = 0
  sequence = 0
  payloadLength = 0
  /** True once the walk has ended at something that is no envelope. */
  isMalformed = false

  constructor(region: Uint8Array, transactionBytesMax: number) {
    this.#region = region
    this.#view = new DataView(region.buffer, region.byteOffset, region.byteLength)
    this.#transactionBytesMax = transactionBytesMax
  }

  /** Offset at which the walk stands: behind the last whole envelope. */
  get offset(): number {
    return this.#next
  }

  /** False at the end, and at the first byte string that is no envelope; what follows it cannot be told apart. */
  next(): boolean {
    const start = this.#next
    const left = this.#region.length - start
    if (left === 0) return false
    if (left < envelopeHeaderBytes) return this.#fail()
    const view = this.#view
    const high = view.getUint32(start + sequenceOffset)
    const length = view.getUint32(start + lengthOffset)
    const isEnvelope =
      view.getUint8(start) === envelopeVersion &&
      view.getUint8(start + 2) === 0 &&
      high < unsafeHighWord &&
      length <= this.#transactionBytesMax &&
      length <= left - envelopeHeaderBytes
    if (!isEnvelope) return this.#fail()
    this.#start = start
    this.#next = start + envelopeHeaderBytes + length
    this.application = view.getUint8(start + 1)
    this.sequence = high * 0x1_0000_0000 + view.getUint32(start + sequenceOffset + 4)
    this.payloadLength = length
    return true
  }

  /** Does the current envelope name this session? `words` are its 16 bytes as four big-endian u32. */
  isOfSession(words: Uint32Array): boolean {
    const at = this.#start + sessionOffset
    const view = this.#view
    return (
      view.getUint32(at + 12) === words[3] &&
      view.getUint32(at + 8) === words[2] &&
      view.getUint32(at + 4) === words[1] &&
      view.getUint32(at) === words[0]
    )
  }

  readSessionWords(words: Uint32Array): void {
    const at = this.#start + sessionOffset
    for (let i = 0; i < 4; i++) words[i] = this.#view.getUint32(at + i * 4)
  }

  /** The session id, a view into the batch. */
  session(): Uint8Array {
    const at = this.#start + sessionOffset
    return this.#region.subarray(at, at + sessionIdBytes)
  }

  payload(): Uint8Array {
    return this.#region.subarray(this.#start + envelopeHeaderBytes, this.#next)
  }

  /** The whole envelope, a view into the batch. */
  envelope(): Uint8Array {
    return this.#region.subarray(this.#start, this.#next)
  }

  #fail(): boolean {
    this.isMalformed = true
    return false
  }
}

export interface EnvelopeWalk {
  readonly transactions: number
  readonly isMalformed: boolean
  /** Bytes of the whole envelopes in front. */
  readonly bytes: number
}

/** Calls `visit` with one cursor that moves from envelope to envelope. */
export function walkEnvelopes(
  region: Uint8Array,
  transactionBytesMax: number,
  visit: (cursor: EnvelopeCursor) => void
): EnvelopeWalk {
  const cursor = new EnvelopeCursor(region, transactionBytesMax)
  let transactions = 0
  while (cursor.next()) {
    transactions++
    visit(cursor)
  }
  return { transactions, isMalformed: cursor.isMalformed, bytes: cursor.offset }
}
