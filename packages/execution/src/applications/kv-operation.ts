import { Writer } from '@novacron/base'

/** Kinds: 0 put, 1 delete, 2 compare-and-set. */
export type KvOperation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: Uint8Array }
  | {
      /** Puts `value`, or deletes when it is absent, if the key has `version`; version 0 is "not there". */
      readonly type: 'compare-and-set'
      readonly key: Uint8Array
      readonly version: number
      readonly value?: Uint8Array
    }

export const kvKeyBytesMax = 1_024
const putKind = 0
const deleteKind = 1
const compareKind = 2
const unsafeHighWord = 0x20_0000

/** kind u8, key length u16, key; for compare-and-set version u64 and flag u8 (1 = a value follows); the value to the end. */
export function encodeKvOperation(operation: KvOperation): Uint8Array {
  const { key } = operation
  const writer = new Writer(key.length + 256)
  switch (operation.type) {
    case 'put':
      return head(writer, putKind, key).raw(operation.value).finish()
    case 'delete':
      return head(writer, deleteKind, key).finish()
    default: {
      const { version, value } = operation
      head(writer, compareKind, key).u64(version)
      return value === undefined ? writer.u8(0).finish() : writer.u8(1).raw(value).finish()
    }
  }
}

function head(writer: Writer, kind: number, key: Uint8Array): Writer {
  return writer.u8(kind).u16(key.length).raw(key)
}

/**
 * Key and value are views. Undefined for what is no operation: nothing is thrown, since a flood of bad transactions must not
 * be a flood of stack traces. The key may be longer than `kvKeyBytesMax`.
 */
export function readKvOperation(payload: Uint8Array): KvOperation | undefined {
  if (payload.length < 3) return undefined
  const keyEnd = 3 + (((payload[1] as number) << 8) | (payload[2] as number))
  if (keyEnd > payload.length) return undefined
  const key = payload.subarray(3, keyEnd)
  const rest = payload.subarray(keyEnd)
  switch (payload[0]) {
    case putKind:
      return { type: 'put', key, value: rest }
    case deleteKind:
      return rest.length === 0 ? { type: 'delete', key } : undefined
    case compareKind:
      return readCompare(key, rest)
    default:
      return undefined
  }
}

function readCompare(key: Uint8Array, rest: Uint8Array): KvOperation | undefined {
  if (rest.length < 9) return undefined
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength)
  const high = view.getUint32(0)
  if (high >= unsafeHighWord) return undefined
  const version = high * 0x1_0000_0000 + view.getUint32(4)
  const flag = rest[8]
  if (flag === 1) return { type: 'compare-and-set', key, version, value: rest.subarray(9) }
  if (flag !== 0 || rest.length > 9) return undefined
  return { type: 'compare-and-set', key, version }
}
