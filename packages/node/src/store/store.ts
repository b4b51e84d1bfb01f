import type { BatchReader, Digest, Write } from '@novacron/base'
import type { StoreFault } from './store-fault.ts'

/** Payload bytes of batches by digest. `has` and `read` are synchronous. */
export interface BatchStore extends BatchReader {
  /**
   * Held from now on; durable when the next `flush` resolves. A digest that is there already costs nothing. `bytes` are
   * kept, at first to be written, then in a cache: the caller must not change them afterwards.
   *
   * throws  StoreFault `disk-full` (nothing was stored; goes on after `Store.retry`) or `io`
   */
  append(digest: Digest, bytes: Uint8Array): void
  /** Forgets batches; unknown digests are ignored. Never throws for a full disk: dropping makes room. */
  drop(digests: readonly Digest[]): void
  /** Everything held, in no order; for reconciling with what consensus still needs after a start. */
  digests(): Iterable<Digest>
  readonly count: number
  /** Live payload bytes. */
  readonly bytes: number
}

/** Bounds `from <= key < to`, in the byte order of keys. */
export interface RangeOptions {
  readonly from?: Uint8Array
  readonly to?: Uint8Array
  readonly limit?: number
  readonly reverse?: boolean
}

export type Entry = readonly [key: Uint8Array, value: Uint8Array]

/**
 * `open`       all is well
 * `disk-full`  nothing is written until `retry` succeeds; reads go on
 * `failed`     a write may be lost; only stopping and starting again helps
 */
export type StoreState = 'open' | 'disk-full' | 'failed' | 'closed'

export interface StoreStats {
  readonly state: StoreState
  readonly databaseBytes: number
  readonly segmentBytes: number
  readonly segmentCount: number
  /** Length of `signed.log`. */
  readonly journalBytes: number
  /** Sum of the three above; what `diskBytesMax` bounds. */
  readonly diskBytes: number
  /** Free bytes of the file system when last looked at; undefined where there is no file system. */
  readonly diskFreeBytes: number | undefined
  readonly batchCount: number
  readonly batchBytes: number
  /** Records whose checksum did not match since the store was opened. */
  readonly damagedCount: number
  readonly flushCount: number
  readonly flushMsLast: number
  /** Bytes of writes that wait for their flush. */
  readonly queuedBytes: number
}

/** Writes to this table stay in `signed.log`, outside the database. */
export const signedTable = 'signed'

export interface Store extends AsyncDisposable {
  readonly batches: BatchStore
  /**
   * Queues writes in order; all of one call are applied together or not at all (`signed` and the rest may lie in two files,
   * each of them atomic by itself, and `signed` is never ahead). Keys and values are copied. Durable when a `flush` called
   * afterwards resolves; readable when a `settle` called afterwards resolves, perhaps sooner. Never throws; a failure
   * surfaces in `flush`, `settle` and `onFailure`.
   */
  write(writes: readonly Write[]): void
  /**
   * Resolves when every append and write before this call is on disk. One sync is in flight at a time; everything that
   * is queued meanwhile shares the next one. Rejects with a StoreFault; what was queued stays queued and goes to disk by
   * a later `retry`.
   */
  flush(): Promise<void>
  /** Resolves when every write before this call is readable. Rejects like `flush`. */
  settle(): Promise<void>
  /** Sees all that a resolved `settle` covers; of later writes some or none, always a first part. The same for `range`. */
  get(table: string, key: Uint8Array): Promise<Uint8Array | undefined>
  range(table: string, options?: RangeOptions): AsyncIterable<Entry>
  /**
   * Leaves `disk-full` when there is room again and writes what is queued. `appendFirst` then appends the batches that were
   * refused, before anything that was queued behind them is written; it answers false when one was refused again. The caller owns the timer.
   * Returns whether the store is `open` now; never rejects.
   */
  retry(appendFirst?: () => boolean): Promise<boolean>
  stats(): StoreStats
}

/** What the store tells its owner, outside of any call. */
export interface StoreListener {
  /** A record failed its checksum and reads as missing. `key` is hex; `table` is `batches` for a batch. */
  readonly onDamage?: (table: string, key: string) => void
  /** The state became `disk-full` or `failed`; once per change. */
  readonly onFailure?: (fault: StoreFault) => void
}
