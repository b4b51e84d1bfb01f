/**
 * What became of a transaction; the position in this list is its byte on the wire and in the store, so it only grows.
 * `ok` alone means that an application changed something.
 */
export const resultCodes = [
  'ok',
  /** The session has seen the sequence: it was not run again. */
  'duplicate',
  /** Too far above the session's lowest missing sequence: neither run nor recorded. */
  'window-exceeded',
  /** No such session, or it was evicted: never run. */
  'session-expired',
  'sessions-full',
  'malformed',
  'unknown-application',
  'read-only',
  'state-full',
  'key-too-long',
  'version-mismatch',
  'not-found'
] as const
export type ResultCode = (typeof resultCodes)[number]

const byteOfCode = new Map<ResultCode, number>(resultCodes.map((code, byte) => [code, byte]))

export function resultByte(code: ResultCode): number {
  return byteOfCode.get(code) as number
}

/** Undefined for a byte that names no code. */
export function resultCodeOf(byte: number): ResultCode | undefined {
  return resultCodes[byte]
}

export interface Result {
  readonly code: ResultCode
  /** The id of an opened session; belongs to whoever takes the result. */
  readonly value?: Uint8Array
  /** What was written has the position of the transaction in the log as its version. */
  readonly isVersioned?: true
}
