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
  return { header, signatures: sorted, digest: vertexDigest(subjectOf(header), domain, hash) }
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

/** For as long as the object: the replicas of one simulation store one string among them. */
const encodings = new WeakMap<Certificate, Uint8Array>()

/** The canonical bytes, made once for each object: it is stored and sent as the same bytes. Never change them. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  let encoding = encodings.get(certificate)
  if (encoding === undefined) {
    const writer = Writer.pooled(1_024)
    writeCertificate(writer, certificate)
    encoding = writer.finish().slice()
    encodings.set(certificate, encoding)
  }
  return encoding
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
  return { header, signatures, digest: vertexDigest(subjectOf(header), ownDomain, hash) }
}
