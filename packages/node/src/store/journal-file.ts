import { dirname } from 'node:path'
import { ascii, emptyBytes, Fault, type Write } from '@novacron/base'
import { type FileSystem, writeAll } from './file-system.ts'
import { encodeRecordHeader, fileHeaderLength, makeFileHeader, markerLength } from './record.ts'
import type { StoreFacts } from './store-fault.ts'
import {
  encodeJournalRecord,
  encodePayloadRecord,
  encodeWrites,
  type JournalRecord,
  type PayloadRecord
} from './write-codec.ts'

/** The file `signed.log` as such: its records, and how a whole one comes into its place. See journal.ts for what it is for. */

export const signedMagic: Uint8Array = ascii('NCSIGN2\n')
/** Of a file with signatures alone, whose builds would take a flush for damage, and leave it there for a later build to apply. */
export const earlierMagic: Uint8Array = ascii('NCSIGN1\n')
/** Writes to `signed` alone. */
export const signedKind = 1
/** A flush with operations for the database. */
export const flushKind = 2
/** A flush that has payload with it. */
export const payloadKind = 3

/** A record but for its header. */
export interface Body {
  readonly kind: number
  readonly body: Uint8Array
}

/** Writes an empty file; `novacron init` calls it, so that a later absence means loss. Refuses to overwrite. */
export function createSignedLog(path: string, files: FileSystem): void {
  const existing = openIfThere(path, files)
  if (existing !== undefined) {
    files.close(existing)
    throw new Fault<StoreFacts>({ code: 'bad-file', path, reason: 'it exists already' })
  }
  const fresh = startLog(path, files, [])
  try {
    files.syncNow(fresh.fd)
    putInPlace(path, files)
  } finally {
    files.close(fresh.fd)
  }
}

/** For reading and writing; undefined when it is not there. */
export function openIfThere(path: string, files: FileSystem): number | undefined {
  try {
    return files.open(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A complete file, open. */
export interface Created {
  readonly fd: number
  readonly marker: Uint8Array
  readonly end: number
}

/** Puts a complete and synced file in the place of what is there; both are complete at every moment. */
export async function createLog(
  path: string,
  files: FileSystem,
  bodies: readonly Body[]
): Promise<Created> {
  const fresh = startLog(path, files, bodies)
  try {
    await files.sync(fresh.fd, fresh.end)
    putInPlace(path, files)
    return fresh
  } catch (error) {
    files.close(fresh.fd)
    throw error
  }
}

/** Written beside the old one, not synced. */
function startLog(path: string, files: FileSystem, bodies: readonly Body[]): Created {
  const fresh = freshPath(path)
  removeIfThere(fresh, files)
  const fd = files.open(fresh, 'wx+')
  try {
    const header = makeFileHeader(signedMagic)
    const marker = header.subarray(fileHeaderLength - markerLength)
    const parts = [header, ...bodies.flatMap(body => partsOf(marker, body))]
    writeAll(files, fd, parts, 0)
    return { fd, marker, end: lengthOf(parts) }
  } catch (error) {
    files.close(fd)
    throw error
  }
}

function putInPlace(path: string, files: FileSystem): void {
  files.rename(freshPath(path), path)
  files.syncDirectory(dirname(path))
}

function freshPath(path: string): string {
  return `${path}.new`
}

function removeIfThere(path: string, files: FileSystem): void {
  try {
    files.unlink(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** A record as it is written to the file with this marker. */
export function partsOf(marker: Uint8Array, { kind, body }: Body): Uint8Array[] {
  return [encodeRecordHeader(marker, kind, emptyBytes, body), body]
}

/** Signatures alone, as every record was before there were operations. */
export function signedBody(writes: readonly Write[]): Body {
  return { kind: signedKind, body: encodeWrites(writes) }
}

/** One flush with operations, atomic. */
export function flushBody(record: JournalRecord): Body {
  return { kind: flushKind, body: encodeJournalRecord(record) }
}

/** The same with payload. */
export function payloadBody(record: PayloadRecord): Body {
  return { kind: payloadKind, body: encodePayloadRecord(record) }
}

export function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}
