import type { KvOperation } from '@novacron/execution'
import type { JsonBytes, JsonKvOperation } from './method-types.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** For text that the schema has checked. */
export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

/** Undefined for bytes that are not UTF-8: decoded with replacements, different keys would become one. */
export function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

export function jsonOfBytes(bytes: Uint8Array): JsonBytes {
  const utf8 = textOfBytes(bytes)
  return utf8 === undefined ? { base64: toBase64(bytes) } : { utf8 }
}

export function bytesOfJson(value: JsonBytes): Uint8Array {
  return 'utf8' in value ? new TextEncoder().encode(value.utf8) : fromBase64(value.base64)
}

export function operationOfJson(operation: JsonKvOperation): KvOperation {
  const key = bytesOfJson(operation.key)
  switch (operation.type) {
    case 'put':
      return { type: 'put', key, value: bytesOfJson(operation.value) }
    case 'delete':
      return { type: 'delete', key }
    case 'compare-and-set': {
      const { type, version, value } = operation
      return value === undefined
        ? { type, key, version }
        : { type, key, version, value: bytesOfJson(value) }
    }
  }
}
