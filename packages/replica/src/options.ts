import { assert } from '@novacron/base'

export interface ReplicaOptions {
  /** A checkpoint every so many commits; equal in the whole cluster. */
  readonly checkpointIntervalCommits: number
  /** Commits kept below the last certified checkpoint. */
  readonly retentionCommits: number
  /** Payload bytes kept below the last certified checkpoint; whichever bound is met first prunes. */
  readonly retentionBytes: number
  /** A member tells the world how far the log is, at most this often. */
  readonly headIntervalMs: number
  /** Payload that nobody gives away for this long has been pruned everywhere: only a snapshot helps. */
  readonly payloadWaitMs: number
  /** Commits run in one step; the rest goes on in the next, so that a laggard still answers. */
  readonly executeCommitsPerStep: number
  /** Commit records read at once when pruning or replaying. */
  readonly readCommitsMax: number
  /** Pieces of evidence kept. */
  readonly evidenceMax: number
}

export const defaultReplicaOptions: ReplicaOptions = {
  checkpointIntervalCommits: 500,
  retentionCommits: 10_000,
  retentionBytes: 2_000_000_000,
  headIntervalMs: 250,
  payloadWaitMs: 10_000,
  executeCommitsPerStep: 64,
  readCommitsMax: 256,
  evidenceMax: 1_000
}

export function checkReplicaOptions(options: ReplicaOptions): void {
  for (const [key, value] of Object.entries(options)) {
    assert(Number.isSafeInteger(value) && value >= 1, `${key} is an integer >= 1: ${value}`)
  }
}
