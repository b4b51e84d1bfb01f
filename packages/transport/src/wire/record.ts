import { Fault, Writer } from '@novacron/base'

/**
 * What travels on a stream: `u8 kind | u32 length | payload`, big-endian. Frames carry the protocols' bytes; the other
 * kinds are ours and have a fixed length.
 */
export type RecordKind = 'frame' | 'hello' | 'credit' | 'ping' | 'pong' | 'moved'

export interface WireRecord {
  readonly kind: RecordKind
  readonly payload: Uint8Array
}

export type RecordFault =
  | { readonly code: 'unknown-record'; readonly kind: number }
  | { readonly code: 'bad-record'; readonly kind: RecordKind; readonly length: number }
  | { readonly code: 'frame-too-large'; readonly length: number; readonly max: number }
  | { readonly code: 'credit-exceeded'; readonly length: number; readonly available: number }
  | { readonly code: 'misplaced-record'; readonly kind: RecordKind }

export const headerBytes = 5
const unclearedBytesMin = 4096
const kinds: readonly RecordKind[] = ['frame', 'hello', 'credit', 'ping', 'pong', 'moved']

/** Header and payload of each record, as separate pieces: big payloads are not copied. */
export function* encodeRecords(records: Iterable<WireRecord>): Generator<Uint8Array> {
  for (const { kind, payload } of records) {
    yield new Writer(headerBytes).u8(kinds.indexOf(kind)).u32(payload.length).finish()
    yield payload
  }
}

/**
 * Cuts a byte stream into records; the function keeps an unfinished record between calls.
 *
 * admit    told of each record before its payload is allocated; throws `Fault<RecordFault>` to refuse it
 * returns  the cutter; payloads are fresh copies that belong to the reader
 */
export function recordSplitter(
  admit: (kind: RecordKind, length: number) => void
): (chunks: Iterable<Uint8Array>) => Generator<WireRecord> {
  const header = new Uint8Array(headerBytes)
  const headerView = new DataView(header.buffer)
  let headerFilled = 0
  let kind: RecordKind = 'frame'
  let payload: Uint8Array | undefined
  let payloadFilled = 0

  /** Bytes of `chunk` that the header took. */
  function fillHeader(chunk: Uint8Array, offset: number): number {
    const taken = Math.min(headerBytes - headerFilled, chunk.length - offset)
    for (let i = 0; i < taken; i++) header[headerFilled + i] = chunk[offset + i] as number
    headerFilled += taken
    if (headerFilled === headerBytes) {
      kind = kindOf(header[0] as number)
      const length = headerView.getUint32(1)
      admit(kind, length)
      payload = payloadOf(length)
      payloadFilled = 0
    }
    return taken
  }

  return function* split(chunks) {
    for (const chunk of chunks) {
      let offset = 0
      while (offset < chunk.length) {
        if (payload === undefined) offset += fillHeader(chunk, offset)
        if (payload === undefined) break
        const taken = Math.min(payload.length - payloadFilled, chunk.length - offset)
        payload.set(chunk.subarray(offset, offset + taken), payloadFilled)
        payloadFilled += taken
        offset += taken
        if (payloadFilled < payload.length) break
        const record = { kind, payload }
        payload = undefined
        headerFilled = 0
        yield record
      }
    }
  }
}

export function recordFault(facts: RecordFault): Fault<RecordFault> {
  return new Fault(facts)
}

/** It is handed out only once it is full, so a big one need not be cleared; a small one costs less as it is. */
function payloadOf(length: number): Uint8Array {
  if (length < unclearedBytesMin) return new Uint8Array(length)
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
}

function kindOf(byte: number): RecordKind {
  const kind = kinds[byte]
  if (kind === undefined) throw recordFault({ code: 'unknown-record', kind: byte })
  return kind
}
