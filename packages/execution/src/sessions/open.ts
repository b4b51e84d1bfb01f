import { ascii, bytesOfDigest, concatBytes, type Digest, type Hash, Writer } from '@novacron/base'
import { encodeEnvelope, sessionIdBytes } from '../envelope.ts'

/** Application 0: its one transaction asks for a session. */
export const sessionApplication = 0
const openKind = 0
export const nonceBytes = 16
export const clientKeyBytes = 32
const idTag = ascii('novacron/session/1')

export interface SessionRequest {
  /** 16 random bytes, so that two clients do not take one answer for their own. */
  readonly nonce: Uint8Array
  /** Ed25519 public key that may sign for the session, 32 bytes. */
  readonly clientKey?: Uint8Array
}

export const zeroSession: Uint8Array = new Uint8Array(sessionIdBytes)

/** The envelope that opens a session; two of them with the same bytes open two sessions. */
export function encodeSessionOpen(request: SessionRequest): Uint8Array {
  const { nonce, clientKey } = request
  if (nonce.length !== nonceBytes) throw new RangeError(`nonce: ${nonce.length} bytes`)
  const writer = new Writer(64).u8(openKind).raw(nonce)
  if (clientKey === undefined) writer.u8(0)
  else if (clientKey.length === clientKeyBytes) writer.u8(1).raw(clientKey)
  else throw new RangeError(`client key: ${clientKey.length} bytes`)
  const payload = writer.finish()
  return encodeEnvelope({
    application: sessionApplication,
    session: zeroSession,
    sequence: 0,
    payload
  })
}

/** kind u8, nonce, flag u8, client key if the flag is 1. Undefined for anything else; the key is a view. */
export function readSessionRequest(payload: Uint8Array): SessionRequest | undefined {
  const flagOffset = 1 + nonceBytes
  const flag = payload[flagOffset]
  if (payload[0] !== openKind) return undefined
  const nonce = payload.subarray(1, flagOffset)
  if (flag === 0) return payload.length === flagOffset + 1 ? { nonce } : undefined
  if (flag !== 1 || payload.length !== flagOffset + 1 + clientKeyBytes) return undefined
  return { nonce, clientKey: payload.subarray(flagOffset + 1) }
}

/** Where a transaction stands in the log. */
export interface LogPlace {
  readonly index: number
  readonly ordinal: number
}

/**
 * The first 16 bytes of SHA-256(tag, chain, envelope, index, ordinal). Bound to the transaction, so that nobody claims
 * another's session, and to its place, so that the same bytes sent again never bring an evicted session back to life.
 */
export function sessionIdOf(
  chain: Digest,
  envelope: Uint8Array,
  place: LogPlace,
  hash: Hash
): Uint8Array {
  const where = new Writer(12).u64(place.index).u32(place.ordinal).finish()
  const bytes = concatBytes([idTag, bytesOfDigest(chain), envelope, where])
  return hash(bytes).slice(0, sessionIdBytes)
}
