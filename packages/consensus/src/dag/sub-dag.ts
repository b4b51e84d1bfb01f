import {
  assert,
  type CommitIndex,
  type Digest,
  digestOf,
  type Epoch,
  type Hash,
  type Millis,
  Reader,
  type ReplicaId,
  type Round,
  Writer
} from '@novacron/base'
import { committeeSizeMax } from '../committee.ts'
import { RecentEncodings } from '../recent-encodings.ts'
import { domainOf, domainWriter, type SigningDomain } from '../signing.ts'
import {
  type BatchReference,
  headerBatchesMax,
  readBatchReference,
  writeBatchReference
} from './header.ts'

/** A place in the DAG and what stands there. */
export interface VertexReference {
  readonly round: Round
  readonly author: ReplicaId
  readonly digest: Digest
}

export interface OrderedVertex extends VertexReference {
  readonly payload: readonly BatchReference[]
}

/** What one anchor newly orders: an entry of the agreed log, chained to the one before by `previous`. */
export interface CommittedSubDag {
  readonly epoch: Epoch
  readonly index: CommitIndex
  readonly anchor: VertexReference
  /** Weighted median of the vertices' creation times, never below the one before. */
  readonly timestamp: Millis
  readonly previous: Digest
  /** Ascending by (round, author); the anchor is the last round's. */
  readonly vertices: readonly OrderedVertex[]
  /** Leader scores after this commit, by replica; empty when the schedule does not use them. */
  readonly scores: readonly number[]
  /** SHA-256 over all fields: the log's hash chain. */
  readonly digest: Digest
}

export type SubDagFields = Omit<CommittedSubDag, 'digest'>

/** The head of an empty log. */
export const genesisCommitDigest: Digest = '0'.repeat(64) as Digest

/** Vertices in one commit: a full window of rounds of the largest committee would still fit. */
export const subDagVerticesMax = 65_535

export function makeSubDag(
  fields: SubDagFields,
  domain: SigningDomain,
  hash: Hash
): CommittedSubDag {
  assert(fields.vertices.length <= subDagVerticesMax, 'vertices in a sub-DAG')
  const encoding = encodeFields(fields)
  // The epoch, which comes first in the record, is part of the domain.
  const signed = domainWriter('commit', domain).raw(encoding.subarray(epochBytes)).finish()
  const subDag = { ...fields, digest: digestOf(hash, signed) }
  encodings.set(subDag, encoding)
  return subDag
}

const epochBytes = 8
const encodings = new RecentEncodings<CommittedSubDag>()

/** The record of a commit. Never change it. */
export function encodeSubDag(subDag: CommittedSubDag): Uint8Array {
  return encodings.get(subDag) ?? encodeFields(subDag)
}

/** Longer than a slab's share mostly, and kept: bytes of its own, as long as needed. */
function encodeFields(fields: SubDagFields): Uint8Array {
  const writer = new Writer(fixedBytes + fields.vertices.length * vertexBytes).u64(fields.epoch)
  writeFields(writer, fields)
  return writer.finish()
}

const fixedBytes = 128
/** Of a vertex with one batch, for the first guess. */
const vertexBytes = 80

/** The digest is computed from the bytes, so a record that was changed shows another digest. */
export function decodeSubDag(
  bytes: Uint8Array,
  domain: SigningDomain,
  hash: Hash
): CommittedSubDag {
  const reader = new Reader(bytes)
  const epoch = reader.u64() as Epoch
  const fields: SubDagFields = {
    epoch,
    index: reader.u64() as CommitIndex,
    timestamp: reader.u64() as Millis,
    previous: reader.digest(),
    anchor: readReference(reader),
    vertices: reader.list('vertices', subDagVerticesMax, readVertex),
    scores: reader.list('scores', committeeSizeMax, r => r.u32())
  }
  reader.end()
  return makeSubDag(fields, domainOf(epoch, domain), hash)
}

function writeFields(writer: Writer, fields: SubDagFields): void {
  writer.u64(fields.index).u64(fields.timestamp).digest(fields.previous)
  writeReference(writer, fields.anchor)
  writer.list(fields.vertices, vertex => {
    writeReference(writer, vertex)
    writer.list(vertex.payload, batch => writeBatchReference(writer, batch))
  })
  writer.list(fields.scores, score => writer.u32(score))
}

function writeReference(writer: Writer, reference: VertexReference): void {
  writer.u64(reference.round).u16(reference.author).digest(reference.digest)
}

function readReference(reader: Reader): VertexReference {
  return {
    round: reader.u64() as Round,
    author: reader.u16() as ReplicaId,
    digest: reader.digest()
  }
}

function readVertex(reader: Reader): OrderedVertex {
  return {
    ...readReference(reader),
    payload: reader.list('payload', headerBatchesMax, readBatchReference)
  }
}
