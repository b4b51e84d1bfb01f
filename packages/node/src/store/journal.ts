import { randomBytes } from 'node:crypto'
import { assert, emptyBytes, type Write } from '@novacron/base'
import { type FileSystem, writeAll } from './file-system.ts'
import {
  type Body,
  createLog,
  flushBody,
  lengthOf,
  openIfThere,
  partsOf,
  payloadBody,
  signedBody
} from './journal-file.ts'
import { load, type Opened, type SignedLogPresence, withoutFile } from './journal-loader.ts'
import type { Operation } from './operation.ts'
import type { OrderedTable } from './ordered-table.ts'
import { type Entry, type RangeOptions, signedTable } from './store.ts'
import {
  type Extent,
  historyLength,
  type JournalRecord,
  type Mark,
  payloadBytesOf
} from './write-codec.ts'

interface JournalOptions {
  /** The file is rewritten when it is longer than this and than twice what it must hold. */
  readonly journalBytes: number
  /**
   * It is made longer by this much at a time, with zeros: a sync within its length is of data alone, and costs less than half of
   * one for which the file system records a new length too.
   */
  readonly journalAheadBytes: number
}

/** What one flush writes here. */
export interface Flush {
  readonly signed: readonly Write[]
  readonly operations: readonly Operation[]
  /** Payload that its segments get later. */
  readonly extents?: readonly Extent[]
}

/** A record that the database does not have yet. */
interface Waiting {
  readonly record: JournalRecord
  readonly bytes: number
}

/**
 * The file `signed.log`: what this node has signed last, and what the database is to get.
 *
 * It is outside of the database, so that losing or restoring the database does not take the memory of what was signed with
 * it; that table is small and held whole in memory. In front of the database it is a journal: a flush is one record, synced
 * once, and the database gets the operations of many flushes later. A little payload is part of the record too, as the bytes that
 * segments get later (docs/decisions/0023-little-payload-in-the-journal.md).
 *
 * Operations are bound to the database that they follow on: each opening begins a history of its own, whose name is a
 * random row in the database, and counts the records with operations. The row says how many the database has; only the next
 * one of the same history is ever applied to it. See docs/decisions/0016-a-journal-before-the-database.md.
 */
export class Journal {
  readonly presence: SignedLogPresence
  readonly damagedCount: number
  readonly #path: string
  readonly #files: FileSystem
  readonly #options: JournalOptions
  readonly #table: OrderedTable
  readonly #history: Uint8Array = new Uint8Array(randomBytes(historyLength))
  /** The last number that was given away. */
  #number = 0
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #found: readonly Operation[]
  #extents: readonly Extent[]
  readonly #ahead: Uint8Array
  /** Nothing is missing from the record of signatures, or what was signed since says so. */
  #isWhole: boolean
  /** Undefined until there is a file. */
  #fd: number | undefined
  #marker: Uint8Array
  #end: number
  /** Length of the file: zeros from `#end` on. */
  #fileEnd: number
  /** It must be written anew, from memory, by the next append: after a failed write or sync nobody knows what lies there. */
  #isSuspect: boolean

  /**
   * Opens the file and cuts a torn tail. Where there is none, the file comes with the first signature and what that holds: an
   * empty one would look like the record of a node that has signed nothing. `database` is the mark that was found there.
   */
  static open(
    path: string,
    files: FileSystem,
    options: JournalOptions,
    database: Mark | undefined
  ): Journal {
    const existing = openIfThere(path, files)
    if (existing === undefined) return new Journal(path, files, options, withoutFile('missing'))
    const opened = load(existing, files, database)
    if (opened !== undefined) return new Journal(path, files, options, opened)
    // Not such a file at all. Keep the bytes for the operator and go on as if it were lost.
    files.close(existing)
    files.rename(path, `${path}.damaged`)
    return new Journal(path, files, options, withoutFile('damaged'))
  }

  private constructor(path: string, files: FileSystem, options: JournalOptions, opened: Opened) {
    this.#path = path
    this.#files = files
    this.#options = options
    this.#table = opened.table
    this.#fd = opened.fd
    this.#marker = opened.marker
    this.#end = opened.end
    this.#fileEnd = opened.end
    // Extents are of the segments as they were: what comes after must not lie beside them.
    const isPast = opened.isEarlier || opened.extents.length > 0
    this.#isSuspect = opened.fd === undefined || isPast
    this.#isWhole = opened.presence === 'present'
    this.#found = opened.found
    this.#extents = opened.extents
    this.#ahead = new Uint8Array(options.journalAheadBytes)
    this.presence = opened.presence
    this.damagedCount = opened.damagedCount
  }

  get bytes(): number {
    return this.#end
  }

  /** Bytes of operations that the database does not have yet. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** The records that the database does not have yet, in order. */
  get waiting(): readonly JournalRecord[] {
    return this.#waiting.map(({ record }) => record)
  }

