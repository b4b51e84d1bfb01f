import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { concatBytes, fromHex } from '@novacron/base'

/** What a node shows on its direct sockets; made anew at each start and known to nobody beforehand. */
export interface DirectCertificate {
  readonly certificatePem: string
  readonly keyPem: string
  /** SHA-256 of the certificate's DER form, 32 bytes. */
  readonly fingerprint: Uint8Array
}

export const fingerprintBytes = 32

const tag = { sequence: 0x30, set: 0x31, integer: 2, bits: 3, text: 0x0c, year2: 0x17, year4: 0x18 }
const ed25519: Uint8Array = fromHex('06032b6570')
const commonName: Uint8Array = fromHex('0603550403')

/**
 * A self-signed Ed25519 certificate. Nothing in it says who the node is, and its dates mean nothing: the peer compares the
 * whole of it with the fingerprint that it was told.
 *
 * source  RFC 5280, version 1 certificate; RFC 8410 for the algorithm
 */
export function makeDirectCertificate(): DirectCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const algorithm = der(tag.sequence, ed25519)
  const attribute = der(tag.sequence, commonName, der(tag.text, ascii('novacron')))
  const name = der(tag.sequence, der(tag.set, attribute))
  const validity = der(
    tag.sequence,
    der(tag.year2, ascii('700101000000Z')),
    der(tag.year4, ascii('99991231235959Z'))
  )
  const toSign = der(
    tag.sequence,
    der(tag.integer, new Uint8Array([1])),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' })
  )
  const signature = der(tag.bits, new Uint8Array([0]), sign(null, toSign, privateKey))
  const certificate = der(tag.sequence, toSign, algorithm, signature)
  const base64 = Buffer.from(certificate).toString('base64')
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    fingerprint: fingerprintOf(certificate)
  }
}

export function fingerprintOf(certificate: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(certificate).digest())
}

/** One value of DER, shorter than 64 KiB. */
function der(kind: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(parts)
  const { length } = content
  return concatBytes([new Uint8Array([kind, ...lengthOf(length)]), content])
}

/** The shortest form, as DER wants it: TLS shows the certificate in that form, whatever it was given. */
function lengthOf(length: number): readonly number[] {
  if (length < 128) return [length]
  return length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
}

function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'ascii'))
}
