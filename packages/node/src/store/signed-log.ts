import { dirname } from 'node:path'
import { ascii, emptyBytes, Fault, type Write } from '@novacron/base'
import { type FileSystem, writeAll } from './file-system.ts'
import { OrderedTable } from './ordered-table.ts'
import { encodeRecordHeader, fileHeaderLength, makeFileHeader, markerLength } from './record.ts'
import { scanRecords } from './record-scan.ts'
import type { Entry, RangeOptions } from './store.ts'
import { signedTable } from './store.ts'
import type { StoreFacts } from './store-fault.ts'
import { decodeWrites, encodeWrites } from './write-codec.ts'

/**
 * What this node has signed last (`signed.log`): small, outside the database, so that losing or restoring the database
 * does not take with it the memory of what was signed. Held whole in memory; appended to as units, each atomic.
 */

const signedMagic = ascii('NCSIGN1\n')
const unitKind = 1

/**
 * `present`  read without damage (a torn tail was never acknowledged)
 * `missing`  the file is not there: the node may have signed things that it does not remember
 * `damaged`  the file is there and part of it is unreadable: to be treated like `missing`
 */
export type SignedLogPresence = 'present' | 'missing' | 'damaged'

interface SignedLogOptions {
  /** The file is rewritten when it is longer than this and than twice what it must hold. */
  readonly compactBytes: number
}

/** What this replica has signed last, in a file of its own; the latest value of a key wins. */
export class SignedLog {
  readonly presence: SignedLogPresence
  readonly damagedCount: number
  readonly #path: string
  readonly #files: FileSystem
  readonly #options: SignedLogOptions
  readonly #table: OrderedTable
  /** Undefined until there is a file. */
  #fd: number | undefined
  #marker: Uint8Array
  #end: number
  /** A write or sync failed: what lies on the disk is unknown, the next append writes the file anew from memory. */
  #isSuspect = false

  /**
   * Opens the log and cuts a torn tail. Where there is none, the file comes with the first append and what that holds: an
   * empty one would look like the record of a node that has signed nothing.
   */
  static open(path: string, files: FileSystem, options: SignedLogOptions): SignedLog {
    const existing = openIfThere(path, files)
    if (existing === undefined) return SignedLog.#withoutFile(path, files, options, 'missing')
    const opened = loadLog(existing, files)
    if (opened !== undefined) return new SignedLog(path, files, options, opened)
    // Not a signed log at all. Keep the bytes for the operator and go on as if it were lost.
    files.close(existing)
    files.rename(path, `${path}.damaged`)
    return SignedLog.#withoutFile(path, files, options, 'damaged')
  }

