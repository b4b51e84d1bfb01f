import { createRequire } from 'node:module'

/** What is used of libsodium; bytes of lengths that do not fit are thrown at. */
export interface Sodium {
  /** `privateKey` is the seed with the public key behind it. */
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, privateKey: Uint8Array): void
  crypto_sign_verify_detached(
    signature: Uint8Array,
    message: Uint8Array,
    publicKey: Uint8Array
  ): boolean
}

/**
 * Undefined where there is no build of it for this system, or none was installed.
 * See docs/decisions/0019-signatures-by-libsodium.md.
 */
export const sodium: Sodium | undefined = load()

function load(): Sodium | undefined {
  try {
    return createRequire(import.meta.url)('sodium-native') as Sodium
  } catch {
    return undefined
  }
}
