import {
  type Digest,
  decodeFault,
  digestOf,
  type Epoch,
  type Hash,
  type Millis,
  type Reader,
  type ReplicaId,
  type Round,
  Writer
} from '@novacron/base'
import { committeeSizeMax } from '../committee.ts'
import { RecentEncodings } from '../recent-encodings.ts'
import { domainOf, domainWriter, type SigningDomain, signatureBytes } from '../signing.ts'
import { voteSigningBytes } from './vote.ts'

/** A batch as the DAG sees it. */
export interface BatchReference {
  readonly digest: Digest
  readonly sizeBytes: number
}

export function payloadBytesOf(payload: readonly BatchReference[]): number {
  return payload.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

/** A certified vertex of the round before. The digest binds its round and author too. */
export interface ParentReference {
  readonly author: ReplicaId
  readonly digest: Digest
}

/** One replica's proposal in a round. */
export interface Header {
  readonly epoch: Epoch
  readonly round: Round
  readonly author: ReplicaId
  readonly createdAt: Millis
  /** In the order in which they are to be run, without doubles: a client's transactions go on from batch to batch. */
  readonly payload: readonly BatchReference[]
  /** Certified vertices of `round - 1`, ascending by author; none in round 1. */
  readonly parents: readonly ParentReference[]
  /** SHA-256 over all fields and the signing domain. */
  readonly id: Digest
}

export interface SignedHeader {
  readonly header: Header
  /** By the author, over `headerSigningBytes`. */
  readonly signature: Uint8Array
}

/** Batches that one header may name, whatever the options say; checked before anything is allocated. */
export const headerBatchesMax = 256

export type HeaderFields = Omit<Header, 'id'>

/** Sorts the parents, names each batch once, and computes the id. */
export function makeHeader(fields: HeaderFields, domain: SigningDomain, hash: Hash): Header {
  const payload = new Map(fields.payload.map(batch => [batch.digest, batch]))
  const sorted = {
    ...fields,
    payload: [...payload.values()],
    parents: [...fields.parents].sort((a, b) => a.author - b.author)
  }
  return { ...sorted, id: headerId(sorted, domain, hash) }
}

/** Does this header name the vertex of `author` with that digest as a parent? */
export function linksTo(
  { parents }: Pick<Header, 'parents'>,
  author: ReplicaId,
  digest: Digest
): boolean {
  let low = 0
  let high = parents.length
  // Parents ascend by author.
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((parents[middle] as ParentReference).author < author) low = middle + 1
    else high = middle
  }
  const found = parents[low]
  return found?.author === author && found.digest === digest
}

export function headerId(fields: HeaderFields, domain: SigningDomain, hash: Hash): Digest {
  const writer = domainWriter('header', domain)
  writeHeaderFields(writer, fields)
  return digestOf(hash, writer.finish())
}

/**
 * The author's vote for it, by which it signs it: it holds the payload before it sends the header, and signs no other in the
 * slot. So one signature is the header's and the first of its certificate, made once and checked once.
 */
export function headerSigningBytes(
  { id: headerId, round, author }: Header,
  domain: SigningDomain
): Uint8Array {
  return voteSigningBytes({ headerId, round, author }, domain)
}

export function writeHeader(writer: Writer, header: HeaderFields): void {
  writer.u64(header.epoch)
  writeHeaderFields(writer, header)
}

function writeHeaderFields(writer: Writer, header: HeaderFields): void {
  writer
    .u64(header.round)
    .u16(header.author)
    .u64(header.createdAt)
    .list(header.payload, batch => writeBatchReference(writer, batch))
    .list(header.parents, parent => writer.u16(parent.author).digest(parent.digest))
}

/** @throws {Fault<DecodeFault>} on anything but the one canonical encoding. */
export function readHeader(reader: Reader, domain: SigningDomain, hash: Hash): Header {
  const fields: HeaderFields = {
    epoch: reader.u64() as Epoch,
    round: reader.u64() as Round,
    author: reader.u16() as ReplicaId,
    createdAt: reader.u64() as Millis,
    payload: reader.list('payload', headerBatchesMax, readBatchReference),
    parents: reader.list('parents', committeeSizeMax, readParentReference)
  }
  if (new Set(fields.payload.map(batch => batch.digest)).size < fields.payload.length) {
    throw decodeFault({ code: 'bad-value', field: 'payload', value: 'a batch twice' })
  }
  assertAscending(
    'parents',
    fields.parents.map(parent => parent.author)
  )
  return { ...fields, id: headerId(fields, domainOf(fields.epoch, domain), hash) }
}

export function writeBatchReference(writer: Writer, batch: BatchReference): void {
  writer.digest(batch.digest).u32(batch.sizeBytes)
}

export function readBatchReference(reader: Reader): BatchReference {
  return { digest: reader.digest(), sizeBytes: reader.u32() }
}

function readParentReference(reader: Reader): ParentReference {
  return { author: reader.u16() as ReplicaId, digest: reader.digest() }
}

/** Sorted collections have one encoding; doubles are refused by the same check. */
export function assertAscending<T extends string | number>(
  field: string,
  keys: readonly T[]
): void {
  for (let i = 1; i < keys.length; i++) {
    if ((keys[i - 1] as T) >= (keys[i] as T)) {
      throw decodeFault({ code: 'bad-value', field, value: 'not ascending' })
    }
  }
}

export function writeSignedHeader(writer: Writer, signed: SignedHeader): void {
  writeHeader(writer, signed.header)
  writer.raw(signed.signature)
}

const encodings = new RecentEncodings<SignedHeader>()

/** The canonical bytes; once for each object, if asked for soon again. Never change them. */
export function encodeSignedHeader(signed: SignedHeader): Uint8Array {
  let encoding = encodings.get(signed)
  if (encoding === undefined) {
    const writer = Writer.pooled(1_024)
    writeSignedHeader(writer, signed)
    encoding = writer.finish().slice()
    encodings.set(signed, encoding)
  }
  return encoding
}

export function readSignedHeader(reader: Reader, domain: SigningDomain, hash: Hash): SignedHeader {
  const header = readHeader(reader, domain, hash)
  return { header, signature: reader.raw(signatureBytes).slice() }
}
