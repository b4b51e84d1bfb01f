import { equalBytes } from '@novacron/base'
import { type FileSystem, writeAll } from './file-system.ts'
import { decodeRecordHeader, fileHeaderLength, isBodyIntact, markerOfFile } from './record.ts'
import { listSegments, recordBytesOf, segmentMagic, segmentPath, tagLength } from './segment.ts'
import type { Extent } from './write-codec.ts'

interface Place {
  readonly directory: string
  readonly files: FileSystem
}

/**
 * Writes what a journal has of segments, where they lack it, and syncs them. A segment that is gone, or another under the same
 * number, gets nothing. Nor does what follows on a place where another intact record lies: an earlier opening has cut the
 * segment there, without this journal, and gone on.
 */
export function redo(extents: readonly Extent[], { directory, files }: Place): void {
  const bySegment = Map.groupBy(extents, extent => extent.segment)
  if (bySegment.size === 0) return
  for (const number of listSegments(files, directory)) {
    const own = bySegment.get(number)
    if (own !== undefined) redoSegment(segmentPath({ directory, number, files }), files, own)
  }
}

function redoSegment(path: string, files: FileSystem, extents: readonly Extent[]): void {
  const fd = files.open(path, 'r+')
  try {
    const header = new Uint8Array(fileHeaderLength)
    files.read(fd, header, 0)
    const marker = markerOfFile(header, segmentMagic)
    if (marker === undefined) return
    const records = extents
      .filter(extent => equalBytes(extent.marker, marker))
      .flatMap(extent => recordsOf(extent))
    redoRecords(records, files, fd)
    // What was found there may be in the page cache alone, and the journal is written anew without it.
    if (records.length > 0) files.syncNow(fd)
  } finally {
    files.close(fd)
  }
}

function redoRecords(records: readonly PlacedRecord[], files: FileSystem, fd: number): void {
  for (const record of records) {
    const there = readUpTo(record.bytes.length, record.offset, files, fd)
    if (equalBytes(there, record.bytes)) continue
    if (isRecord(there, record, files, fd)) break
    writeAll(files, fd, [record.bytes], record.offset)
  }
}

/** Shorter where the file ends before: what is missing there is not the zeros that a batch may end with. */
function readUpTo(length: number, offset: number, files: FileSystem, fd: number): Uint8Array {
  const bytes = new Uint8Array(length)
  return bytes.subarray(0, files.read(fd, bytes, offset))
}

/** One record where it belongs. */
interface PlacedRecord {
  readonly marker: Uint8Array
  readonly offset: number
  readonly bytes: Uint8Array
}

function recordsOf({ marker, offset, bytes }: Extent): PlacedRecord[] {
  const records: PlacedRecord[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = lengthOfRecord(bytes.subarray(at), marker)
    if (length === undefined) break
    records.push({ marker, offset: offset + at, bytes: bytes.subarray(at, at + length) })
    at += length
  }
  return records
}

/** Undefined unless an intact record is at the start of `bytes`. */
function lengthOfRecord(bytes: Uint8Array, marker: Uint8Array): number | undefined {
  const header = decodeRecordHeader(bytes, marker, tagLength)
  if (header === undefined) return undefined
  const end = recordBytesOf(header.length)
  if (end > bytes.length) return undefined
  return isBodyIntact(header, bytes.subarray(end - header.length, end)) ? end : undefined
}

/** Whether `there`, which is no longer than the record that belongs there, is the beginning of an intact one. */
function isRecord(
  there: Uint8Array,
  { marker, offset }: PlacedRecord,
  files: FileSystem,
  fd: number
): boolean {
  const header = decodeRecordHeader(there, marker, tagLength)
  if (header === undefined) return false
  const whole = readUpTo(recordBytesOf(header.length), offset, files, fd)
  return lengthOfRecord(whole, marker) !== undefined
}
