import { Fault } from '@novacron/base'
import type { FileSystem } from './file-system.ts'
import type { StoreOptions } from './options.ts'
import type { StoreFacts } from './store-fault.ts'

/** LevelDB's files are measured again after this many bytes or writes. */
const measureBytes = 8 * 1024 * 1024
const measureWrites = 1000
/** While this much more than must stay is free, the file system is asked once in a while: it is filled by others too. */
const amplyFreeBytes = 256 * 1024 * 1024
const freeLookMs = 50

/** Decides whether there is room, from the quota and from what the file system has left. */
export class DiskBudget {
  readonly #options: StoreOptions
  readonly #files: FileSystem
  #databaseBytes = 0
  #writtenBytes = 0
  #writeCount = 0
  #lookedAtMs = Number.NEGATIVE_INFINITY
  /** What was free then, less what was admitted since. */
  #freeBytes: number | undefined

  constructor(options: StoreOptions, files: FileSystem) {
    this.#options = options
    this.#files = files
  }

  /** As measured last, plus what was written since. */
  get databaseBytes(): number {
    return this.#databaseBytes + this.#writtenBytes
  }

  setDatabaseBytes(bytes: number): void {
    this.#databaseBytes = bytes
    this.#writtenBytes = 0
    this.#writeCount = 0
  }

  /** True when it is time to measure. */
  noteDatabaseWrite(bytes: number): boolean {
    this.#writtenBytes += bytes
    this.#writeCount += 1
    return this.#writtenBytes >= measureBytes || this.#writeCount >= measureWrites
  }

  /** Bytes left on the file system; undefined where it does not tell. */
  lookAtFreeBytes(): number | undefined {
    try {
      return this.#files.freeBytes(this.#options.directory)
    } catch {
      return undefined
    }
  }

  /** @throws {StoreFault} `disk-full` unless `bytes` more fit; `otherFileBytes` is what lies outside the database. */
  admit(bytes: number, otherFileBytes: number): void {
    if (bytes === 0) return
    const { directory: path, diskBytesMax, diskFreeBytesMin } = this.#options
    const used = this.databaseBytes + otherFileBytes
    if (used + bytes > diskBytesMax) {
      throw full(path, `${used} bytes used, ${bytes} wanted, diskBytesMax is ${diskBytesMax}`)
    }
    const free = this.#freeBytesFor(bytes)
    if (free !== undefined && free < diskFreeBytesMin + bytes) {
      throw full(
        path,
        `${free} bytes free, ${bytes} wanted, diskFreeBytesMin is ${diskFreeBytesMin}`
      )
    }
    if (this.#freeBytes !== undefined) this.#freeBytes -= bytes
  }

  #freeBytesFor(bytes: number): number | undefined {
    const isAmple =
      (this.#freeBytes ?? 0) >= this.#options.diskFreeBytesMin + bytes + amplyFreeBytes
    const nowMs = performance.now()
    if (!isAmple || nowMs - this.#lookedAtMs >= freeLookMs) {
      this.#freeBytes = this.lookAtFreeBytes()
      this.#lookedAtMs = nowMs
    }
    return this.#freeBytes
  }
}

function full(path: string, reason: string): Fault<StoreFacts> {
  return new Fault({ code: 'disk-full', path, reason })
}
