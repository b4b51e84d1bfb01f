/** What the load process tells the devnet: one JSON object a line on its standard output. */
export type LoadMessage =
  | LoadStarted
  | LoadAcknowledged
  | LoadProgress
  | { readonly type: 'note'; readonly note: string }
  | ({ readonly type: 'finished' } & LoadResult)

export interface LoadStarted {
  readonly type: 'started'
  /** By lane, 32 hex digits each. */
  readonly sessions: readonly string[]
  /** When the first transaction was due: milliseconds since 1970. */
  readonly at: number
}

/** A range of one lane's sequences was acknowledged as committed; told when the load is traced. */
export interface LoadAcknowledged {
  readonly type: 'acknowledged'
  readonly lane: number
  readonly first: number
  /** Included. */
  readonly last: number
  /** Milliseconds after the first transaction was due. */
  readonly atMs: number
}

/** Of the last second. */
export interface LoadProgress {
  readonly type: 'progress'
  readonly elapsedSeconds: number
  /** Since the start. */
  readonly submitted: number
  readonly committed: number
  readonly transactionsPerSecond: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** By lane, which is by node as long as none is lost. */
  readonly lanes: readonly LaneProgress[]
}

export interface LaneProgress {
  readonly transactionsPerSecond: number
  readonly p50Ms: number | null
}

export interface LoadResult {
  readonly durationSeconds: number
  readonly submitted: number
  /** Acknowledged as committed, each once. */
  readonly committed: number
  /** Acknowledged until the end of the load, over its duration. */
  readonly transactionsPerSecond: number
  /** From the scheduled time to the acknowledgement; null when that share was never acknowledged. */
  readonly latencyMs: { readonly p50: number | null; readonly p99: number | null }
}
