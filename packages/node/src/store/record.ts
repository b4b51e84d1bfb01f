import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { assert } from '@novacron/base'
import { copyOfBytes } from './own-bytes.ts'

/**
 * The one record format of `signed.log` and of the segment files, big-endian:
 *
 *   file    magic 8 | marker 8, then records
 *   record  marker 8 | kind u8, 3 zero bytes | length u32 | body crc32 | tag | header crc32 | body
 *
 * The marker is random for each file and starts every record: after a damaged record the next good one is found by
 * searching for it, and bytes chosen by a stranger (the body of a batch) cannot imitate one. The tag has a fixed length for
 * each kind of file (a digest in segments, nothing in `signed.log`).
 */

export const markerLength = 8
const magicLength = 8
export const fileHeaderLength: number = magicLength + markerLength

/** A record cannot be longer than what a batch or one write may hold; refuses absurd lengths before allocation. */
const recordBodyBytesMax: number = 64 * 1024 * 1024

export interface RecordHeader {
  readonly kind: number
  readonly length: number
  readonly bodyCrc: number
  readonly tag: Uint8Array
}

export function recordHeaderLength(tagLength: number): number {
  return markerLength + 12 + tagLength + 4
}

/** A fresh file's first bytes. */
export function makeFileHeader(magic: Uint8Array): Uint8Array {
  assert(magic.length === magicLength, 'a magic has 8 bytes')
  return Buffer.concat([magic, randomBytes(markerLength)])
}

/** The marker, or undefined where the first bytes are not this kind of file. */
export function markerOfFile(header: Uint8Array, magic: Uint8Array): Uint8Array | undefined {
  if (header.length < fileHeaderLength) return undefined
  if (Buffer.compare(header.subarray(0, magicLength), magic) !== 0) return undefined
  return copyOfBytes(header.subarray(magicLength, fileHeaderLength))
}

export function encodeRecordHeader(
  marker: Uint8Array,
  kind: number,
  tag: Uint8Array,
  body: Uint8Array
): Uint8Array {
  assert(body.length <= recordBodyBytesMax, `record of ${body.length} bytes`)
  const header = Buffer.alloc(recordHeaderLength(tag.length))
  header.set(marker, 0)
  header.writeUInt8(kind, markerLength)
  header.writeUInt32BE(body.length, markerLength + 4)
  header.writeUInt32BE(crc32(body), markerLength + 8)
  header.set(tag, markerLength + 12)
  header.writeUInt32BE(crc32(header.subarray(0, -4)), header.length - 4)
  return header
}

/** The header at the start of `bytes`, or undefined when it is cut short, damaged, or not one. The tag is a view. */
export function decodeRecordHeader(
  bytes: Uint8Array,
  marker: Uint8Array,
  tagLength: number
): RecordHeader | undefined {
  const length = recordHeaderLength(tagLength)
  if (bytes.length < length) return undefined
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, length)
  if (header.compare(marker, 0, markerLength, 0, markerLength) !== 0) return undefined
  if (header.readUInt32BE(length - 4) !== crc32(header.subarray(0, -4))) return undefined
  const bodyLength = header.readUInt32BE(markerLength + 4)
  if (bodyLength > recordBodyBytesMax) return undefined
  return {
    kind: header.readUInt8(markerLength),
    length: bodyLength,
    bodyCrc: header.readUInt32BE(markerLength + 8),
    tag: header.subarray(markerLength + 12, length - 4)
  }
}

export function isBodyIntact(header: Pick<RecordHeader, 'bodyCrc'>, body: Uint8Array): boolean {
  return crc32(body) === header.bodyCrc
}
