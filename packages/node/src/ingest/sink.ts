/** Consecutive transactions of one session with one fate. */
export interface CommittedRun {
  /** 32 hex digits. */
  readonly session: string
  readonly first: number
  /** Included. */
  readonly last: number
  readonly index: number
  /** `resultByte` of what became of it, 0 for `ok`; opaque to the ingest socket. */
  readonly code: number
}

export interface Offer {
  readonly accepted: boolean
  /** When to ask again, if the sink does not say go before. */
  readonly retryAfterMs?: number
}

/** Where the ingest socket puts transactions: the batch maker of the node. */
export interface IngestSink {
  /**
   * Takes `count` envelopes, all or none. `envelopes` is a view into a socket buffer: the sink copies what it keeps
   * before it returns.
   */
  offer(envelopes: Uint8Array, count: number): Offer
  /** Calls `listener` with what each commit brought, in order, until the returned function is called. */
  onCommitted(listener: (runs: readonly CommittedRun[]) => void): () => void
  /** Calls `listener` when the sink takes more again after it refused; optional, as refused frames are offered again anyway. */
  onReady?(listener: () => void): () => void
}
