import type { JsonBytes, JsonLogEntry } from '@novacron/node'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined for bytes that are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

export function jsonOfBytes(bytes: Uint8Array): JsonBytes {
  const utf8 = textOf(bytes)
  return utf8 === undefined ? { base64: Buffer.from(bytes).toString('base64') } : { utf8 }
}

export function bytesOfJson(value: JsonBytes): Uint8Array {
  return 'utf8' in value ? Buffer.from(value.utf8, 'utf8') : Buffer.from(value.base64, 'base64')
}

export function payloadOf(entry: JsonLogEntry): Uint8Array {
  return Buffer.from(entry.payload, 'base64')
}

/** For people, on one line: text in quotes as JSON does when it has to, or base64 with its name. */
export function showBytes(value: JsonBytes): string {
  if ('base64' in value) return `base64:${value.base64}`
  return /^[\x21-\x7e\u00a1-\uffff]+$/.test(value.utf8) ? value.utf8 : JSON.stringify(value.utf8)
}

/** A place in the log, as receipts print it and `get` takes it. */
export function showPosition(index: number, ordinal: number): string {
  return `@${index}.${ordinal}`
}

/** `@INDEX` or `@INDEX.ORDINAL`; undefined for anything else. */
export function parsePosition(text: string): { index: number; ordinal: number } | undefined {
  const [, index, ordinal] = /^@(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text) ?? []
  if (index === undefined || Number(index) < 1) return undefined
  return { index: Number(index), ordinal: Number(ordinal ?? 0) }
}
