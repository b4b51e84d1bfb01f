import { assert, concatBytes, emptyBytes } from '@novacron/base'
import { type FileSystem, writeAll } from './file-system.ts'
import { copyOfBytes } from './own-bytes.ts'

/** What a write past the page cache is aligned to, in memory and in the file: the page, a multiple of every sector. */
const blockBytes = 4096
const stagingBytes = 4 * 1024 * 1024
const wasmPageBytes = 65_536

/** The one thing needed of it, which the types for programs without a browser leave out. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => { buffer: ArrayBuffer }
}

/** Memory that starts at a page, which a Buffer does not promise. One write at a time uses it. */
export function makeStaging(): Uint8Array {
  const pages = stagingBytes / wasmPageBytes
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer)
}

export interface Part {
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * The end of one append-only file. What is appended waits in memory until `write` puts it on the disk in whole blocks, past
 * the page cache where the file system allows: payload is written once and seldom read, and the pages of a cache that is
 * filled for the first time cost more than all else that is done with a batch. Nothing is forgotten before it is on the disk,
 * so that a write that failed can be done again.
 *
 * The last block is written again with what follows it, its old bytes unchanged; what is after the end is zero.
 */
export class BlockWriter {
  readonly #files: FileSystem
  readonly #path: string
  /** For reading, and for `writeNow`. */
  readonly #fd: number
  #blocksFd: number | undefined
  #isDirect = true
  #waiting: Part[] = []
  #end: number
  #writtenEnd: number
  /** What is before it is durable, here or somewhere else. */
  #securedEnd: number
  /** The end of what is written is the end of something that was appended, and not in its midst. */
  #isWhole = true
  /** The written bytes of the block that holds `#writtenEnd`; undefined when they must be read. */
  #tail: Uint8Array | undefined

  constructor(place: { files: FileSystem; path: string; fd: number; end: number }) {
    this.#files = place.files
    this.#path = place.path
    this.#fd = place.fd
    this.#end = place.end
    this.#writtenEnd = place.end
    this.#securedEnd = place.end
  }

  get end(): number {
    return this.#end
  }

  /** All before it is on the disk. */
  get writtenEnd(): number {
    return this.#writtenEnd
  }

  /** All before it is on the disk, or was said to be durable somewhere else. */
  get securedEnd(): number {
    return this.#securedEnd
  }

  /** A copy of what is after `securedEnd`; undefined when a failed write has left a part of something on the disk. */
  unsecured(): Part | undefined {
    if (!this.#isWhole) return undefined
    const parts = this.#waiting.filter(({ offset }) => offset >= this.#securedEnd)
    return { offset: this.#securedEnd, bytes: concatBytes(parts.map(({ bytes }) => bytes)) }
  }

  /** What is before `end`, which was the end once, is durable somewhere else: it may be written later. */
  onSecured(end: number): void {
    this.#securedEnd = Math.max(this.#securedEnd, end)
  }

  /** `bytes` are kept, not copied, until they are written. */
  append(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#waiting.push({ offset: this.#end, bytes })
    this.#end += bytes.length
  }

  /** Makes everything durable that was appended before the call. One call at a time. */
  async write(staging: Uint8Array): Promise<void> {
    const goal = this.#end
    this.#isWhole = false
    while (this.#writtenEnd < goal) {
      const from = this.#writtenEnd
      const blockStart = from - (from % blockBytes)
      const tail = this.#tailFrom(blockStart)
      staging.set(tail)
      const to = Math.min(goal, blockStart + staging.length)
      this.#copy(from, to, staging.subarray(tail.length))
      const used = to - blockStart
      const padded = Math.ceil(used / blockBytes) * blockBytes
      staging.fill(0, used, padded)
      await this.#writeBlocks(staging.subarray(0, padded), blockStart)
      this.#tail = copyOfBytes(staging.subarray(used - (used % blockBytes), used))
      this.#onWritten(to)
    }
    this.#isWhole = true
  }

  /** The same at once, through the page cache; never while `write` is under way, whose last block would undo it. */
  writeNow(): void {
    const parts = this.#waiting.map(({ bytes }) => bytes)
    writeAll(this.#files, this.#fd, parts, this.#waiting[0]?.offset ?? this.#end)
    this.#files.syncNow(this.#fd)
    this.#tail = undefined
    this.#isWhole = true
    this.#onWritten(this.#end)
  }

  close(): void {
    if (this.#blocksFd !== undefined) this.#files.close(this.#blocksFd)
    this.#blocksFd = undefined
  }

  #tailFrom(blockStart: number): Uint8Array {
    const length = this.#writtenEnd - blockStart
    if (length === 0) return emptyBytes
    if (this.#tail?.length === length) return this.#tail
    const tail = new Uint8Array(length)
    const count = this.#files.read(this.#fd, tail, blockStart)
    assert(count === length, `${this.#path} ends before what was written`)
    this.#tail = tail
    return tail
  }

  /** Copies `from <= offset < to` of what waits; parts before `from` may be whole on the disk already. */
  #copy(from: number, to: number, into: Uint8Array): void {
    for (const { offset, bytes } of this.#waiting) {
      if (offset >= to) return
      const start = Math.max(from - offset, 0)
      const end = Math.min(to - offset, bytes.length)
      if (start < end) into.set(bytes.subarray(start, end), offset + start - from)
    }
  }

  async #writeBlocks(blocks: Uint8Array, position: number): Promise<void> {
    let done = 0
    while (done < blocks.length) {
      const count = await this.#writeSome(blocks.subarray(done), position + done)
      const whole = count - (count % blockBytes)
      if (whole === 0) throw noRoom(this.#path)
      done += whole
    }
  }

  async #writeSome(blocks: Uint8Array, position: number): Promise<number> {
    try {
      this.#blocksFd ??= this.#files.openBlocks(this.#path, this.#isDirect)
      return await this.#files.write(this.#blocksFd, blocks, position)
    } catch (error) {
      // A file system without such writes, or with larger blocks, says so at the opening or at the first write.
      if (!this.#isDirect || (error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
      this.close()
      this.#isDirect = false
      return await this.#writeSome(blocks, position)
    }
  }

  #onWritten(end: number): void {
    this.#writtenEnd = end
    this.onSecured(end)
    let count = 0
    for (const { offset, bytes } of this.#waiting) {
      if (offset + bytes.length > end) break
      count += 1
    }
    this.#waiting.splice(0, count)
  }
}

function noRoom(path: string): Error {
  const message = `ENOSPC: less than a block was written, '${path}'`
  return Object.assign(new Error(message), { code: 'ENOSPC', path })
}
