import {
  createPrivateKey,
  createPublicKey,
  hash,
  type KeyObject,
  randomBytes,
  sign,
  verify
} from 'node:crypto'
import { assert, type Hash, type Sign, type VerifySignature } from '@novacron/base'
import { type Sodium, sodium } from './sodium.ts'

const seedLength = 32
const publicKeyLength = 32
const signatureLength = 64
/** DER before the 32 raw bytes: PKCS #8 and SubjectPublicKeyInfo of RFC 8410. */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** One private key for one use. The key object is made once. */
export interface SigningKey {
  readonly seed: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Ed25519, 64 bytes, deterministic (RFC 8032). */
  readonly sign: Sign
}

export function signingKeyOfSeed(seed: Uint8Array): SigningKey {
  assert(seed.length === seedLength, `a seed has ${seedLength} bytes: ${seed.length}`)
  const der = Buffer.concat([privatePrefix, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const exported = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(exported.subarray(publicPrefix.length))
  return {
    seed: new Uint8Array(seed),
    publicKey,
    sign:
      sodium === undefined
        ? message => new Uint8Array(sign(null, message, privateKey))
        : signBy(sodium, seed, publicKey)
  }
}

/** The same bytes in half of the time: Ed25519 signatures are deterministic. */
function signBy(library: Sodium, seed: Uint8Array, publicKey: Uint8Array): Sign {
  const privateKey = Buffer.concat([seed, publicKey])
  return message => {
    const signature = new Uint8Array(signatureLength)
    library.crypto_sign_detached(signature, message, privateKey)
    return signature
  }
}

export function randomSeed(): Uint8Array {
  return new Uint8Array(randomBytes(seedLength))
}

/** Key objects kept, since making one costs a tenth of a check; a committee, its clients' keys and some change fit. */
const keyObjectsMax = 4_096
const keyObjects = new Map<string, KeyObject>()

/**
 * Ed25519 as OpenSSL checks it. libsodium says yes in half of the time, and only where OpenSSL would too: both compare the
 * bytes of R, and it refuses some keys besides. So members agree whether they have it or not.
 */
export const verifySignature: VerifySignature = (publicKey, message, signature) => {
  if (publicKey.length !== publicKeyLength || signature.length !== signatureLength) return false
  if (sodium?.crypto_sign_verify_detached(signature, message, publicKey) === true) return true
  return verify(null, message, keyObjectOf(publicKey), signature)
}

/** The same on libuv's threads: worth it for many signatures at once, since the hand-over costs too. */
export function verifySignatureAsync(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array
): Promise<boolean> {
  if (publicKey.length !== publicKeyLength || signature.length !== signatureLength) {
    return Promise.resolve(false)
  }
  const key = keyObjectOf(publicKey)
  return new Promise(resolve => {
    verify(null, message, key, signature, (error, holds) => resolve(error === null && holds))
  })
}

export const sha256: Hash = bytes => hash('sha256', bytes, 'buffer')

function keyObjectOf(publicKey: Uint8Array): KeyObject {
  const raw = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKeyLength)
  const name = raw.toString('latin1')
  const known = keyObjects.get(name)
  if (known !== undefined) return known
  const der = Buffer.concat([publicPrefix, raw])
  const made = createPublicKey({ key: der, format: 'der', type: 'spki' })
  if (keyObjects.size >= keyObjectsMax) {
    // The oldest goes; members are soon back.
    for (const oldest of keyObjects.keys()) {
      keyObjects.delete(oldest)
      break
    }
  }
  keyObjects.set(name, made)
  return made
}
