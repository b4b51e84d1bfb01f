import { createPrivateKey, createPublicKey } from 'node:crypto'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { assert, concatBytes, fromHex } from '@novacron/base'

/** Header of an Ed25519 private key in PKCS #8 (RFC 8410); the seed follows. */
const pkcs8Prefix = fromHex('302e020100300506032b657004220420')

/** libp2p private key of a 32-byte Ed25519 seed. */
export function privateKeyOfSeed(seed: Uint8Array): PrivateKey {
  assert(seed.length === 32, `a seed has 32 bytes: ${seed.length}`)
  const der = Buffer.from(concatBytes([pkcs8Prefix, seed]))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  const publicKey = Buffer.from(jwk.x as string, 'base64url')
  return privateKeyFromRaw(concatBytes([seed, publicKey]))
}
