import { ascii, type Digest, toHex } from '@novacron/base'
import { BlockWriter } from './block-writer.ts'
import type { FileSystem } from './file-system.ts'
import { plainBytes } from './own-bytes.ts'
import {
  encodeRecordHeader,
  fileHeaderLength,
  makeFileHeader,
  markerLength,
  type RecordHeader,
  recordHeaderLength
} from './record.ts'
import { type ScannedRecord, type ScanResult, scanRecords } from './record-scan.ts'
import type { Extent } from './write-codec.ts'

export const segmentMagic: Uint8Array = ascii('NCBATCH1')
export const tagLength = 32

/** Kinds of record in a segment: a batch under its digest, or digests that were dropped (`tag` is zero). */
export const batchKind = 1
export const dropKind = 2

const noTag = new Uint8Array(tagLength)
const digestLength = 32
/** Digests in one drop record. */
export const dropCountMax = 16_384

/** One append-only file of batches; knows bytes and records, not which of them still matter. */
export class Segment {
  readonly number: number
  readonly path: string
  /** Batches of the index that lie here. */
  liveCount = 0
  liveBytes = 0
  /** Older segments that hold records which records here take back: this file must outlive those. */
  readonly supersedes: Set<number> = new Set()
  /** Batches copied out of this file by compaction, and how many of the copies are synced. */
  copiedCount = 0
  syncedCopiedCount = 0
  readonly #writer: BlockWriter
  readonly #files: FileSystem
  readonly #fd: number
  readonly #marker: Uint8Array

  private constructor(
    place: SegmentPlace,
    opened: { fd: number; marker: Uint8Array; end: number }
  ) {
    this.number = place.number
    this.path = segmentPath(place)
    this.#files = place.files
    this.#fd = opened.fd
    this.#marker = opened.marker
    const { files } = place
    this.#writer = new BlockWriter({ files, path: this.path, fd: opened.fd, end: opened.end })
  }

  static create(place: SegmentPlace): Segment {
    const { files } = place
    const path = segmentPath(place)
    const fd = files.open(path, 'wx+')
    const header = makeFileHeader(segmentMagic)
    const marker = header.subarray(fileHeaderLength - markerLength)
    const segment = new Segment(place, { fd, marker, end: 0 })
    segment.#writer.append(header)
    return segment
  }

  /**
   * Opens an existing file and visits its records in order; with `checksBodies` every body is read and checked.
   * A torn tail is cut where `isLast`. Undefined for a file that is not a segment.
   */
  static load(
    place: SegmentPlace,
    { checksBodies, isLast }: { readonly checksBodies: boolean; readonly isLast: boolean },
    visit: (record: ScannedRecord) => void
  ): { segment: Segment; damagedCount: number } | undefined {
    const { files } = place
    const fd = files.open(segmentPath(place), 'r+')
    const withBody = (header: RecordHeader): boolean => checksBodies || header.kind === dropKind
    const result: ScanResult = scanRecords(
      files,
      fd,
      { magic: segmentMagic, tagLength, withBody },
      visit
    )
    if (result.marker === undefined) {
      files.close(fd)
      return undefined
    }
    if (isLast) files.truncate(fd, result.end)
    const end = isLast ? result.end : files.size(fd)
    const segment = new Segment(place, { fd, marker: result.marker, end })
    return { segment, damagedCount: result.damagedCount }
  }

  /** Length of the file, with what is not written yet. */
  get end(): number {
    return this.#writer.end
  }

  /** Bytes that are not in the file yet. */
  get unwrittenBytes(): number {
    return this.#writer.end - this.#writer.writtenEnd
  }

  /** Bytes that are durable nowhere. */
  get unsecuredBytes(): number {
    return this.#writer.end - this.#writer.securedEnd
  }

  /** A copy of what is durable nowhere, for a journal; undefined when it must be written here. */
  unsecured(): Extent | undefined {
    // Redo finds its file by the marker in the header.
    if (this.#writer.writtenEnd < fileHeaderLength) return undefined
    const part = this.#writer.unsecured()
    return part && { segment: this.number, marker: this.#marker, ...part }
  }

  /** What is before `end` is in the journal. */
  onJournaled(end: number): void {
    this.#writer.onSecured(end)
  }

  /** Appends one record and returns where its body starts. On the disk, and readable from it, after the next sync. */
  append(kind: number, tag: Uint8Array, body: Uint8Array): { offset: number; bodyCrc: number } {
    const header = encodeRecordHeader(this.#marker, kind, tag, body)
    const offset = this.#writer.end + header.length
    this.#writer.append(header)
    this.#writer.append(body)
    return { offset, bodyCrc: bodyCrcOf(header) }
  }

  appendDrops(digests: readonly Digest[]): void {
    this.append(dropKind, noTag, Buffer.from(digests.join(''), 'hex'))
  }

  /** A fresh buffer; undefined when the file ends before. */
  read(offset: number, length: number): Uint8Array | undefined {
    const bytes = plainBytes(Buffer.allocUnsafeSlow(length))
    return this.#files.read(this.#fd, bytes, offset) === length ? bytes : undefined
  }

  /** Covers what was appended before the call. One call at a time uses `staging`. What failed may be tried again. */
  sync(staging: Uint8Array): Promise<void> {
    return this.#writer.write(staging)
  }

  syncNow(): void {
    this.#writer.writeNow()
  }

  close(): void {
    this.#writer.close()
    this.#files.close(this.#fd)
  }

  unlink(): void {
    this.#writer.close()
    try {
      this.#files.unlink(this.path)
    } finally {
      this.#files.closeLater(this.#fd)
    }
  }
}

interface SegmentPlace {
  readonly directory: string
  readonly number: number
  readonly files: FileSystem
}

export function segmentPath({ directory, number }: SegmentPlace): string {
  return `${directory}/${String(number).padStart(8, '0')}.seg`
}

/** Length of a segment file. */
export function segmentFileBytes(place: SegmentPlace): number {
  const fd = place.files.open(segmentPath(place), 'r')
  try {
    return place.files.size(fd)
  } finally {
    place.files.close(fd)
  }
}

/** Numbers of the segment files of a directory, ascending. */
export function listSegments(files: FileSystem, directory: string): number[] {
  return files
    .list(directory)
    .filter(name => /^\d{8,}\.seg$/.test(name))
    .map(name => Number.parseInt(name, 10))
    .sort((a, b) => a - b)
}

/** Bytes that a batch takes on disk. */
export function recordBytesOf(bodyLength: number): number {
  return recordHeaderLength(tagLength) + bodyLength
}

export function droppedDigests(body: Uint8Array): Digest[] {
  const digests: Digest[] = []
  for (let at = 0; at + digestLength <= body.length; at += digestLength) {
    digests.push(toHex(body.subarray(at, at + digestLength)) as Digest)
  }
  return digests
}

function bodyCrcOf(header: Uint8Array): number {
  return Buffer.from(header.buffer, header.byteOffset, header.length).readUInt32BE(markerLength + 8)
}
