import { emptyBytes, Reader, Writer } from '@novacron/base'
import type { TransactionView } from '../envelope.ts'
import type { Result } from '../result.ts'
import type { StateView } from '../state/state-view.ts'
import { type Application, type ApplyContext, done } from './application.ts'

export const logApplication = 1

export interface LogCounters {
  readonly transactions: number
  /** Of payload. */
  readonly bytes: number
}

/**
 * Opaque bytes, ordered and durable: the log itself holds them, the state only counts. The counters are gathered in memory
 * and written once a commit, since hashing a key for every transaction would cost more than all the rest.
 */
export class Log implements Application {
  readonly id: number = logApplication
  readonly name = 'log'
  #transactions = 0
  #bytes = 0
  #isChanged = false

  /** Goes on from what `state` holds. */
  constructor(state: StateView) {
    const stored = state.get(emptyBytes)
    if (stored === undefined) return
    const reader = new Reader(stored)
    this.#transactions = reader.u64()
    this.#bytes = reader.u64()
    reader.end()
  }

  get counters(): LogCounters {
    return { transactions: this.#transactions, bytes: this.#bytes }
  }

  apply(_context: Readonly<ApplyContext>, transaction: TransactionView): Result {
    this.#transactions++
    this.#bytes += transaction.payloadLength
    this.#isChanged = true
    return done
  }

  finish({ state }: Readonly<ApplyContext>): void {
    if (!this.#isChanged) return
    this.#isChanged = false
    const counters = new Writer(16).u64(this.#transactions).u64(this.#bytes).finish()
    state.putAlways(emptyBytes, counters)
  }
}
