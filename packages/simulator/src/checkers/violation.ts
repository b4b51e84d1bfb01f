/** How a run ended. */
export type RunVerdict =
  | 'pass'
  /** Two logs or two states differ at one index. */
  | 'diverged'
  /** A vertex, a commit or a transaction counted twice. */
  | 'duplicated'
  /** Something acknowledged is not in the log. */
  | 'lost'
  /** No progress within its bound after everything was healed. */
  | 'stalled'
  /** Two signatures of one replica for one slot. */
  | 'double-signed'
  /** Something in the log that nobody submitted. */
  | 'invented'
  /** An honest replica was accused. */
  | 'accused'
  /** A queue outgrew its bound. */
  | 'overflowed'
  /** A machine threw. */
  | 'asserted'

/** The first thing that went wrong. */
export interface Violation {
  readonly verdict: Exclude<RunVerdict, 'pass'>
  /** In words: where, what, against what. */
  readonly facts: string
}

export type Report = (violation: Violation) => void
