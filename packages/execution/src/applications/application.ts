import type { CommitIndex } from '@novacron/base'
import type { TransactionView } from '../envelope.ts'
import type { Result } from '../result.ts'
import type { StateView } from '../state/state-view.ts'

/** Where and when a transaction is applied: one object for each application, which moves along the log. */
export class ApplyContext {
  readonly state: StateView
  index = 0 as CommitIndex
  /** Milliseconds since 1970, agreed. */
  timestamp = 0
  /** Transactions in the log up to and with this one; never twice the same. */
  position = 0

  constructor(state: StateView) {
    this.state = state
  }

  begin(commit: Pick<ApplyContext, 'index' | 'timestamp'>): void {
    this.index = commit.index
    this.timestamp = commit.timestamp
  }
}

/**
 * One kind of transaction and the keys that it owns. Pure: the result and the writes follow from the state, the context and
 * the transaction alone.
 */
export interface Application {
  /** Byte in the envelope, and first byte of its keys. */
  readonly id: number
  readonly name: string
  apply(context: Readonly<ApplyContext>, transaction: TransactionView): Result
  /** After the last transaction of a commit: writes what it gathered. */
  finish?(context: Readonly<ApplyContext>): void
}

export const done: Result = { code: 'ok' }
/** As `done`, and what was written has the transaction's position as its version. */
export const written: Result = { code: 'ok', isVersioned: true }
