import { renameSync, rmSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32c } from './crc32c.ts'

/**
 * LevelDB takes blocks of its table files as they are: the binding has no switch for their checksums. A flipped bit in a key
 * comes to light in a compaction, where an assertion about the order of keys ends the process without a word. So the checksums
 * are compared here, before it opens; of larger databases only as much as a start may take.
 *
 * source: LevelDB, doc/table_format.md
 */
export const checkedBytesMax: number = 64 * 1024 * 1024

const footerBytes = 48
const magic = 0xdb4775248b80fb57n
/** The kind of compression and the checksum behind each block. */
const trailerBytes = 5
const crcMaskDelta = 0xa282ead8

export interface DamagedTable {
  readonly path: string
  readonly reason: string
}

interface BlockHandle {
  readonly offset: number
  readonly size: number
}

class Damage extends Error {}

/**
 * Complete table files with a block that does not match its checksum. One without an end is none of them: a crash leaves such,
 * and LevelDB tells whether it needs it. Files that come and go meanwhile are passed over.
 */
export async function damagedTables(
  directory: string,
  bytesMax: number = checkedBytesMax
): Promise<readonly DamagedTable[]> {
  const damaged: DamagedTable[] = []
  let left = bytesMax
  for (const name of await tableNames(directory)) {
    const path = join(directory, name)
    const size = (await stat(path).catch(() => undefined))?.size ?? 0
    if (size > left) continue
    left -= size
    const bytes = await readFile(path).catch(() => undefined)
    const reason = bytes === undefined ? undefined : damageOf(bytes)
    if (reason !== undefined) damaged.push({ path, reason })
  }
  return damaged
}

/**
 * A compaction that a crash cut short leaves files that LevelDB does not need, which may be anything. Without those that are damaged
 * it opens, or says that it misses one, and reads none of them meanwhile.
 */
export function setAside(damaged: readonly DamagedTable[]): void {
  for (const { path } of damaged) renameSync(path, asideOf(path))
}

export function putBack(damaged: readonly DamagedTable[]): void {
  for (const { path } of damaged) renameSync(asideOf(path), path)
}

export function discard(damaged: readonly DamagedTable[]): void {
  for (const { path } of damaged) rmSync(asideOf(path))
}

/** A name that LevelDB does not know, and leaves alone. */
function asideOf(path: string): string {
  return `${path}.damaged`
}

async function tableNames(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => [])
  return names.filter(name => name.endsWith('.ldb')).sort()
}

/** Why a table file is damaged; undefined for one that is whole, or was never completed. */
export function damageOf(table: Buffer): string | undefined {
  const end = table.length - footerBytes
  if (end < 0 || table.readBigUInt64LE(table.length - 8) !== magic) return undefined
  try {
    const footer = new Handles(table.subarray(end, table.length - 8))
    blockAt(table, footer.next())
    const index = blockAt(table, footer.next())
    for (const handle of handlesOf(index)) blockAt(table, handle)
    return undefined
  } catch (error) {
    if (error instanceof Damage) return error.message
    throw error
  }
}

/** What a handle names, once its checksum has been compared. */
function blockAt(table: Buffer, { offset, size }: BlockHandle): Buffer {
  const end = offset + size + trailerBytes
  if (end > table.length - footerBytes) throw new Damage(`no block of ${size} bytes at ${offset}`)
  const stored = table.readUInt32LE(end - 4)
  const rotated = (stored - crcMaskDelta) >>> 0
  const expected = ((rotated >>> 17) | (rotated << 15)) >>> 0
  if (crc32c(table.subarray(offset, end - 4)) !== expected) {
    throw new Damage(`the block at byte ${offset} does not match its checksum`)
  }
  return table.subarray(offset, offset + size)
}

/** The entries of an index block: what is shared with the key before, the rest of the key, and a handle. */
function* handlesOf(index: Buffer): Generator<BlockHandle> {
  const restarts = index.length < 4 ? 0 : index.readUInt32LE(index.length - 4)
  const end = index.length - 4 * (restarts + 1)
  if (end < 0) throw new Damage('its index is damaged')
  const entries = new Handles(index.subarray(0, end))
  while (!entries.isDone) {
    entries.varint()
    const keyBytes = entries.varint()
    entries.varint()
    entries.skip(keyBytes)
    yield entries.next()
  }
}

/** Reads handles and varints one after the other. */
class Handles {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length
  }

  next(): BlockHandle {
    return { offset: this.varint(), size: this.varint() }
  }

  skip(bytes: number): void {
    this.#at += bytes
  }

  /** Of up to 49 bits, which no file of ours comes near; of a longer one the value is out of any file. */
  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined || factor > 2 ** 42) throw new Damage('its footer or index is damaged')
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }
}
