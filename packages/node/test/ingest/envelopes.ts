import { encodeEnvelope } from '@novacron/execution'

export interface TestEnvelope {
  readonly session: Uint8Array
  readonly sequence: number
  readonly payload: Uint8Array
}

export function envelopes(list: readonly TestEnvelope[]): Uint8Array {
  const parts = list.map(envelope => encodeEnvelope({ application: 1, ...envelope }))
  return new Uint8Array(Buffer.concat(parts))
}

export function framed(frame: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(frame.length)
  return Buffer.concat([length, frame])
}

export const sessionA = 'aa'.repeat(16)
export const sessionB = 'bb'.repeat(16)

/** A frame of consecutive sequences of one session. */
export function batch(
  sessionHex: string,
  first: number,
  count: number,
  payloadBytes = 10
): Uint8Array {
  const session = new Uint8Array(Buffer.from(sessionHex, 'hex'))
  const payload = new Uint8Array(payloadBytes)
  return envelopes(
    Array.from({ length: count }, (_, i) => ({ session, sequence: first + i, payload }))
  )
}
