import type { Digest } from './brand.ts'

/** Signs with one private key that never leaves the port. Ed25519 in the daemon: 64 bytes, deterministic. */
export type Sign = (message: Uint8Array) => Uint8Array

/** Checks one signature; false for a malformed key or signature, never a throw. */
export type VerifySignature = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array
) => boolean

/** Stored batches by digest, read at once from memory or the page cache. The bytes belong to the store. */
export interface BatchReader {
  has(digest: Digest): boolean
  /** Length in bytes, without reading them; undefined when it is not stored. */
  sizeOf(digest: Digest): number | undefined
  read(digest: Digest): Uint8Array | undefined
}
