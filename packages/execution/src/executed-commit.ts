import type { CommitIndex, Digest } from '@novacron/base'
import type { ResultCode } from './result.ts'

/** One entry of the agreed log, as the executor takes it. */
export interface Commit {
  readonly index: CommitIndex
  readonly digest: Digest
  /** Agreed time of the commit, milliseconds since 1970; never below the one before. */
  readonly timestamp: number
  /** Transaction regions of the batches in order: envelopes back to back, without batch headers. Only read, never kept. */
  readonly batches: readonly Uint8Array[]
}

/**
 * Transactions of one session with consecutive sequences, consecutive ordinals and one outcome. A result with a value is a
 * run of its own.
 */
export interface ExecutedRun {
  /** 32 lowercase hex digits; all zero for transactions that open a session. */
  readonly session: string
  readonly firstSequence: number
  readonly lastSequence: number
  /** Place of the first in the commit; the others follow it. */
  readonly firstOrdinal: number
  readonly code: ResultCode
  /** The id of the session that was opened. */
  readonly value?: Uint8Array
  /** Version of what the first wrote; those of the others follow it, one by one. */
  readonly firstVersion?: number
  /** SHA-256 of the envelope that asked for a session: how its sender recognises the answer. */
  readonly openDigest?: Digest
}

/** Ordinals of a commit, both ends included. */
export interface OrdinalRange {
  readonly first: number
  readonly last: number
}

export interface ExecutedCommit {
  readonly index: CommitIndex
  readonly digest: Digest
  /** Walked; the sum of `applied`, `duplicates` and `rejected`. */
  readonly transactions: number
  readonly applied: number
  readonly duplicates: number
  readonly rejected: number
  /** Batches whose walk ended at something that is no envelope; what stood before it was run. */
  readonly malformedBatches: number
  /** Ascending by ordinal, at most `runsMax`. */
  readonly runs: readonly ExecutedRun[]
  /** Ordinals with code `ok`, ascending and merged. */
  readonly appliedRanges: readonly OrdinalRange[]
}
