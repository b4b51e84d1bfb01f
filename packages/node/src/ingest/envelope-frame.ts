import { toHex } from '@novacron/base'
import { EnvelopeCursor, envelopeHeaderBytes, envelopeVersion } from '@novacron/execution'

/** Consecutive sequences of one session in one frame. */
export interface EnvelopeRun {
  readonly session: string
  readonly first: number
  last: number
  /** Of the envelopes, headers included. */
  bytes: number
}

type EnvelopeFrame =
  | { readonly type: 'envelopes'; readonly count: number; readonly runs: readonly EnvelopeRun[] }
  /** `at`: offset of the first envelope that is none, is too large, or has sequence 0: sessions open by the control API. */
  | { readonly type: 'malformed'; readonly at: number }

/** Walks the envelopes of a frame, one object per run and none per envelope. Nothing is thrown. */
export function walkFrame(frame: Uint8Array, payloadBytesMax: number): EnvelopeFrame {
  const cursor = new EnvelopeCursor(frame, payloadBytesMax)
  const words = new Uint32Array(4)
  const runs: EnvelopeRun[] = []
  let run: EnvelopeRun | undefined
  let count = 0
  while (cursor.next()) {
    const { sequence } = cursor
    const bytes = envelopeHeaderBytes + cursor.payloadLength
    if (sequence === 0) return { type: 'malformed', at: cursor.offset - bytes }
    if (run !== undefined && sequence === run.last + 1 && cursor.isOfSession(words)) {
      run.last = sequence
      run.bytes += bytes
    } else {
      cursor.readSessionWords(words)
      run = { session: toHex(cursor.session()), first: sequence, last: sequence, bytes }
      runs.push(run)
    }
    count += 1
  }
  if (cursor.isMalformed) return { type: 'malformed', at: cursor.offset }
  return { type: 'envelopes', count, runs }
}

/** Writes the header of an envelope in place, as the encoder does, without an object for each transaction. */
export function writeEnvelopeHeader(
  bytes: Uint8Array,
  at: number,
  header: {
    readonly application: number
    /** 16 bytes. */
    readonly session: Uint8Array
    readonly sequence: number
    readonly payloadLength: number
  }
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setUint8(at, envelopeVersion)
  view.setUint8(at + 1, header.application)
  view.setUint8(at + 2, 0)
  bytes.set(header.session, at + 3)
  view.setUint32(at + 19, Math.floor(header.sequence / 0x1_0000_0000))
  view.setUint32(at + 23, header.sequence >>> 0)
  view.setUint32(at + 27, header.payloadLength)
}
