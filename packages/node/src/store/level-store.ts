import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { AssertionError, Fault, type Write } from '@novacron/base'
import { Applier, markKey, markRow, markTable } from './applier.ts'
import { Database } from './database.ts'
import { DiskBudget } from './disk-budget.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { type Flush, Journal } from './journal.ts'
import type { SignedLogPresence } from './journal-loader.ts'
import { type DirectoryLock, lockDirectory } from './lock.ts'
import { type Operation, toUnit, type Unit } from './operation.ts'
import { checkStoreOptions, defaultStoreOptions, type StoreOptions } from './options.ts'
import { quickFiles } from './quick-files.ts'
import { redo } from './segment-redo.ts'
import { SegmentStore } from './segment-store.ts'
import {
  type BatchStore,
  type Entry,
  type RangeOptions,
  type Store,
  type StoreListener,
  type StoreState,
  type StoreStats,
  signedTable
} from './store.ts'
import { type StoreFacts, type StoreFault, toStoreFault } from './store-fault.ts'
import { decodeMark, payloadBytesOf } from './write-codec.ts'
import { WriteQueue } from './write-queue.ts'

/** Moments between which a crash may come; the hook of `StoreNeeds` is called before each. */
export type PersistPoint =
  | 'batch-append'
  | 'segments-sync'
  | 'journal-append'
  | 'flush-done'
  | 'database-batch'

export interface StoreNeeds extends StoreListener {
  readonly files?: FileSystem
  /** A seam for crash tests: may end the process, or throw to fail the operation that follows. */
  readonly onPersist?: (point: PersistPoint) => void
  /** A lock that the caller already holds and releases itself; otherwise the store takes and releases its own. */
  readonly lock?: DirectoryLock
}

export interface OpenedStore {
  readonly store: Store
  /** Unless `present`, the node may have signed what it does not remember. */
  readonly signedLog: SignedLogPresence
}

/**
 * Opens the store of a data directory, which must exist; cuts torn tails and rebuilds the index of batches.
 *
 * throws  StoreFault `directory-in-use`, `bad-file`, `disk-full` or `io`
 */
export async function openStore(
  options: Partial<StoreOptions> & Pick<StoreOptions, 'directory'>,
  needs: StoreNeeds = {}
): Promise<OpenedStore> {
  const all: StoreOptions = { ...defaultStoreOptions, ...options }
  checkStoreOptions(all)
  await using stack = new AsyncDisposableStack()
  try {
    if (needs.lock === undefined) stack.use(lockDirectory(all.directory))
    const store = await LevelStore.open(all, needs, stack)
    return { store, signedLog: store.signedLogPresence }
  } catch (error) {
    if (error instanceof AssertionError) throw error
    throw toStoreFault(error, all.directory)
  }
}

interface Group {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Segment files for batches, `signed.log` for what was signed and as the journal of LevelDB, which has the other tables. A
 * flush syncs the first two, or with little payload `signed.log` alone, which has it until the segments get it. LevelDB gets the
 * operations of many flushes together, a little later.
 */
class LevelStore implements Store {
  readonly #options: StoreOptions
  readonly #needs: StoreNeeds
  readonly #files: FileSystem
  readonly #queue: WriteQueue
  readonly #budget: DiskBudget
  #segments!: SegmentStore
  #journal!: Journal
  #database!: Database
  #applier!: Applier
  #resources: AsyncDisposableStack = new AsyncDisposableStack()
  #state: StoreState = 'open'
  #fault: StoreFault | undefined
  /** The flush that callers join until it starts. */
  #nextGroup: Group | undefined
  #running: Promise<void> | undefined
  #retrying: Promise<boolean> | undefined
  #drainTimer: NodeJS.Timeout | undefined
  #damagedCount = 0
  #flushCount = 0
  #flushMsLast = 0

  static async open(
    options: StoreOptions,
    needs: StoreNeeds,
    stack: AsyncDisposableStack
  ): Promise<LevelStore> {
    const store = new LevelStore(options, needs)
    await store.#open(stack)
    store.#resources = stack.move()
    return store
  }

