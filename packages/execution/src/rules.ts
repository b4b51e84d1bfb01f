import type { Application, ApplyContext } from './applications/application.ts'
import { keepsWhileWaiting } from './buckets/bucket-tree.ts'
import type { TransactionView } from './envelope.ts'
import type { Result } from './result.ts'
import type { Acceptance, Session } from './sessions/session.ts'

/** What makes a request take effect exactly once, handed to the executor as a value so that a test can break it. */
export interface ExecutionRules {
  /** Records the request as run, unless it has been. */
  accept(session: Session, sequence: number): Acceptance
  /** What the request does to the state, and its answer. */
  apply(application: Application, context: ApplyContext, transaction: TransactionView): Result
  /** The row of a session: what it has run is part of the state, beside the effects of that. */
  encodeSession(session: Session): Uint8Array
  /** Must what a change replaces be kept? `isWaiting`: a checkpoint that holds it has begun, and is not encoded so far. */
  keepsFormer(isWaiting: boolean): boolean
}

export const executionRules: ExecutionRules = {
  accept: (session, sequence) => session.accept(sequence),
  apply: (application, context, transaction) => application.apply(context, transaction),
  encodeSession: session => session.encode(),
  keepsFormer: keepsWhileWaiting
}
