import type { Acceptance, Session } from './sessions/session.ts'

/** What makes a request take effect exactly once, handed to the executor as a value so that a test can break it. */
export interface ExecutionRules {
  /** Records the request as run, unless it has been. */
  accept(session: Session, sequence: number): Acceptance
  /** The row of a session: what it has run is part of the state, beside the effects of that. */
  encodeSession(session: Session): Uint8Array
}

export const executionRules: ExecutionRules = {
  accept: (session, sequence) => session.accept(sequence),
  encodeSession: session => session.encode()
}
