import { toBase64 } from './json-bytes.ts'
import type { JsonLogPage } from './method-types.ts'
import type { LogPage } from './node-control.ts'

export function jsonOfLogPage({ entries, next, lowest }: LogPage): JsonLogPage {
  return {
    entries: entries.map(({ payload, ...entry }) => ({ ...entry, payload: toBase64(payload) })),
    next,
    lowest
  }
}
