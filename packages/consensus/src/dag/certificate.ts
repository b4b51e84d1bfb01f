import {
  type Digest,
  digestOf,
  type Hash,
  type Reader,
  type ReplicaId,
  Writer
} from '@novacron/base'
import { committeeSizeMax } from '../committee.ts'
import { domainOf, domainWriter, type SigningDomain, signatureBytes } from '../signing.ts'
import { assertAscending, type Header, readHeader, writeHeader } from './header.ts'
import { type VoteSubject, voteSigningBytes } from './vote.ts'

export interface VoterSignature {
  readonly voter: ReplicaId
  readonly signature: Uint8Array
}

/** A header and a quorum of votes for it: its payload is available and its slot is taken. */
export interface Certificate {
  readonly header: Header
  /** Ascending by voter. */
  readonly signatures: readonly VoterSignature[]
  /** Of (header id, round, author) only: which quorum signed does not make it another vertex. */
  readonly digest: Digest
}

export function makeCertificate(
  header: Header,
  signatures: readonly VoterSignature[],
  domain: SigningDomain,
  hash: Hash
): Certificate {
  const sorted = [...signatures].sort((a, b) => a.voter - b.voter)
  return new EncodedOnce(header, sorted, vertexDigest(subjectOf(header), domain, hash))
}

export function vertexDigest(subject: VoteSubject, domain: SigningDomain, hash: Hash): Digest {
  const bytes = domainWriter('vertex', domain)
    .digest(subject.headerId)
    .u64(subject.round)
    .u16(subject.author)
    .finish()
  return digestOf(hash, bytes)
}

export function subjectOf(header: Header): VoteSubject {
  return { headerId: header.id, round: header.round, author: header.author }
}

/** The one message that all signatures of a certificate sign. */
export function certificateSigningBytes(
  certificate: Certificate,
  domain: SigningDomain
): Uint8Array {
  return voteSigningBytes(subjectOf(certificate.header), domain)
}

export function writeCertificate(writer: Writer, certificate: Certificate): void {
  writeHeader(writer, certificate.header)
  writer.list(certificate.signatures, entry => writer.u16(entry.voter).raw(entry.signature))
}

/**
 * A certificate with a place for its bytes: it is stored and sent as the same ones, all replicas of a simulation store one
 * string among them, and they are freed with it, which a `WeakMap` does not see to (docs/decisions/0025-maps-that-let-go.md).
 */
class EncodedOnce implements Certificate {
  readonly header: Header
  readonly signatures: readonly VoterSignature[]
  readonly digest: Digest
  #encoding: Uint8Array | undefined

  constructor(header: Header, signatures: readonly VoterSignature[], digest: Digest) {
    this.header = header
    this.signatures = signatures
    this.digest = digest
  }

  static encode(certificate: Certificate): Uint8Array {
    if (!(#encoding in certificate)) return encodeFields(certificate)
    certificate.#encoding ??= encodeFields(certificate)
    return certificate.#encoding
  }
}

/** The canonical bytes, made once for each object that was made or read here. Never change them. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  return EncodedOnce.encode(certificate)
}

function encodeFields(certificate: Certificate): Uint8Array {
  const writer = Writer.pooled(1_024)
  writeCertificate(writer, certificate)
  return writer.finish().slice()
}

/** @throws {Fault<DecodeFault>} on anything but the canonical encoding. */
export function readCertificate(reader: Reader, domain: SigningDomain, hash: Hash): Certificate {
  const header = readHeader(reader, domain, hash)
  const signatures = reader.list('signatures', committeeSizeMax, r => ({
    voter: r.u16() as ReplicaId,
    signature: r.raw(signatureBytes).slice()
  }))
  assertAscending(
    'signatures',
    signatures.map(entry => entry.voter)
  )
  const ownDomain = domainOf(header.epoch, domain)
  return new EncodedOnce(header, signatures, vertexDigest(subjectOf(header), ownDomain, hash))
}
