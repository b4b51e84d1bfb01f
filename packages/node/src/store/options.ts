import { assert } from '@novacron/base'

const MiB = 1024 * 1024

export interface StoreOptions {
  /** The node's data directory; `db/`, `batches/`, `signed.log` and `lock` lie in it. */
  readonly directory: string
  /** A segment file is closed at this length; it goes from the disk when all in it is dropped. */
  readonly segmentBytes: number
  /** Batches that are read without touching the disk: those that were appended and not executed yet. */
  readonly cacheBytesMax: number
  /** Batches that wait in memory for their sync; beyond it the appending itself waits for the disk. */
  readonly unsyncedBytesMax: number
  /** Writes that wait for their flush, and one larger than that; beyond it the store fails, since the disk no longer keeps up. */
  readonly queuedBytesMax: number
  /** Writes that nobody flushes go to disk after this long. */
  readonly drainDelayMs: number
  /** The store behaves as if the disk were full beyond this many bytes of its own files. */
  readonly diskBytesMax: number
  /** The store stops writing while the file system has less free than this, so that LevelDB can still tidy up. */
  readonly diskFreeBytesMin: number
  /** LevelDB's memory table; two of them may exist. */
  readonly writeBufferBytes: number
  /** LevelDB's cache of uncompressed blocks. */
  readonly blockCacheBytes: number
  /** `signed.log` is rewritten, without what the database and the segments have, beyond this length. */
  readonly journalBytes: number
  /** `signed.log` is made longer by this much at a time, with zeros; a sync within its length is of data alone. */
  readonly journalAheadBytes: number
  /** A flush with no more new payload than this takes it to `signed.log` too, and to its segment later. */
  readonly journaledPayloadBytesMax: number
  /** Payload that is in `signed.log` and not in its segment; beyond it the next flush writes the segments. */
  readonly unwrittenPayloadBytesMax: number
  /** A flush with more operations than this takes them to the database at once, and not through `signed.log`. */
  readonly journaledBytesMax: number
  /** The database gets what is in `signed.log` after about this long. */
  readonly applyDelayMs: number
  /** Journaled operations that the database does not have, also in memory. It gets half of it at once; beyond it flushes wait. */
  readonly unappliedBytesMax: number
}

export const defaultStoreOptions: Omit<StoreOptions, 'directory'> = {
  segmentBytes: 128 * MiB,
  cacheBytesMax: 64 * MiB,
  unsyncedBytesMax: 64 * MiB,
  queuedBytesMax: 64 * MiB,
  drainDelayMs: 50,
  diskBytesMax: Number.MAX_SAFE_INTEGER,
  diskFreeBytesMin: 64 * MiB,
  writeBufferBytes: 32 * MiB,
  blockCacheBytes: 32 * MiB,
  journalBytes: 8 * MiB,
  journalAheadBytes: 256 * 1024,
  journaledPayloadBytesMax: 64 * 1024,
  unwrittenPayloadBytesMax: 256 * 1024,
  journaledBytesMax: 1 * MiB,
  applyDelayMs: 100,
  unappliedBytesMax: 8 * MiB
}

export function checkStoreOptions(options: StoreOptions): void {
  assert(options.directory.length > 0, 'directory is not empty')
  for (const [name, value] of Object.entries(options)) {
    if (name === 'directory') continue
    assert(Number.isSafeInteger(value) && value >= 0, `${name} is an integer >= 0`)
  }
  assert(options.segmentBytes >= 4096, 'segmentBytes >= 4096')
  assert(options.queuedBytesMax >= 4096, 'queuedBytesMax >= 4096')
  assert(options.writeBufferBytes >= 65_536, 'writeBufferBytes >= 65536')
  assert(options.journalBytes >= 1024, 'journalBytes >= 1024')
  // With what else is in a record it stays far below the longest one.
  assert(options.journalAheadBytes <= 32 * MiB, 'journalAheadBytes <= 32 MiB')
  assert(options.journaledPayloadBytesMax <= 16 * MiB, 'journaledPayloadBytesMax <= 16 MiB')
  assert(options.journaledBytesMax <= 32 * MiB, 'journaledBytesMax <= 32 MiB')
  assert(options.applyDelayMs < 2 ** 31, 'applyDelayMs < 2^31')
}
