/** Nominal types over primitives: a `Round` cannot be passed where an `Epoch` is expected. */
declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Seat in one committee, `0..n-1`. */
export type ReplicaId = Brand<number, 'ReplicaId'>
/** Layer of the DAG; genesis is round 0. */
export type Round = Brand<number, 'Round'>
/** Period with one committee and one protocol. */
export type Epoch = Brand<number, 'Epoch'>
/** Position in the agreed log; the first commit has index 1, 0 means "nothing yet". */
export type CommitIndex = Brand<number, 'CommitIndex'>
/** Milliseconds on the driver's monotonic clock. */
export type Millis = Brand<number, 'Millis'>
/** SHA-256 of canonical bytes, 64 lowercase hex digits. */
export type Digest = Brand<string, 'Digest'>
/** A daemon as the transport names it (a libp2p peer id in base58 or base36). */
export type PeerId = Brand<string, 'PeerId'>

declare const verified: unique symbol
/** A value whose signatures (or content digest) the driver has checked before it enters a machine. */
export type Verified<T> = T & { readonly [verified]: true }

function toIndex(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name}: ${value}`)
  return value
}

/** @throws {RangeError} unless `value` is a safe integer >= 0; so do the other number brands. */
export function toReplicaId(value: number): ReplicaId {
  return toIndex('replica id', value) as ReplicaId
}

export function toRound(value: number): Round {
  return toIndex('round', value) as Round
}

export function toEpoch(value: number): Epoch {
  return toIndex('epoch', value) as Epoch
}

export function toCommitIndex(value: number): CommitIndex {
  return toIndex('commit index', value) as CommitIndex
}

/** @throws {RangeError} unless `value` is finite and >= 0. */
export function toMillis(value: number): Millis {
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`milliseconds: ${value}`)
  return value as Millis
}

const digestPattern = /^[0-9a-f]{64}$/

/** @throws {RangeError} unless `value` is 64 lowercase hex digits. */
export function toDigest(value: string): Digest {
  if (!digestPattern.test(value)) throw new RangeError(`digest: ${value.slice(0, 80)}`)
  return value as Digest
}

/** @throws {RangeError} unless `value` is 1 to 128 printable ASCII characters. */
export function toPeerId(value: string): PeerId {
  if (!/^[\x21-\x7e]{1,128}$/.test(value)) throw new RangeError(`peer id: ${value.slice(0, 80)}`)
  return value as PeerId
}

/** The IO side calls this once the checks that `Verified` promises have been made. */
export function toVerified<T>(value: T): Verified<T> {
  return value as Verified<T>
}
