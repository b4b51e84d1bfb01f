import type { FileSystem } from './file-system.ts'
import { copyOfBytes } from './own-bytes.ts'
import {
  decodeRecordHeader,
  fileHeaderLength,
  isBodyIntact,
  markerOfFile,
  type RecordHeader,
  recordHeaderLength
} from './record.ts'

export interface ScannedRecord extends RecordHeader {
  /** Where the record starts. */
  readonly offset: number
  readonly bodyOffset: number
  readonly end: number
  /** Present where bodies were asked for; a copy. */
  readonly body: Uint8Array | undefined
}

interface ScanOptions {
  readonly magic: Uint8Array
  readonly tagLength: number
  /** Which bodies are read, checked and handed over; of the others the header alone is checked. */
  readonly withBody: (header: RecordHeader) => boolean
}

export interface ScanResult {
  /** Undefined when the file's first bytes are not of this kind: then nothing was visited. */
  readonly marker: Uint8Array | undefined
  /** End of the last good record: where a torn tail is cut and the next record goes. */
  readonly end: number
  /** Damaged stretches with a good record after them: not a torn tail, but rot. */
  readonly damagedCount: number
}

const windowBytes = 64 * 1024

/** Visits the good records of a file in order; damaged stretches are skipped by searching for the marker. */
export function scanRecords(
  files: FileSystem,
  fd: number,
  options: ScanOptions,
  visit: (record: ScannedRecord) => void
): ScanResult {
  const window = new FileWindow(files, fd)
  const marker = markerOfFile(window.at(0, fileHeaderLength), options.magic)
  if (marker === undefined) return { marker, end: 0, damagedCount: 0 }
  let offset = fileHeaderLength
  let end = offset
  let damagedCount = 0
  let inDamage = false
  while (offset < window.size) {
    const record = recordAt(window, offset, marker, options)
    if (record === undefined) {
      inDamage = true
      offset = window.find(marker, offset + 1)
      continue
    }
    if (inDamage) damagedCount += 1
    inDamage = false
    visit(record)
    offset = record.end
    end = record.end
  }
  return { marker, end, damagedCount }
}

function recordAt(
  window: FileWindow,
  offset: number,
  marker: Uint8Array,
  { tagLength, withBody }: ScanOptions
): ScannedRecord | undefined {
  const headerLength = recordHeaderLength(tagLength)
  const header = decodeRecordHeader(window.at(offset, headerLength), marker, tagLength)
  if (header === undefined) return undefined
  const bodyOffset = offset + headerLength
  const end = bodyOffset + header.length
  if (end > window.size) return undefined
  const kept = { ...header, tag: copyOfBytes(header.tag) }
  if (!withBody(header)) return { ...kept, offset, bodyOffset, end, body: undefined }
  const body = copyOfBytes(window.at(bodyOffset, header.length))
  return isBodyIntact(header, body) ? { ...kept, offset, bodyOffset, end, body } : undefined
}

/** Reads a file through one bounded window, so that many small records do not cost a system call each. */
class FileWindow {
  readonly size: number
  readonly #files: FileSystem
  readonly #fd: number
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0

  constructor(files: FileSystem, fd: number) {
    this.#files = files
    this.#fd = fd
    this.size = files.size(fd)
  }

  /** A view of up to `length` bytes at `offset`, valid until the next call; shorter at the end of the file. */
  at(offset: number, length: number): Buffer {
    const wanted = Math.min(length, Math.max(0, this.size - offset))
    const inWindow = offset >= this.#start && offset + wanted <= this.#start + this.#bytes.length
    if (!inWindow) this.#load(offset, Math.max(wanted, windowBytes))
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + wanted)
  }

  /** Offset of the next `marker` at or after `from`, or the size of the file. */
  find(marker: Uint8Array, from: number): number {
    let offset = from
    while (offset + marker.length <= this.size) {
      const chunk = this.at(offset, windowBytes)
      const found = chunk.indexOf(marker)
      if (found >= 0) return offset + found
      offset += chunk.length - marker.length + 1
    }
    return this.size
  }

  #load(offset: number, length: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, this.size - offset))
    this.#bytes = bytes.subarray(0, this.#files.read(this.#fd, bytes, offset))
    this.#start = offset
  }
}
