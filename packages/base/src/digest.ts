import type { Digest } from './brand.ts'
import { toHex } from './bytes.ts'

/** SHA-256 of `bytes`, 32 bytes. A port: `node:crypto` in the daemon, anything equal elsewhere. */
export type Hash = (bytes: Uint8Array) => Uint8Array

export function digestOf(hash: Hash, bytes: Uint8Array): Digest {
  return toHex(hash(bytes)) as Digest
}
