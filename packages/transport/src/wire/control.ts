import { Reader, type StreamClass, streamClasses, toHex, Writer } from '@novacron/base'
import { type RecordKind, recordFault, type WireRecord } from './record.ts'

/** First record in each direction of a stream: what the sender of the hello is ready to receive on it. */
export interface Hello {
  /** Random per start of the process, hex: tells a restarted peer from a second connection of the same one. */
  readonly incarnation: string
  readonly frameBytesMax: number
  readonly windowBytes: number
}

/** `totalBytes` of a class were handled since the connection began: cumulative, so that one credit replaces another. */
export interface Credit {
  readonly streamClass: StreamClass
  readonly totalBytes: number
}

export const incarnationBytes = 8

/** Payload bytes of our own records; frames have their class's limit. */
export const controlBytes: Readonly<Record<Exclude<RecordKind, 'frame'>, number>> = {
  hello: incarnationBytes + 8,
  credit: 9,
  ping: 4,
  pong: 4,
  moved: 0
}

export function helloRecord(
  incarnation: Uint8Array,
  frameBytesMax: number,
  windowBytes: number
): WireRecord {
  const payload = new Writer(controlBytes.hello)
    .raw(incarnation)
    .u32(frameBytesMax)
    .u32(windowBytes)
    .finish()
  return { kind: 'hello', payload }
}

export function readHello(payload: Uint8Array): Hello {
  const reader = new Reader(payload)
  const incarnation = toHex(reader.raw(incarnationBytes))
  const hello = { incarnation, frameBytesMax: reader.u32(), windowBytes: reader.u32() }
  reader.end()
  return hello
}

export function creditRecord({ streamClass, totalBytes }: Credit): WireRecord {
  const payload = new Writer(controlBytes.credit)
    .u8(streamClasses.indexOf(streamClass))
    .u64(totalBytes)
    .finish()
  return { kind: 'credit', payload }
}

export function readCredit(payload: Uint8Array): Credit {
  const reader = new Reader(payload)
  const streamClass = streamClasses[reader.u8()]
  if (streamClass === undefined) {
    throw recordFault({ code: 'bad-record', kind: 'credit', length: payload.length })
  }
  const totalBytes = reader.u64()
  reader.end()
  return { streamClass, totalBytes }
}

export function heartbeatRecord(kind: 'ping' | 'pong', id: number): WireRecord {
  return { kind, payload: new Writer(controlBytes.ping).u32(id).finish() }
}

/** Last on a stream: what follows in this direction comes on the direct socket of the class. */
export function movedRecord(): WireRecord {
  return { kind: 'moved', payload: new Uint8Array(0) }
}

export function readHeartbeat(payload: Uint8Array): number {
  const reader = new Reader(payload)
  const id = reader.u32()
  reader.end()
  return id
}
