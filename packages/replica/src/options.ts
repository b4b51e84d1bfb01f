import { assert } from '@novacron/base'

export interface ReplicaOptions {
  /** A checkpoint every so many commits, or a few times as many; equal in the whole cluster. */
  readonly checkpointIntervalCommits: number
  /**
   * A checkpoint that would encode and hash more bytes than this, and more than the log has carried since the last one, waits for
   * the end of a later interval; equal in the whole cluster.
   */
  readonly checkpointBytesMin: number
  /** A piece of a checkpoint encodes and hashes about so many bytes: a millisecond or two, and one bucket more at most. */
  readonly sealBytesMax: number
  /** The piece with each commit is smaller where half an interval of such is enough, but not below this. */
  readonly sealBytesMin: number
  /** A piece at least this often, whether there are commits or not. */
  readonly sealDelayMs: number
  /** Rows of a checkpoint on their way to the disk: above it the next piece waits. */
  readonly unwrittenBytesMax: number
  /** Commits kept below the last certified checkpoint. */
  readonly retentionCommits: number
  /** Payload bytes kept below the last certified checkpoint; whichever bound is met first prunes. */
  readonly retentionBytes: number
  /** A member tells the world how far the log is, at most this often; where there are more than four, so much less often. */
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
  checkpointBytesMin: 16_777_216,
  sealBytesMax: 262_144,
  sealBytesMin: 32_768,
  sealDelayMs: 50,
  unwrittenBytesMax: 4_194_304,
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
