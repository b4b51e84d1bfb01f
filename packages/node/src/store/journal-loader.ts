import { equalBytes, Fault, type Write } from '@novacron/base'
import type { FileSystem } from './file-system.ts'
import { earlierMagic, flushKind, payloadKind, signedMagic } from './journal-file.ts'
import type { Operation } from './operation.ts'
import { copyOfWrite, OrderedTable } from './ordered-table.ts'
import { markerLength } from './record.ts'
import { type ScannedRecord, scanRecords } from './record-scan.ts'
import { signedTable } from './store.ts'
import {
  decodeJournalRecord,
  decodePayloadRecord,
  decodeWrites,
  type Extent,
  type JournalRecord,
  type Mark
} from './write-codec.ts'

/**
 * `present`  read without damage (a torn tail was never acknowledged)
 * `missing`  the file is not there: the node may have signed things that it does not remember
 * `damaged`  the file is there and part of it is unreadable: to be treated like `missing`
 */
export type SignedLogPresence = 'present' | 'missing' | 'damaged'

/** What an opening finds. */
export interface Opened {
  readonly fd: number | undefined
  readonly marker: Uint8Array
  readonly end: number
  /** It takes no flush before it is written anew. */
  readonly isEarlier: boolean
  readonly presence: SignedLogPresence
  readonly damagedCount: number
  readonly table: OrderedTable
  readonly found: readonly Operation[]
  readonly extents: readonly Extent[]
}

export function withoutFile(presence: SignedLogPresence): Opened {
  const damagedCount = presence === 'damaged' ? 1 : 0
  const marker = new Uint8Array(markerLength)
  const nothing = { fd: undefined, marker, end: 0, isEarlier: false, found: [], extents: [] }
  return { ...nothing, presence, damagedCount, table: new OrderedTable() }
}

/** Cuts a torn tail. Undefined when it is no such file at all. `database` is the mark that was found there. */
export function load(
  fd: number,
  files: FileSystem,
  database: Mark | undefined
): Opened | undefined {
  return loadAs(signedMagic, fd, files, database) ?? loadAs(earlierMagic, fd, files, undefined)
}

function loadAs(
  magic: Uint8Array,
  fd: number,
  files: FileSystem,
  database: Mark | undefined
): Opened | undefined {
  const loader = new Loader(database)
  const scan = { magic, tagLength: 0, withBody: () => true }
  const result = scanRecords(files, fd, scan, record => loader.load(record))
  if (result.marker === undefined) return undefined
  files.truncate(fd, result.end)
  const damagedCount = result.damagedCount + loader.undecodableCount
  const presence = damagedCount === 0 ? 'present' : 'damaged'
  const isEarlier = magic === earlierMagic
  const { table, found, extents } = loader
  const { marker, end } = result
  return { fd, marker, end, isEarlier, presence, damagedCount, table, found, extents }
}

/** Takes the records of a file in order. */
class Loader {
  readonly table = new OrderedTable()
  readonly found: Operation[] = []
  /** Each says by itself where it belongs, so that one that was lost takes no other with it. */
  readonly extents: Extent[] = []
  undecodableCount = 0
  readonly #history: Uint8Array | undefined
  #next: number

  constructor(database: Mark | undefined) {
    this.#history = database?.history
    this.#next = (database?.number ?? 0) + 1
  }

  load({ kind, body }: ScannedRecord): void {
    try {
      // Every body was asked for; the bytes are this record's own copy.
      const bytes = body as Uint8Array
      if (kind === flushKind) this.#loadFlush(decodeJournalRecord(bytes))
      else if (kind === payloadKind) this.#loadPayload(bytes)
      else this.#sign(decodeWrites(bytes, signedTable))
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      this.undecodableCount += 1
    }
  }

  /** After a gap no number is the next one again: what follows has lost what it rests on. */
  #loadFlush({ history, number, signed, operations }: JournalRecord): void {
    this.#sign(signed)
    if (this.#history === undefined || !equalBytes(history, this.#history)) return
    if (number !== this.#next) return
    this.#next += 1
    for (const operation of operations) this.found.push(operation)
  }

  #loadPayload(body: Uint8Array): void {
    const record = decodePayloadRecord(body)
    this.#loadFlush(record)
    this.extents.push(...record.extents)
  }

  #sign(writes: readonly Write[]): void {
    // Views would hold on to whole records.
    for (const write of writes) this.table.apply(copyOfWrite(write))
  }
}
