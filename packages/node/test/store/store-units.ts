import { createHash } from 'node:crypto'
import { ascii, type Digest, type Write } from '@novacron/base'
import type { StoreOptions } from '../../src/store/options.ts'

export const key = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)

export function put(table: string, at: number, value: string): Write {
  return { type: 'put', table, key: key(at), value: ascii(value) }
}

/** Bytes of any length that differ for each `seed`. */
export function batchOf(seed: number, length: number): { digest: Digest; bytes: Uint8Array } {
  const bytes = new Uint8Array(length).fill(seed % 251)
  new DataView(bytes.buffer).setUint32(0, seed)
  return { digest: digestOf(bytes), bytes }
}

export function digestOf(bytes: Uint8Array): Digest {
  return createHash('sha256').update(bytes).digest('hex') as Digest
}

/** A store whose files fill up within a test. */
export const small: Partial<StoreOptions> = {
  writeBufferBytes: 1024 * 1024,
  blockCacheBytes: 1024 * 1024,
  segmentBytes: 4096,
  cacheBytesMax: 0,
  journalBytes: 1024,
  journalAheadBytes: 0,
  diskFreeBytesMin: 0
}
