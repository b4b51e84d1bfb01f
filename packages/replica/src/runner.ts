import type { BatchReader, CommitIndex, Hash, Millis } from '@novacron/base'
import {
  type BatchReference,
  type CommittedSubDag,
  decodeSubDag,
  type Finality,
  indexKey,
  type Row,
  type SigningDomain,
  tables
} from '@novacron/consensus'
import type { ExecutedCommit, Executor } from '@novacron/execution'
import { CommitQueue, payloadOf } from './commit-queue.ts'
import type { ReplicaEffect } from './effects.ts'

export const runTimer = 'replica/run'
const replayToken = 'replay'

/** How much is read and run at once. */
export interface RunnerOptions {
  readonly executeCommitsPerStep: number
  readonly readCommitsMax: number
}

export interface RunnerNeeds {
  readonly executor: Executor
  readonly batches: BatchReader
  readonly domain: SigningDomain
  readonly hash: Hash
}

export interface RunCommit {
  readonly subDag: CommittedSubDag
  readonly finality: Finality
  readonly outcome: ExecutedCommit
  readonly payload: readonly BatchReference[]
}

/** Brings ordered commits to the executor, in order and without gaps: live ones from the orderer, missed ones from the store. */
export class Runner {
  readonly #options: RunnerOptions
  readonly #needs: RunnerNeeds
  readonly #queue: CommitQueue
  /** The commit from which on the store is being asked. */
  #readingFrom: number | undefined
  /** A commit that is ordered, and that the store has no record of. */
  #lostIndex: number | undefined
  #isTimerSet = false

  constructor(options: RunnerOptions, needs: RunnerNeeds) {
    this.#options = options
    this.#needs = needs
    this.#queue = new CommitQueue(needs.batches)
  }

  get queueLength(): number {
    return this.#queue.length
  }

  /** Nobody tells of the next commit any more: the orderer has passed it, and its record is not in the store. */
  get isRecordLost(): boolean {
    return this.#lostIndex === this.#nextIndex()
  }

  /**
   * A live commit. One that does not follow is left to `replay`, since the store has what lies between; so is one that the
   * queue has no room for while payload is missing.
   */
  onDelivered(subDag: CommittedSubDag, finality: Finality): void {
    const hasRoom = this.#queue.length < this.#options.readCommitsMax
    if (hasRoom && subDag.index === this.#nextIndex()) this.#queue.push({ subDag, finality })
  }

  /** Reads from the store what the orderer has and the executor has not. */
  replay(orderedIndex: CommitIndex, out: ReplicaEffect[]): void {
    const next = this.#nextIndex()
    const limit = this.#options.readCommitsMax
    const isToRead = this.#readingFrom === undefined && this.#lostIndex !== next
    if (!isToRead || next > orderedIndex || this.#queue.length >= limit) return
    this.#readingFrom = next
    const range = { table: tables.commit, from: indexKey(next), to: indexKey(next + limit), limit }
    out.push({ type: 'read', token: replayToken, range })
  }

  /** True when the token was the runner's. */
  onRead(token: string, rows: readonly Row[]): boolean {
    if (token !== replayToken) return false
    const from = this.#readingFrom
    this.#readingFrom = undefined
    const { domain, hash } = this.#needs
    for (const { value } of rows) {
      if (value === undefined) break
      const subDag = decodeSubDag(value, domain, hash)
      if (subDag.index !== this.#nextIndex()) break
      this.#queue.push({ subDag, finality: 'final' })
    }
    // Asked again it would say the same: a damaged record reads as missing.
    if (from === this.#nextIndex()) this.#lostIndex = from
    return true
  }

  onTimer(): void {
    this.#isTimerSet = false
  }

  /**
   * Runs what is complete, at most so many and none beyond `lastIndex`, which each commit may change, and tells of each before
   * the next; asks to go on when there is more.
   */
  run(
    now: Millis,
    lastIndex: () => number,
    out: ReplicaEffect[],
    onCommit: (commit: RunCommit) => void
  ): void {
    for (let done = 0; done < this.#options.executeCommitsPerStep; done++) {
      if (this.#needs.executor.index >= lastIndex()) return
      const taken = this.#queue.take()
      if (taken === undefined) return
      const { subDag, finality } = taken.queued
      const outcome = this.#needs.executor.execute(taken.commit)
      onCommit({ subDag, finality, outcome, payload: payloadOf(subDag) })
    }
    if (this.#queue.length > 0 && !this.#isTimerSet) {
      this.#isTimerSet = true
      out.push({ type: 'set-timer', timer: runTimer, at: now })
    }
  }

  /** A piece is read while there is room for one commit. */
  get queueLengthMax(): number {
    return 2 * this.#options.readCommitsMax - 1
  }

  /** What the next commit waits for. */
  waits(): { readonly missing: number; readonly isRecordLost: boolean } {
    return { missing: this.missing().length, isRecordLost: this.isRecordLost }
  }

  /** Payload that holds up the next commit. */
  missing(): readonly BatchReference[] {
    return this.#queue.missing()
  }

  #nextIndex(): number {
    return (this.#queue.lastIndex ?? this.#needs.executor.index) + 1
  }
}