  private constructor(options: StoreOptions, needs: StoreNeeds) {
    this.#options = options
    this.#needs = needs
    this.#queue = new WriteQueue(options.queuedBytesMax)
    this.#files = needs.files ?? quickFiles(nodeFileSystem)
    this.#budget = new DiskBudget(options, this.#files)
  }

  async #open(stack: AsyncDisposableStack): Promise<void> {
    const { directory, writeBufferBytes, blockCacheBytes } = this.#options
    const files = this.#files
    const onDamage = (table: string, key: string): void => this.#onDamage(table, key)
    const batchesPath = join(directory, 'batches')
    mkdirSync(batchesPath, { recursive: true, mode: 0o700 })
    const path = join(directory, 'db')
    this.#database = await Database.open({ path, writeBufferBytes, blockCacheBytes }, { onDamage })
    stack.defer(() => this.#database.close())
    const row = await this.#database.get(markTable, markKey)
    const mark = row === undefined ? undefined : decodeMark(row)
    this.#journal = Journal.open(join(directory, 'signed.log'), files, this.#options, mark)
    stack.defer(() => this.#journal.close())
    for (let i = 0; i < this.#journal.damagedCount; i++) onDamage(signedTable, '')
    redo(this.#journal.takeExtents(), { directory: batchesPath, files })
    this.#segments = new SegmentStore(batchesPath, this.#options, {
      files,
      onDamage: what => onDamage('batches', what),
      admit: bytes => this.#admit(bytes),
      onFailure: (error, path) => this.#fail(error, path)
    })
    stack.defer(() => this.#segments.close())
    await this.#applyToDatabase([...this.#journal.takeFound(), markRow(this.#journal.mark)])
    this.#applier = new Applier(this.#options, {
      journal: this.#journal,
      apply: operations => this.#applyToDatabase(operations),
      refusal: () => (this.#isOver ? this.#refusal() : undefined),
      onFailure: error => this.#fail(error, directory)
    })
    stack.defer(() => this.#applier.stop())
    this.#budget.setDatabaseBytes(await this.#database.fileBytes())
  }

  get signedLogPresence(): SignedLogPresence {
    return this.#journal.presence
  }

  get #isOver(): boolean {
    return this.#state === 'failed' || this.#state === 'closed'
  }

  get batches(): BatchStore {
    return this.#segments
  }

  write(writes: readonly Write[]): void {
    if (writes.length === 0 || this.#isOver) return
    if (!this.#queue.push(toUnit(writes))) {
      const { queuedBytesMax } = this.#options
      const queuedBytes = this.#queue.bytes
      this.#fail(new Fault<StoreFacts>({ code: 'queue-full', queuedBytes, queuedBytesMax }), '')
      return
    }
    this.#drainLater()
  }

  flush(): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(this.#refusal())
    if (this.#running === undefined && this.#queue.length === 0 && !this.#segments.isDirty) {
      return Promise.resolve()
    }
    this.#nextGroup ??= Promise.withResolvers<void>()
    const { promise } = this.#nextGroup
    this.#running ??= this.#run()
    return promise
  }

  async settle(): Promise<void> {
    await this.flush()
    await this.#applier.drain()
  }

  async get(table: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    if (this.#state === 'closed') throw this.#refusal()
    return table === signedTable ? this.#journal.get(key) : this.#database.get(table, key)
  }

  async *range(table: string, options: RangeOptions = {}): AsyncGenerator<Entry> {
    if (this.#state === 'closed') throw this.#refusal()
    if (table === signedTable) yield* this.#journal.range(options)
    else yield* this.#database.range(table, options)
  }

  retry(appendFirst: () => boolean = () => true): Promise<boolean> {
    this.#retrying ??= this.#retry(appendFirst).finally(() => {
      this.#retrying = undefined
    })
    return this.#retrying
  }

  stats(): StoreStats {
    const segmentBytes = this.#segments.fileBytes
    const journalBytes = this.#journal.bytes
    return {
      state: this.#state,
      databaseBytes: this.#budget.databaseBytes,
      segmentBytes,
      segmentCount: this.#segments.segmentCount,
      journalBytes,
      diskBytes: this.#budget.databaseBytes + segmentBytes + journalBytes,
      diskFreeBytes: this.#budget.lookAtFreeBytes(),
      batchCount: this.#segments.count,
      batchBytes: this.#segments.bytes,
      damagedCount: this.#damagedCount,
      flushCount: this.#flushCount,
      flushMsLast: this.#flushMsLast,
      queuedBytes: this.#queue.bytes
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return
    // What cannot be flushed now was never acknowledged, and its failure is told to `onFailure`.
    await this.settle().catch(() => undefined)
    await this.#running
    await this.#applier.idle()
    clearTimeout(this.#drainTimer)
    this.#state = 'closed'
    await this.#resources.disposeAsync()
  }

  async #run(): Promise<void> {
    while (this.#nextGroup !== undefined) {
      // What the sockets have brought in this turn of the event loop is handled before, and shares the flush.
      await setImmediate()
      const group = this.#nextGroup
      this.#nextGroup = undefined
      clearTimeout(this.#drainTimer)
      this.#drainTimer = undefined
      if (this.#state !== 'open') {
        // A batch was refused meanwhile: what was queued behind it must not reach the disk before it.
        group.reject(this.#refusal())
        continue
      }
      const units = this.#queue.take()
      try {
        // Another group may have covered this one while it waited.
        if (units.length > 0 || this.#segments.isDirty) await this.#commit(units)
        this.#queue.done(units)
        group.resolve()
      } catch (error) {
        this.#queue.restore(units)
        const reason = this.#fail(error, this.#options.directory)
        group.reject(reason)
        this.#rejectNext(reason)
        continue
      }
      await this.#compact()
    }
    this.#running = undefined
  }

  /** Who joined while the failed flush ran learns of it too. */
  #rejectNext(reason: unknown): void {
    this.#nextGroup?.reject(reason)
    this.#nextGroup = undefined
  }

  /**
   * Promises last: a signed header on disk whose payload or parents are not could never be certified, and never be replaced;
   * after a loss of power that hits a few members at once the chain would stand for ever.
   */
  async #commit(units: readonly Unit[]): Promise<void> {
    const startedAt = performance.now()
    this.#budget.admit(addedBytesOf(units), this.#fileBytes() + this.#journal.waitingBytes)
    const flush = {
      signed: units.flatMap(unit => unit.signed),
      operations: units.flatMap(unit => unit.operations)
    }
    if (this.#isJournaled(flush, units)) await this.#commitThroughJournal(flush)
    else await this.#commitDirectly(flush)
    this.#needs.onPersist?.('flush-done')
    this.#flushCount += 1
    this.#flushMsLast = performance.now() - startedAt
  }

  #isJournaled(flush: Flush, units: readonly Unit[]): boolean {
    const size = units.reduce((sum, unit) => sum + unit.bytes, 0)
    return size <= this.#options.journaledBytesMax && this.#journal.takes(flush)
  }

  /** A little payload goes the same way: one disk operation in place of two. */
  async #commitThroughJournal(flush: Flush): Promise<void> {
    await this.#applier.makeRoom()
    const extents = this.#journal.takesPayload ? this.#segments.unsecured() : undefined
    if (extents === undefined) await this.#syncSegments()
    else this.#budget.admit(payloadBytesOf(extents), this.#fileBytes())
    await this.#appendToJournal({ ...flush, extents: extents ?? [] })
    if (extents !== undefined) this.#segments.onJournaled(extents)
    this.#applier.schedule()
  }

  /** A state is not written twice; and what must not be journaled is not. */
  async #commitDirectly({ signed, operations }: Flush): Promise<void> {
    const outcomes = await Promise.allSettled([
      this.#syncSegments(),
      operations.length > 0 ? this.#applier.applyDirectly(operations) : undefined
    ])
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    await this.#appendToJournal({ signed, operations: [] })
  }

  async #syncSegments(): Promise<void> {
    if (!this.#segments.isUnwritten) return
    this.#needs.onPersist?.('segments-sync')
    await this.#segments.sync()
  }

  async #appendToJournal(flush: Flush): Promise<void> {
    const { signed, operations, extents = [] } = flush
    if (signed.length === 0 && operations.length === 0 && extents.length === 0) return
    this.#needs.onPersist?.('journal-append')
    await this.#journal.append(flush)
  }

  async #applyToDatabase(operations: readonly Operation[]): Promise<void> {
    this.#needs.onPersist?.('database-batch')
    await this.#database.apply(operations)
    const size = operations.reduce(
      (sum, each) => sum + (each.type === 'put' ? each.value.length : 0),
      0
    )
    if (this.#budget.noteDatabaseWrite(size)) {
      this.#budget.setDatabaseBytes(await this.#database.fileBytes())
    }
  }

