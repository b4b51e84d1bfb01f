import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { concatBytes, fromHex, type PeerId } from '@novacron/base'
import { publicKeyOfPeerId } from '../peer-key.ts'
import { fingerprintBytes } from './certificate.ts'

/**
 * How two peers agree on direct sockets, over a stream of their libp2p connection:
 *
 *     dialer    -> listener   offer      nonce 32 | fingerprint 32
 *     listener  -> dialer     answer     nonce 32 | fingerprint 32 | session 16 | signature 64
 *     dialer    -> listener   signature 64
 *     listener  -> dialer     ready      one byte
 *
 * Each signs, with its libp2p key, the chain, both names, both nonces, both fingerprints and the session, so that an
 * announcement is of use to nobody else, on no other chain and at no other time.
 */
export const nonceBytes = 32
export const sessionBytes = 16
export const signatureBytes = 64
export const offerBytes: number = nonceBytes + fingerprintBytes
export const answerBytes: number = offerBytes + sessionBytes + signatureBytes

export type AgreementRole = 'dialer' | 'listener'

/** Everything that both sides sign. */
export interface AgreementTerms {
  readonly chain: string
  readonly dialer: PeerId
  readonly listener: PeerId
  readonly offer: Uint8Array
  /** The answer without its signature. */
  readonly answer: Uint8Array
}

/** PKCS #8 header of an Ed25519 seed and SPKI header of an Ed25519 public key (RFC 8410). */
const pkcs8Prefix = fromHex('302e020100300506032b657004220420')
const spkiPrefix = fromHex('302a300506032b6570032100')

export function signingKeyOf(seed: Uint8Array): KeyObject {
  const key = Buffer.from(concatBytes([pkcs8Prefix, seed]))
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

export function signTerms(terms: AgreementTerms, role: AgreementRole, key: KeyObject): Uint8Array {
  return new Uint8Array(sign(null, bytesOf(terms, role), key))
}

/** Whether the peer that plays `role` has signed exactly these terms. */
export function isSigned(
  terms: AgreementTerms,
  role: AgreementRole,
  signature: Uint8Array
): boolean {
  const publicKey = publicKeyOfPeerId(terms[role])
  const key = Buffer.from(concatBytes([spkiPrefix, publicKey]))
  return verify(
    null,
    bytesOf(terms, role),
    createPublicKey({ key, format: 'der', type: 'spki' }),
    signature
  )
}

/** Texts have no line breaks and the rest has a fixed length, so that nothing can be read in two ways. */
function bytesOf(terms: AgreementTerms, role: AgreementRole): Uint8Array {
  const { chain, dialer, listener, offer, answer } = terms
  const text = `novacron direct sockets 1\n${role}\n${chain}\n${dialer}\n${listener}\n`
  return concatBytes([new Uint8Array(Buffer.from(text)), offer, answer])
}
