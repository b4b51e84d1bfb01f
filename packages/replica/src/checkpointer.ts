import { type Epoch, emptyBytes, type Millis } from '@novacron/base'
import { type Executor, executionTables, persistWrites, pieceWrites } from '@novacron/execution'
import type { ReplicaEffect } from './effects.ts'
import type { ReplicaOptions } from './options.ts'
import type { Retention } from './retention.ts'
import type { StateSync } from './state-sync.ts'

export const sealTimer = 'replica/seal'
const savedToken = 'state-saved'
/** A checkpoint waits no longer than for so many intervals: so much more is run again after a crash, at most. */
export const checkpointIntervalsMax = 8

export interface CheckpointerNeeds {
  readonly epoch: Epoch
  readonly executor: () => Executor
  /** Where pruning stands is written together with a checkpoint. */
  readonly retention: Pick<
    Retention,
    'bytesSinceBegun' | 'onCheckpointBegun' | 'checkpointWrite' | 'onCheckpoint'
  >
  /** Signs it and gives it away. */
  readonly sync: () => Pick<StateSync, 'onCheckpointBegun' | 'onCheckpoint'> | undefined
}

/**
 * Seals and saves checkpoints in pieces, so that neither the steps nor the writes grow with the state: one with each commit
 * that follows, paced so that half an interval is enough, and one with each timer, so that an idle log has its checkpoints too.
 *
 * Where writes fall all over a large state, each checkpoint is of nearly all of it. So the log has to have carried as many bytes
 * since the last one, or `checkpointIntervalsMax` intervals to have passed: what checkpoints cost is bounded by what commits cost.
 * All of that follows from the log, so that all replicas have the same checkpoints, those that crashed or came by a snapshot too.
 *
 * Rows are written as they come and count only once the checkpoint is complete; they take the places that the checkpoint before
 * the last one had. So the next one does not begin before this one is complete and written, and no commit that begins it is run.
 */
export class Checkpointer {
  readonly #options: ReplicaOptions
  readonly #needs: CheckpointerNeeds
  /** With each commit. */
  #pieceBytes = 0
  /** Handed to the store since it last said that everything is written. */
  #unwrittenBytes = 0
  /** Questions to the store whether everything is written. */
  #openReads = 0
  #isHurried = false

  constructor(options: ReplicaOptions, needs: CheckpointerNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** The commit is run: with it begins a checkpoint, or the work on the last one goes on. */
  onExecuted(now: Millis, out: ReplicaEffect[]): void {
    const { epoch, retention, sync } = this.#needs
    const executor = this.#needs.executor()
    const { checkpointIntervalCommits, sealBytesMin, sealBytesMax } = this.#options
    const bytes = this.#bytesDue(executor)
    if (bytes === undefined) return this.#seal(this.#pieceBytes, now, out)
    executor.beginCheckpoint(epoch)
    const even = Math.ceil(bytes / Math.ceil(checkpointIntervalCommits / 2))
    this.#pieceBytes = Math.min(Math.max(even, sealBytesMin), sealBytesMax)
    retention.onCheckpointBegun()
    sync()?.onCheckpointBegun(executor.index)
    this.#setTimer(now, out)
  }

  onTimer(now: Millis, out: ReplicaEffect[]): void {
    this.#isHurried = false
    this.#seal(this.#options.sealBytesMax, now, out)
    if (this.#needs.executor().isSealing) this.#setTimer(now, out)
  }

  /** Commits wait for the checkpoint: what is left of it is done without a pause, but in steps of its own. */
  hurry(now: Millis, out: ReplicaEffect[]): void {
    if (!this.#needs.executor().isSealing || this.#openReads > 0 || this.#isHurried) return
    this.#isHurried = true
    out.push({ type: 'set-timer', timer: sealTimer, at: now })
  }

  /** The state was written as a whole. */
  onSaved(out: ReplicaEffect[]): void {
    this.#expect(out)
  }

  /** True when the token was of a question that is answered now. */
  onRead(token: string): boolean {
    if (token !== savedToken) return false
    this.#openReads--
    return true
  }

  /** The last commit that may be run now. */
  get runnableIndex(): number {
    const { index, isSealing } = this.#needs.executor()
    if (!isSealing && this.#openReads === 0) return Number.POSITIVE_INFINITY
    const interval = this.#options.checkpointIntervalCommits
    return index - (index % interval) + interval - 1
  }

  /** About how much the checkpoint has to seal that begins with the last commit; undefined when none does. */
  #bytesDue(executor: Executor): number | undefined {
    const { checkpointIntervalCommits, checkpointBytesMin } = this.#options
    if (executor.index % checkpointIntervalCommits !== 0) return undefined
    const { index, images, bytesToSeal } = executor
    const isPaid =
      bytesToSeal <= Math.max(checkpointBytesMin, this.#needs.retention.bytesSinceBegun)
    const waited = index - (images.at(-1)?.checkpoint.index ?? 0)
    const isOverdue = waited >= checkpointIntervalsMax * checkpointIntervalCommits
    return isPaid || isOverdue ? bytesToSeal : undefined
  }

  #seal(bytesMax: number, now: Millis, out: ReplicaEffect[]): void {
    const executor = this.#needs.executor()
    // Rows that were not written yet are in memory a second time.
    if (!executor.isSealing || this.#openReads > 0) return
    const image = executor.sealPiece(bytesMax)
    const { retention, sync } = this.#needs
    const rows = image === undefined ? pieceWrites(executor) : persistWrites(executor)
    const writes = image === undefined ? rows : [...rows, retention.checkpointWrite()]
    if (writes.length > 0) out.push({ type: 'persist', durable: false, writes })
    for (const row of rows) if (row.type === 'put') this.#unwrittenBytes += row.value.length
    const isMuch = this.#unwrittenBytes >= this.#options.unwrittenBytesMax
    if (image !== undefined || isMuch) this.#expect(out)
    if (image === undefined) return
    sync()?.onCheckpoint(executor, now, out)
    retention.onCheckpoint(image.checkpoint.index, out)
  }

  /** A read is answered once everything before it has been written. */
  #expect(out: ReplicaEffect[]): void {
    this.#openReads++
    this.#unwrittenBytes = 0
    const keys = [{ table: executionTables.executed, key: emptyBytes }]
    out.push({ type: 'read', token: savedToken, keys })
  }

  #setTimer(now: Millis, out: ReplicaEffect[]): void {
    const at = (now + this.#options.sealDelayMs) as Millis
    out.push({ type: 'set-timer', timer: sealTimer, at })
  }
}