  static #withoutFile(
    path: string,
    files: FileSystem,
    options: SignedLogOptions,
    presence: SignedLogPresence
  ): SignedLog {
    const damagedCount = presence === 'damaged' ? 1 : 0
    const nothing = { fd: undefined, marker: new Uint8Array(markerLength), end: 0 }
    const log = new SignedLog(path, files, options, { ...nothing, presence, damagedCount })
    log.#isSuspect = true
    return log
  }

  private constructor(
    path: string,
    files: FileSystem,
    options: SignedLogOptions,
    opened: OpenedLog
  ) {
    this.#path = path
    this.#files = files
    this.#options = options
    this.#table = opened.table ?? new OrderedTable()
    this.#fd = opened.fd
    this.#marker = opened.marker
    this.#end = opened.end
    this.presence = opened.presence
    this.damagedCount = opened.damagedCount ?? 0
  }

  get bytes(): number {
    return this.#end
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#table.get(key)
  }

  range(options?: RangeOptions): Entry[] {
    return this.#table.range(options)
  }

  /** Appends units in order and syncs them; they are readable once this resolves, or sooner. Safe to call again after a throw. */
  async append(units: readonly (readonly Write[])[]): Promise<void> {
    if (units.length === 0) return
    const isSuspect = this.#isSuspect || this.#fd === undefined
    this.#isSuspect = true
    if (isSuspect) {
      for (const write of units.flat()) this.#table.apply(write)
      this.#rewrite()
      this.#isSuspect = false
      return
    }
    const parts = units.flatMap(unit => recordOf(this.#marker, unit))
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const fd = this.#fd as number
    writeAll(this.#files, fd, parts, this.#end)
    await this.#files.sync(fd)
    this.#end += length
    for (const write of units.flat()) this.#table.apply(write)
    if (this.#end > Math.max(this.#options.compactBytes, 2 * this.#table.bytes)) this.#rewrite()
    this.#isSuspect = false
  }

  close(): void {
    if (this.#fd !== undefined) this.#files.close(this.#fd)
  }

  /** A new file with the latest values alone takes the place of the old one; both are complete at every moment. */
  #rewrite(): void {
    const { fd, marker, end } = createLog(this.#path, this.#files, this.#table.entries())
    this.close()
    this.#fd = fd
    this.#marker = marker
    this.#end = end
  }
}

interface OpenedLog {
  readonly fd: number | undefined
  readonly marker: Uint8Array
  readonly end: number
  readonly presence: SignedLogPresence
  readonly damagedCount?: number
  readonly table?: OrderedTable
}

/** Writes an empty log; `novacron init` calls it, so that a later absence means loss. Refuses to overwrite. */
export function createSignedLog(path: string, files: FileSystem): void {
  const existing = openIfThere(path, files)
  if (existing !== undefined) {
    files.close(existing)
    throw new Fault<StoreFacts>({ code: 'bad-file', path, reason: 'it exists already' })
  }
  files.close(createLog(path, files, []).fd)
}

function openIfThere(path: string, files: FileSystem): number | undefined {
  try {
    return files.open(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function createLog(
  path: string,
  files: FileSystem,
  entries: readonly Entry[]
): { fd: number; marker: Uint8Array; end: number } {
  const fresh = `${path}.new`
  removeIfThere(fresh, files)
  const fd = files.open(fresh, 'wx+')
  try {
    const header = makeFileHeader(signedMagic)
    const marker = header.subarray(fileHeaderLength - markerLength)
    const parts = [header, ...entries.flatMap(entry => recordOf(marker, [putOf(entry)]))]
    writeAll(files, fd, parts, 0)
    files.syncNow(fd)
    files.rename(fresh, path)
    files.syncDirectory(dirname(path))
    return { fd, marker, end: parts.reduce((sum, part) => sum + part.length, 0) }
  } catch (error) {
    files.close(fd)
    throw error
  }
}

function removeIfThere(path: string, files: FileSystem): void {
  try {
    files.unlink(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function loadLog(fd: number, files: FileSystem): OpenedLog | undefined {
  const table = new OrderedTable()
  const scan = { magic: signedMagic, tagLength: 0, withBody: () => true }
  let undecodableCount = 0
  const result = scanRecords(files, fd, scan, ({ body }) => {
    try {
      // `withBody` asks for every body; the bytes are this record's own copy.
      const writes = decodeWrites(body as Uint8Array, signedTable)
      for (const write of writes) table.apply(write)
    } catch {
      undecodableCount += 1
    }
  })
  if (result.marker === undefined) return undefined
  files.truncate(fd, result.end)
  const damagedCount = result.damagedCount + undecodableCount
  const presence = damagedCount === 0 ? 'present' : 'damaged'
  return { fd, marker: result.marker, end: result.end, presence, damagedCount, table }
}

function recordOf(marker: Uint8Array, unit: readonly Write[]): Uint8Array[] {
  const body = encodeWrites(unit)
  return [encodeRecordHeader(marker, unitKind, emptyBytes, body), body]
}

function putOf([key, value]: Entry): Write {
  return { type: 'put', table: signedTable, key, value }
}
