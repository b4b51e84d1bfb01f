import { decodeFault, fromHex, Reader, toHex } from '@novacron/base'

/**
 * What the node answers on the ingest socket: records of a fixed size, back to back.
 *
 * type u8 | session 16 bytes | first u64 | last u64 | commit index or milliseconds u64 | code u8
 */
export const acknowledgementBytes = 42

/** `closed` is the last record before the node closes the connection; only its code counts. */
type AcknowledgementType = 'committed' | 'refused' | 'accepted' | 'closed'

export interface Acknowledgement {
  readonly type: AcknowledgementType
  readonly session: string
  readonly first: number
  readonly last: number
  /** Of the commit; refused as `busy`, the milliseconds to wait before the same is sent again; 0 otherwise. */
  readonly index: number
  /** Of the application when committed, one of `ingestCodes` otherwise. */
  readonly code: number
}

/** Why transactions were refused, or the connection closed. */
export const ingestCodes = {
  none: 0,
  /** Send the same transactions again, after the milliseconds that the record names. */
  busy: 1,
  malformed: 2,
  tooLarge: 3,
  tooManySessions: 4,
  tooManyConnections: 5,
  slowReader: 6,
  stopping: 7,
  /** A number more than a session's window below was refused and has not come again: send that first, then these again. */
  gap: 8
} as const

const numberOfType: Readonly<Record<AcknowledgementType, number>> = {
  committed: 1,
  refused: 2,
  accepted: 3,
  closed: 4
}
const typeOfNumber: readonly (AcknowledgementType | undefined)[] = [
  undefined,
  'committed',
  'refused',
  'accepted',
  'closed'
]
export const noSession: string = '0'.repeat(32)

export function encodeAcknowledgements(records: readonly Acknowledgement[]): Uint8Array {
  const bytes = new Uint8Array(records.length * acknowledgementBytes)
  const view = new DataView(bytes.buffer)
  let offset = 0
  for (const { type, session, first, last, index, code } of records) {
    bytes[offset] = numberOfType[type]
    bytes.set(fromHex(session), offset + 1)
    view.setBigUint64(offset + 17, BigInt(first))
    view.setBigUint64(offset + 25, BigInt(last))
    view.setBigUint64(offset + 33, BigInt(index))
    bytes[offset + 41] = code
    offset += acknowledgementBytes
  }
  return bytes
}

/** Cuts a stream into records; a part of one waits for the rest. */
export class AcknowledgementReader {
  #rest: Uint8Array = new Uint8Array(0)

  /** @throws {Fault<DecodeFault>} for a type that does not exist, or a number beyond 2^53 - 1 */
  push(chunk: Uint8Array): readonly Acknowledgement[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const records: Acknowledgement[] = []
    let offset = 0
    for (; bytes.length - offset >= acknowledgementBytes; offset += acknowledgementBytes) {
      records.push(decode(bytes.subarray(offset, offset + acknowledgementBytes)))
    }
    this.#rest = bytes.slice(offset)
    return records
  }
}

function decode(bytes: Uint8Array): Acknowledgement {
  const reader = new Reader(bytes)
  const number = reader.u8()
  const type = typeOfNumber[number]
  if (type === undefined) {
    throw decodeFault({ code: 'bad-value', field: 'acknowledgement type', value: `${number}` })
  }
  return {
    type,
    session: toHex(reader.raw(16)),
    first: reader.u64(),
    last: reader.u64(),
    index: reader.u64(),
    code: reader.u8()
  }
}
