import { Fault, Reader, type Write, Writer } from '@novacron/base'
import type { StoreFacts } from './store-fault.ts'

/** The writes of one unit to one table, as they lie in a record of `signed.log`. */

const kinds = { put: 1, delete: 2, 'delete-range': 3 } as const
const keyBytesMax = 65_536

/** `table` is not stored: a log belongs to one table. */
export function encodeWrites(writes: readonly Write[]): Uint8Array {
  const writer = new Writer()
  writer.u32(writes.length)
  for (const write of writes) {
    writer.u8(kinds[write.type])
    if (write.type === 'delete-range') writer.bytes(write.from).bytes(write.to)
    else writer.bytes(write.key)
    if (write.type === 'put') writer.bytes(write.value)
  }
  return writer.finish()
}

/** Byte fields are views into `body`. @throws {Fault} and nothing else on bad input. */
export function decodeWrites(body: Uint8Array, table: string): Write[] {
  const reader = new Reader(body)
  const count = reader.u32()
  const writes: Write[] = []
  for (let i = 0; i < count; i++) writes.push(decodeWrite(reader, table))
  reader.end()
  return writes
}

function decodeWrite(reader: Reader, table: string): Write {
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
      throw new Fault<StoreFacts>({ code: 'bad-file', path: table, reason: `write kind ${kind}` })
  }
}