  /** Where a database is that has everything. */
  get mark(): Mark {
    return { history: this.#history, number: this.#number }
  }

  /** What follows on the database as it was opened, in order: it must get this, and `mark`, before anything is appended. */
  takeFound(): readonly Operation[] {
    const found = this.#found
    this.#found = []
    return found
  }

  /** Payload that may be missing in the segments: they must have it before anything is appended. */
  takeExtents(): readonly Extent[] {
    const extents = this.#extents
    this.#extents = []
    return extents
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#table.get(key)
  }

  range(options?: RangeOptions): Entry[] {
    return this.#table.range(options)
  }

  /**
   * Whether operations may go through the file. Not while the record of signatures is lost: a file that is made, or made
   * anew, without a signature would pass for the record of a node that has signed nothing else.
   */
  takes({ signed }: Flush): boolean {
    return this.#isWhole || signed.length > 0
  }

  /** Whether the next record may have payload in it: not where the file is written anew, without the payload of before. */
  get takesPayload(): boolean {
    return !this.#isSuspect
  }

  /** Appends one flush and syncs it; what was signed is readable once this resolves. Safe to call again after a throw. */
  async append(flush: Flush): Promise<void> {
    const { signed, operations, extents = [] } = flush
    assert(
      this.takes(flush),
      'no operations before a signature where the record of signatures is lost'
    )
    assert(this.takesPayload || extents.length === 0, 'no payload in a file that is written anew')
    if (signed.length === 0 && operations.length === 0 && extents.length === 0) return
    const record = { history: this.#history, number: this.#number + 1, signed, operations }
    const added = bodyOf(record, extents)
    if (this.#isSuspect) await this.#rewrite([added])
    else await this.#write(partsOf(this.#marker, added))
    for (const write of signed) this.#table.apply(write)
    if (signed.length > 0) this.#isWhole = true
    if (operations.length === 0 && extents.length === 0) return
    this.#number = record.number
    const bytes = added.body.length - payloadBytesOf(extents)
    this.#waiting.push({ record, bytes })
    this.#waitingBytes += bytes
  }

  /**
   * The mark of operations that go to the database past this file. Whatever becomes of that write, its number is used up: the
   * database gets a mark before the next record.
   */
  skip(): Mark {
    this.#number += 1
    return this.mark
  }

  /** The database has the records up to this number, durably. */
  onApplied(number: number): void {
    while ((this.#waiting[0]?.record.number ?? Number.POSITIVE_INFINITY) <= number) {
      this.#waitingBytes -= this.#waiting.shift()?.bytes ?? 0
    }
  }

  /** It would be much shorter if it were written anew. */
  get isLong(): boolean {
    // What is suspect is written anew by the next append; what is damaged says so until something is signed.
    if (this.#isSuspect || !this.#isWhole) return false
    const needed = this.#table.bytes + this.#waitingBytes
    return this.#end > Math.max(this.#options.journalBytes, 2 * needed)
  }

  /** Makes a long file short, without payload: the segments must have it. Not beside `append`. */
  async compact(): Promise<void> {
    if (this.isLong) await this.#rewrite([])
  }

  close(): void {
    if (this.#fd !== undefined) this.#files.close(this.#fd)
    this.#fd = undefined
  }

  async #write(parts: readonly Uint8Array[]): Promise<void> {
    const fd = this.#fd as number
    const end = this.#end + lengthOf(parts)
    const ahead = end > this.#fileEnd ? this.#ahead : emptyBytes
    const written = [...parts, ahead]
    this.#isSuspect = true
    writeAll(this.#files, fd, written, this.#end)
    await this.#files.sync(fd, lengthOf(written))
    this.#isSuspect = false
    this.#end = end
    this.#fileEnd = Math.max(this.#fileEnd, end + ahead.length)
  }

  /**
   * A new file with the latest values, what the database does not have, and `added` takes the place of the old one; both are
   * complete at every moment.
   */
  async #rewrite(added: readonly Body[]): Promise<void> {
    this.#isSuspect = true
    const latest = this.#table.entries().map(entry => signedBody([putOf(entry)]))
    // What these signed is among the latest values.
    const waiting = this.#waiting.map(({ record }) => flushBody({ ...record, signed: [] }))
    const created = await createLog(this.#path, this.#files, [...latest, ...waiting, ...added])
    this.close()
    this.#fd = created.fd
    this.#marker = created.marker
    this.#end = created.end
    this.#fileEnd = created.end
    this.#isSuspect = false
  }
}

function bodyOf(record: JournalRecord, extents: readonly Extent[]): Body {
  if (extents.length > 0) return payloadBody({ ...record, extents })
  return record.operations.length === 0 ? signedBody(record.signed) : flushBody(record)
}

function putOf([key, value]: Entry): Write {
  return { type: 'put', table: signedTable, key, value }
}
