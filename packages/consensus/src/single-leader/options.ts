import { assert } from '@novacron/base'

/** What one node may choose for itself; times in milliseconds, sizes in bytes. */
export interface SingleLeaderOptions {
  /** How often the leader tells that it is there, and everyone looks what is late. */
  readonly heartbeatMs: number
  /** Silence of a leader after which the next in turn asks for votes; those after it wait a `turnMs` more each. */
  readonly electionTimeoutMs: number
  readonly turnMs: number
  /** What was sent and not answered is sent again, and payload that did not come is asked for, after this. */
  readonly resendMs: number
  /** Time between two packings of what waits: what comes meanwhile shares a batch. When idle, at once. */
  readonly batchDelayMs: number
  /** Own batches that are packed and not committed; what comes then waits, and makes larger batches. */
  readonly ownBatchesMax: number
  /** Entries of the leader that are not committed: the depth of the pipeline. */
  readonly pipelineEntries: number
  /** Payload of one entry; one batch may be larger. */
  readonly entryBytesMax: number
  /** Payload on the way to one follower; one entry may be larger. */
  readonly followerBytesMax: number
  /** Batches that one follower may have forwarded and the leader not yet proposed. */
  readonly forwardedBatchesMax: number
  /** Entries kept for followers that are behind; whoever needs older ones takes a snapshot. */
  readonly logEntriesMax: number
  /** Entries in one message. */
  readonly appendEntriesMax: number
}

export const defaultSingleLeaderOptions: SingleLeaderOptions = {
  heartbeatMs: 100,
  electionTimeoutMs: 3_000,
  turnMs: 500,
  resendMs: 1_500,
  batchDelayMs: 5,
  ownBatchesMax: 8,
  pipelineEntries: 16,
  entryBytesMax: 1_000_000,
  followerBytesMax: 4_000_000,
  forwardedBatchesMax: 256,
  logEntriesMax: 10_000,
  appendEntriesMax: 64
}

export function checkSingleLeaderOptions(options: SingleLeaderOptions): void {
  for (const [key, value] of Object.entries(options)) {
    assert(Number.isSafeInteger(value) && value >= 1, `${key} is an integer >= 1: ${value}`)
  }
  const { electionTimeoutMs, heartbeatMs, forwardedBatchesMax, ownBatchesMax } = options
  assert(electionTimeoutMs >= 2 * heartbeatMs, 'electionTimeoutMs >= 2 * heartbeatMs')
  assert(forwardedBatchesMax >= ownBatchesMax, 'forwardedBatchesMax >= ownBatchesMax')
  assert(options.appendEntriesMax <= appendEntriesLimit, 'appendEntriesMax <= 256')
  assert(ownBatchesMax <= forwardBatchesLimit, 'ownBatchesMax <= 256')
}

/** What a message may hold, whatever the options say; checked before anything is allocated. */
export const appendEntriesLimit = 256
export const forwardBatchesLimit = 256