  /** Nobody waits for it but the next flush. */
  async #compact(): Promise<void> {
    try {
      if (!this.#journal.isLong) return
      await this.#syncSegments()
      await this.#journal.compact()
    } catch (error) {
      this.#rejectNext(this.#fail(error, this.#options.directory))
    }
  }

  async #retry(appendFirst: () => boolean): Promise<boolean> {
    await this.#running
    if (this.#state !== 'disk-full') return this.#state === 'open'
    try {
      this.#budget.setDatabaseBytes(await this.#database.fileBytes())
      this.#budget.admit(this.#queue.addedBytes, this.#fileBytes() + this.#journal.waitingBytes)
      await this.#applier.hold(this.#refusal())
      await this.#database.reopen()
      // Ranges that waited for it take their view before anything is written.
      await setImmediate()
      await this.#applier.applyAgain()
      // What only the journal has makes no room for what waits to be appended.
      await this.#syncSegments()
      this.#state = 'open'
      if (appendFirst()) await this.flush()
      else this.#state = 'disk-full'
    } catch (error) {
      this.#fail(error, this.#options.directory)
    }
    // The state changed while this waited.
    const state = this.#state as StoreState
    if (state === 'open') this.#fault = undefined
    return state === 'open'
  }

  /** What nobody flushes goes to disk all the same. */
  #drainLater(): void {
    this.#drainTimer ??= setTimeout(() => {
      this.#drainTimer = undefined
      // A failure is kept in the state and told to `onFailure`; nobody waits here.
      this.flush().catch(() => undefined)
    }, this.#options.drainDelayMs).unref()
  }

  #fileBytes(): number {
    return this.#segments.fileBytes + this.#journal.bytes
  }

  #admit(bytes: number): void {
    if (this.#state !== 'open') throw this.#refusal()
    try {
      this.#needs.onPersist?.('batch-append')
      this.#budget.admit(bytes, this.#fileBytes())
      this.#drainLater()
    } catch (error) {
      throw this.#fail(error, this.#options.directory)
    }
  }

  #refusal(): StoreFault {
    return this.#fault ?? new Fault<StoreFacts>({ code: 'store-closed' })
  }

  /** Records a failure and returns it as a fault. An assertion is our own mistake and passes through. */
  #fail(error: unknown, path: string): Error {
    if (error instanceof AssertionError) {
      this.#state = 'failed'
      return error
    }
    const fault = toStoreFault(error, path)
    if (this.#isOver) return fault
    const state = fault.code === 'disk-full' ? 'disk-full' : 'failed'
    // A retry that fails again is not a change.
    const isKnown = this.#fault?.code === fault.code
    this.#state = state
    this.#fault = fault
    if (!isKnown) this.#needs.onFailure?.(fault)
    return fault
  }

  #onDamage(table: string, key: string): void {
    this.#damagedCount += 1
    this.#needs.onDamage?.(table, key)
  }
}

function addedBytesOf(units: readonly Unit[]): number {
  return units.reduce((sum, unit) => sum + unit.addedBytes, 0)
}
