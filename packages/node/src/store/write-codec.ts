import { Fault, Reader, type Write, Writer } from '@novacron/base'
import type { Operation } from './operation.ts'
import { markerLength } from './record.ts'
import { signedTable } from './store.ts'
import type { StoreFacts } from './store-fault.ts'

/** What lies in the records of `signed.log`: writes to the table `signed`, and what the database and the segments are to get. */

const kinds = { put: 1, delete: 2, 'delete-range': 3 } as const
const operationKinds = { put: kinds.put, del: kinds.delete, 'del-range': kinds['delete-range'] }
const keyBytesMax = 65_536
export const historyLength = 8
/** What most flushes come to. */
const sizeHintBytes = 4_096

/** How far a database has come: `number` records of one history are in it, all earlier ones of that history among them. */
export interface Mark {
  /** 8 random bytes, new at each opening of a store. */
  readonly history: Uint8Array
  readonly number: number
}

/** What one flush wrote, atomic; the operations follow on a database that holds the record before it. */
export interface JournalRecord extends Mark {
  readonly signed: readonly Write[]
  readonly operations: readonly Operation[]
}

/** Whole records of a segment, to be found at `offset` of the file with this number that begins with this marker. */
export interface Extent {
  readonly segment: number
  readonly marker: Uint8Array
  readonly offset: number
  readonly bytes: Uint8Array
}

export function payloadBytesOf(extents: readonly Extent[]): number {
  return extents.reduce((sum, { bytes }) => sum + bytes.length, 0)
}

/** A flush whose payload is not in its segments yet. */
export interface PayloadRecord extends JournalRecord {
  readonly extents: readonly Extent[]
}

/** `table` is not stored: these records belong to one table. */
export function encodeWrites(writes: readonly Write[]): Uint8Array {
  const writer = new Writer()
  putWrites(writer, writes)
  return writer.finish()
}

/** Byte fields are views into `body`. @throws {Fault} and nothing else on bad input. */
export function decodeWrites(body: Uint8Array, table: string): Write[] {
  const reader = new Reader(body)
  const writes = takeWrites(reader, table)
  reader.end()
  return writes
}

/** history 8 | number u64 | writes to `signed` | operations */
export function encodeJournalRecord(record: JournalRecord): Uint8Array {
  const writer = new Writer(sizeHintBytes)
  putRecord(writer, record)
  return writer.finish()
}

/** Byte fields are views into `body`. @throws {Fault} and nothing else on bad input. */
export function decodeJournalRecord(body: Uint8Array): JournalRecord {
  const reader = new Reader(body)
  const record = takeRecord(reader)
  reader.end()
  return record
}

/** a journal record | count u32 | per extent: segment u32 | marker 8 | offset u64 | bytes */
export function encodePayloadRecord({ extents, ...record }: PayloadRecord): Uint8Array {
  const writer = new Writer(sizeHintBytes + payloadBytesOf(extents))
  putRecord(writer, record)
  writer.u32(extents.length)
  for (const { segment, marker, offset, bytes } of extents) {
    writer.u32(segment).raw(marker).u64(offset).bytes(bytes)
  }
  return writer.finish()
}

/** Byte fields are views into `body`. @throws {Fault} and nothing else on bad input. */
export function decodePayloadRecord(body: Uint8Array): PayloadRecord {
  const reader = new Reader(body)
  const record = takeRecord(reader)
  const extents = takeMany(reader, takeExtent)
  reader.end()
  return { ...record, extents }
}

export function encodeMark({ history, number }: Mark): Uint8Array {
  return new Writer(historyLength + 8).raw(history).u64(number).finish()
}

/** @throws {Fault} and nothing else on bad input. */
export function decodeMark(bytes: Uint8Array): Mark {
  const reader = new Reader(bytes)
  const mark = takeMark(reader)
  reader.end()
  return mark
}

function takeMark(reader: Reader): Mark {
  return { history: reader.raw(historyLength), number: reader.u64() }
}

function putRecord(writer: Writer, { history, number, signed, operations }: JournalRecord): void {
  writer.raw(history).u64(number)
  putWrites(writer, signed)
  writer.u32(operations.length)
  for (const operation of operations) {
    writer.u8(operationKinds[operation.type])
    if (operation.type === 'del-range') writer.bytes(operation.from).bytes(operation.to)
    else writer.bytes(operation.key)
    if (operation.type === 'put') writer.bytes(operation.value)
  }
}

function takeRecord(reader: Reader): JournalRecord {
  const { history, number } = takeMark(reader)
  const signed = takeWrites(reader, signedTable)
  return { history, number, signed, operations: takeMany(reader, takeOperation) }
}

function takeExtent(reader: Reader): Extent {
  const segment = reader.u32()
  const marker = reader.raw(markerLength)
  const offset = reader.u64()
  return { segment, marker, offset, bytes: reader.bytes('bytes', reader.left) }
}

function putWrites(writer: Writer, writes: readonly Write[]): void {
  writer.u32(writes.length)
  for (const write of writes) {
    writer.u8(kinds[write.type])
    if (write.type === 'delete-range') writer.bytes(write.from).bytes(write.to)
    else writer.bytes(write.key)
    if (write.type === 'put') writer.bytes(write.value)
  }
}

function takeWrites(reader: Reader, table: string): Write[] {
  return takeMany(reader, () => takeWrite(reader, table))
}

/** A list with its length before it. */
function takeMany<T>(reader: Reader, take: (reader: Reader) => T): T[] {
  const count = reader.u32()
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(take(reader))
  return items
}

function takeWrite(reader: Reader, table: string): Write {
  const kind = reader.u8()
  const key = reader.bytes('key', keyBytesMax)
  switch (kind) {
    case kinds.put:
      return { type: 'put', table, key, value: reader.bytes('value', reader.left) }
    case kinds.delete:
      return { type: 'delete', table, key }
    case kinds['delete-range']:
      return { type: 'delete-range', table, from: key, to: reader.bytes('to', keyBytesMax) }
    default:
      throw unknownKind(kind)
  }
}

/** Keys are as long as the database took them before there was a journal: only the record bounds them. */
function takeOperation(reader: Reader): Operation {
  const kind = reader.u8()
  const key = reader.bytes('key', reader.left)
  switch (kind) {
    case kinds.put:
      return { type: 'put', key, value: reader.bytes('value', reader.left) }
    case kinds.delete:
      return { type: 'del', key }
    case kinds['delete-range']:
      return { type: 'del-range', from: key, to: reader.bytes('to', reader.left) }
    default:
      throw unknownKind(kind)
  }
}

function unknownKind(kind: number): Fault<StoreFacts> {
  const reason = `write kind ${kind}`
  return new Fault({ code: 'bad-file', path: 'signed.log', reason })
}
