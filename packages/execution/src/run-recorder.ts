import type { Digest } from '@novacron/base'
import type { Commit, ExecutedCommit, ExecutedRun, OrdinalRange } from './executed-commit.ts'
import type { Result, ResultCode } from './result.ts'

/**
 * Runs of one commit. Real ones need few; a commit of empty envelopes that all name another session would need millions of
 * objects. Beyond it nothing is lost but the news: a client that asks again hears `duplicate`.
 */
export const runsMax = 262_144

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Gathers the results of one commit; neighbours with one outcome cost one object together. */
export class RunRecorder {
  readonly #runs: ExecutedRun[] = []
  readonly #ranges: OrdinalRange[] = []
  /** The last of each, while it may still grow. */
  #run: Mutable<ExecutedRun> | undefined
  #range: Mutable<OrdinalRange> | undefined
  #transactions = 0
  #applied = 0
  #duplicates = 0

  /** Transactions recorded, which is the ordinal of the next. */
  get ordinal(): number {
    return this.#transactions
  }

  /** `position` is that of the transaction in the log: what follows in a commit follows there too. */
  record(session: string, sequence: number, result: Result, position: number): void {
    const ordinal = this.#transactions
    this.#count(result.code)
    const run = this.#run
    const isNext =
      run !== undefined &&
      run.code === result.code &&
      run.lastSequence + 1 === sequence &&
      run.session === session &&
      (run.firstVersion !== undefined) === (result.isVersioned === true)
    if (isNext) {
      run.lastSequence = sequence
      return
    }
    const begun = runOf(session, sequence, ordinal, result)
    if (result.isVersioned === true) begun.firstVersion = position
    this.#begin(begun, true)
  }

  /** A transaction that asked for a session: always a run of its own, which its sender finds by digest. */
  recordOpen(session: string, sequence: number, result: Result, openDigest: Digest): void {
    const ordinal = this.#transactions
    this.#count(result.code)
    this.#begin({ ...runOf(session, sequence, ordinal, result), openDigest }, false)
  }

  finish(commit: Commit, malformedBatches: number): ExecutedCommit {
    return {
      index: commit.index,
      digest: commit.digest,
      transactions: this.#transactions,
      applied: this.#applied,
      duplicates: this.#duplicates,
      rejected: this.#transactions - this.#applied - this.#duplicates,
      malformedBatches,
      runs: this.#runs,
      appliedRanges: this.#ranges
    }
  }

  #begin(run: Mutable<ExecutedRun>, mayGrow: boolean): void {
    const hasRoom = this.#runs.length < runsMax
    if (hasRoom) this.#runs.push(run)
    this.#run = hasRoom && mayGrow ? run : undefined
  }

  #count(code: ResultCode): void {
    const ordinal = this.#transactions++
    if (code === 'duplicate') this.#duplicates++
    if (code !== 'ok') return
    this.#applied++
    if (this.#range !== undefined && this.#range.last + 1 === ordinal) {
      this.#range.last = ordinal
      return
    }
    this.#range = { first: ordinal, last: ordinal }
    this.#ranges.push(this.#range)
  }
}

function runOf(
  session: string,
  sequence: number,
  ordinal: number,
  { code, value }: Result
): Mutable<ExecutedRun> {
  const run = {
    session,
    firstSequence: sequence,
    lastSequence: sequence,
    firstOrdinal: ordinal,
    code
  }
  return value === undefined ? run : { ...run, value }
}
