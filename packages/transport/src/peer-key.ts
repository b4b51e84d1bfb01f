import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey, peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { assert, type PeerId, toPeerId } from '@novacron/base'
import { privateKeyOfSeed } from './private-key.ts'

/** Name of the node whose peer key has this 32-byte Ed25519 seed. */
export function peerIdOfSeed(seed: Uint8Array): PeerId {
  return toPeerId(peerIdFromPrivateKey(privateKeyOfSeed(seed)).toString())
}

/** Name of the node whose peer key has this 32-byte Ed25519 public key. */
export function peerIdOfPublicKey(publicKey: Uint8Array): PeerId {
  assert(publicKey.length === 32, `a public key has 32 bytes: ${publicKey.length}`)
  return toPeerId(peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString())
}

/**
 * Raw 32-byte Ed25519 public key inside a peer id.
 *
 * @throws {RangeError} for text that is no peer id of an Ed25519 key.
 */
export function publicKeyOfPeerId(peer: PeerId): Uint8Array {
  let key: { readonly type: string; readonly raw: Uint8Array } | undefined
  try {
    key = peerIdFromString(peer).publicKey
  } catch {
    key = undefined
  }
  if (key?.type !== 'Ed25519') throw new RangeError(`no Ed25519 peer id: ${peer}`)
  return new Uint8Array(key.raw)
}
