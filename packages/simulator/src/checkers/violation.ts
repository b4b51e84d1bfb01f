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
  /** A vertex in the log that no quorum can have voted for. */
  | 'uncertified'
  /** Something in the log that nobody submitted. */
  | 'invented'
  /** An honest replica was accused. */
  | 'accused'
  /** A queue outgrew its bound. */
  | 'overflowed'
  /** A machine threw. */
  | 'asserted'

/** What a user loses, by the five names that the command prints; the verdict is the detail. */
export type VerdictKind = 'pass' | 'diverged' | 'lost' | 'duplicated' | 'stalled'

/**
 * The kind of each verdict. What two quorums or a wrong log come from is a divergence, even where the run ended before one was seen;
 * what stops an honest replica, or would, is a stall.
 */
export const verdictKinds: Readonly<Record<RunVerdict, VerdictKind>> = {
  pass: 'pass',
  diverged: 'diverged',
  'double-signed': 'diverged',
  uncertified: 'diverged',
  invented: 'diverged',
  lost: 'lost',
  duplicated: 'duplicated',
  stalled: 'stalled',
  accused: 'stalled',
  overflowed: 'stalled',
  asserted: 'stalled'
}

/** The first thing that went wrong. */
export interface Violation {
  readonly verdict: Exclude<RunVerdict, 'pass'>
  /** In words: where, what, against what. */
  readonly facts: string
}

export type Report = (violation: Violation) => void
