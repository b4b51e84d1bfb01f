import { Reader, writeU64 } from '@novacron/base'
import type { TransactionView } from '../envelope.ts'
import type { Result } from '../result.ts'
import type { StateView } from '../state/state-view.ts'
import { type Application, type ApplyContext, done, written } from './application.ts'
import { kvKeyBytesMax, readKvOperation } from './kv-operation.ts'

export const kvApplication = 2
const versionBytes = 8

export interface KvValue {
  readonly value: Uint8Array
  readonly version: number
}

export interface KvItem extends KvValue {
  readonly key: Uint8Array
}

const malformed: Result = { code: 'malformed' }
const keyTooLong: Result = { code: 'key-too-long' }
const notFound: Result = { code: 'not-found' }
const versionMismatch: Result = { code: 'version-mismatch' }
const stateFull: Result = { code: 'state-full' }

/**
 * Put, delete, compare-and-set. The version of a key is the position in the log of the transaction that wrote it: it grows
 * with every write and is never given twice, so that a key that was deleted and written again cannot pass for the old one.
 * Stored under a key: version u64, value.
 */
export const kv: Application = {
  id: kvApplication,
  name: 'kv',
  apply(context: Readonly<ApplyContext>, transaction: TransactionView): Result {
    const operation = readKvOperation(transaction.payload())
    if (operation === undefined) return malformed
    const { key } = operation
    if (key.length > kvKeyBytesMax) return keyTooLong
    switch (operation.type) {
      case 'put':
        return put(context, key, operation.value)
      case 'delete':
        return context.state.delete(key) ? done : notFound
      default: {
        const { version, value } = operation
        if (versionOf(context.state, key) !== version) return versionMismatch
        if (value !== undefined) return put(context, key, value)
        return context.state.delete(key) ? done : notFound
      }
    }
  }
}

export function getKv(state: StateView, key: Uint8Array): KvValue | undefined {
  const stored = state.get(key)
  return stored === undefined ? undefined : kvValueOf(stored)
}

/** Ascending by key: those with `prefix` above `after`, at most `limit`. Values belong to the state. */
export function listKv(
  state: StateView,
  prefix: Uint8Array,
  after: Uint8Array | undefined,
  limit: number
): KvItem[] {
  return state.list(prefix, after, limit).map(({ key, value }) => ({ key, ...kvValueOf(value) }))
}

function put(context: Readonly<ApplyContext>, key: Uint8Array, value: Uint8Array): Result {
  const stored = context.state.makeValue(versionBytes + value.length)
  writeU64(stored, 0, context.position)
  stored.set(value, versionBytes)
  return context.state.put(key, stored) ? written : stateFull
}

/** 0 for a key that is not there. */
function versionOf(state: StateView, key: Uint8Array): number {
  const stored = state.get(key)
  return stored === undefined ? 0 : new Reader(stored).u64()
}

function kvValueOf(stored: Uint8Array): KvValue {
  return { version: new Reader(stored).u64(), value: stored.subarray(versionBytes) }
}
