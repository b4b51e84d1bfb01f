import { crc32 } from 'node:zlib'
import type { Write } from '@novacron/base'
import { copyOfWrite, sizeOfWrite } from './ordered-table.ts'
import { plainBytes } from './own-bytes.ts'
import { signedTable } from './store.ts'
import { databaseKey } from './table-key.ts'

/** One change to the database, with the table in the key and the checksum in the value. */
export type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }
  | { readonly type: 'del-range'; readonly from: Uint8Array; readonly to: Uint8Array }

/** What one call of `write` queued: atomic within the database and within `signed.log`. */
export interface Unit {
  readonly operations: readonly Operation[]
  readonly signed: readonly Write[]
  /** Memory it holds. */
  readonly bytes: number
  /** Bytes it adds to the disk; removals add next to nothing. */
  readonly addedBytes: number
}

/** Copies all keys and values. */
export function toUnit(writes: readonly Write[]): Unit {
  let bytes = 0
  let addedBytes = 0
  const operations: Operation[] = []
  const signed: Write[] = []
  for (const write of writes) {
    const size = sizeOfWrite(write)
    bytes += size
    if (write.type === 'put') addedBytes += size
    if (write.table === signedTable) signed.push(copyOfWrite(write))
    else operations.push(toOperation(write))
  }
  return { operations, signed, bytes, addedBytes }
}

function toOperation(write: Write): Operation {
  switch (write.type) {
    case 'put': {
      const key = databaseKey(write.table, write.key)
      return { type: 'put', key, value: sealValue(key, write.value) }
    }
    case 'delete':
      return { type: 'del', key: databaseKey(write.table, write.key) }
    case 'delete-range': {
      const { table, from, to } = write
      return { type: 'del-range', from: databaseKey(table, from), to: databaseKey(table, to) }
    }
  }
}

const checksumLength = 4

/** crc32 over key and value | value: a value under a wrong key is damage too. */
export function sealValue(key: Uint8Array, value: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(checksumLength + value.length)
  sealed.writeUInt32BE(crc32(value, crc32(key)))
  sealed.set(value, checksumLength)
  return sealed
}

/** A view of the value, or undefined when the checksum does not match. */
export function openValue(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < checksumLength) return undefined
  const value = plainBytes(sealed.subarray(checksumLength))
  const view = new DataView(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  return view.getUint32(0) === crc32(value, crc32(key)) ? value : undefined
}
