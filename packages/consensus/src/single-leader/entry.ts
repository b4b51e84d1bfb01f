import {
  type CommitIndex,
  digestOf,
  type Hash,
  type Millis,
  Reader,
  type ReplicaId,
  type Round,
  Writer
} from '@novacron/base'
import {
  type BatchReference,
  headerBatchesMax,
  readBatchReference,
  writeBatchReference
} from '../dag/header.ts'
import { type CommittedSubDag, makeSubDag } from '../dag/sub-dag.ts'
import { domainWriter, type SigningDomain } from '../signing.ts'

/** One place of the log, as a leader has filled it. */
export interface Entry {
  readonly index: CommitIndex
  /** Of the leader that made it; two entries of one index and term are the same. */
  readonly term: number
  readonly leader: ReplicaId
  readonly createdAt: Millis
  readonly payload: readonly BatchReference[]
}

export function writeEntry(writer: Writer, entry: Entry): void {
  writer
    .u64(entry.index)
    .u64(entry.term)
    .u16(entry.leader)
    .u64(entry.createdAt)
    .list(entry.payload, batch => writeBatchReference(writer, batch))
}

export function readEntry(reader: Reader): Entry {
  return {
    index: reader.u64() as CommitIndex,
    term: reader.u64(),
    leader: reader.u16() as ReplicaId,
    createdAt: reader.u64() as Millis,
    payload: reader.list('payload', headerBatchesMax, readBatchReference)
  }
}

export function encodeEntry(entry: Entry): Uint8Array {
  const writer = new Writer(64 + entry.payload.length * 36)
  writeEntry(writer, entry)
  return writer.finish()
}

/** @throws {Fault<DecodeFault>} */
export function decodeEntry(bytes: Uint8Array): Entry {
  const reader = new Reader(bytes)
  const entry = readEntry(reader)
  reader.end()
  return entry
}

/** Some weeks of commits at any rate; the number stays exact for two million terms. */
const indexesPerTerm = 2 ** 32

export function termOf({ anchor }: Pick<CommittedSubDag, 'anchor'>): number {
  return Math.floor(anchor.round / indexesPerTerm)
}

/**
 * The entry as everything behind the orderer knows commits: one vertex, which is its own anchor. Its round is term and index in
 * one, as ZooKeeper numbers its proposals, so that whoever begins at a commit knows the term.
 */
export function commitOf(
  entry: Entry,
  before: Pick<CommittedSubDag, 'digest' | 'timestamp'>,
  domain: SigningDomain,
  hash: Hash
): CommittedSubDag {
  const { index, leader: author, payload } = entry
  const digest = digestOf(hash, domainWriter('vertex', domain).raw(encodeEntry(entry)).finish())
  const round = (entry.term * indexesPerTerm + index) as Round
  return makeSubDag(
    {
      epoch: domain.epoch,
      index,
      anchor: { round, author, digest },
      timestamp: Math.max(entry.createdAt, before.timestamp) as Millis,
      previous: before.digest,
      vertices: [{ round, author, digest, payload }],
      scores: []
    },
    domain,
    hash
  )
}
