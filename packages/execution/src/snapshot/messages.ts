import {
  type CommitIndex,
  type Count,
  type Digest,
  decodeFault,
  type Note,
  type PeerId,
  type Persist,
  Reader,
  type Send,
  type SetTimer,
  unreachable,
  type Verified,
  Writer
} from '@novacron/base'
import { bucketCount } from '../buckets/bucket.ts'
import { type EncodedBucket, type Namespace, namespaces } from '../buckets/namespace.ts'
import { type CheckpointCertificate, readCertificate, writeCertificate } from '../checkpoint.ts'
import { objectBytesLimit, pieceBytesLimit } from './options.ts'

/** What a snapshot is a snapshot of. */
export interface SnapshotManifest {
  readonly certificate: CheckpointCertificate
  /** What the orderer needs to go on from here: opaque, and checked by whoever understands it. */
  readonly extraDigest: Digest
  readonly extraBytes: number
}

/** A byte string that may be fetched in pieces. */
export type ObjectName =
  | { readonly type: 'extra' }
  /** All leaf hashes of one tree. */
  | { readonly type: 'leaves'; readonly namespace: Namespace }
  | { readonly type: 'bucket'; readonly namespace: Namespace; readonly bucket: number }

export type SnapshotRequest =
  /** The newest snapshot above an index. */
  | { readonly type: 'get-manifest'; readonly above: CommitIndex }
  | {
      readonly type: 'get-object'
      readonly index: CommitIndex
      readonly object: ObjectName
      readonly offset: number
    }
  /** Buckets `from <= bucket < to` that are not empty, as many from the front as fit; a piece when the first alone does not. */
  | {
      readonly type: 'get-buckets'
      readonly index: CommitIndex
      readonly namespace: Namespace
      readonly from: number
      readonly to: number
    }

export type SnapshotAnswer =
  | { readonly type: 'manifest'; readonly manifest: SnapshotManifest }
  | {
      readonly type: 'piece'
      readonly index: CommitIndex
      readonly object: ObjectName
      readonly offset: number
      /** Of the whole object. */
      readonly sizeBytes: number
      readonly bytes: Uint8Array
    }
  | {
      readonly type: 'buckets'
      readonly index: CommitIndex
      readonly namespace: Namespace
      readonly buckets: readonly EncodedBucket[]
    }
  /** Not (or no longer) held; index 0 when no snapshot is. */
  | { readonly type: 'unavailable'; readonly index: CommitIndex }

export type SnapshotMessage = SnapshotRequest | SnapshotAnswer

export type SnapshotEvent =
  /** Get a snapshot above `above`, whatever was under way. */
  | { readonly type: 'wanted'; readonly above: CommitIndex; readonly peers: readonly PeerId[] }
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Verified<SnapshotAnswer> }
  | { readonly type: 'timer-fired'; readonly timer: string }
  | { readonly type: 'peer-connected' | 'peer-disconnected'; readonly peer: PeerId }
  /** `extra` of the completed snapshot was wrong: take another peer's. */
  | { readonly type: 'extra-rejected' }
  /** The completed snapshot is in use: let go of its buckets. */
  | { readonly type: 'adopted' }

/** Everything needed to go on from a checkpoint; each bucket was checked against it. */
export interface Snapshot {
  readonly certificate: CheckpointCertificate
  readonly state: readonly EncodedBucket[]
  readonly session: readonly EncodedBucket[]
  readonly extra: Uint8Array
  readonly extraFrom: PeerId
}

export type SnapshotEffect =
  | Persist
  | Send<SnapshotMessage>
  | SetTimer
  | Count
  | Note
  | { readonly type: 'penalize'; readonly peer: PeerId; readonly code: string }
  | { readonly type: 'complete'; readonly snapshot: Snapshot }

const kinds = [
  'get-manifest',
  'get-object',
  'get-buckets',
  'manifest',
  'piece',
  'buckets',
  'unavailable'
] as const
const objectTypes = ['extra', 'leaves', 'bucket'] as const

/** u8 kind, then the fields in the order of the types above. */
export const snapshotCodec: {
  encode(message: SnapshotMessage): Uint8Array
  /** Byte fields are views into the frame. @throws {Fault<DecodeFault>} and nothing else. */
  decode(bytes: Uint8Array): SnapshotMessage
} = {
  encode(message) {
    const writer = new Writer(256).u8(kinds.indexOf(message.type))
    writeFields(writer, message)
    return writer.finish()
  },
  decode(bytes) {
    const reader = new Reader(bytes)
    const message = readFields(reader, reader.u8())
    reader.end()
    return message
  }
}

function writeFields(writer: Writer, message: SnapshotMessage): void {
  switch (message.type) {
    case 'get-manifest':
      writer.u64(message.above)
      return
    case 'unavailable':
      writer.u64(message.index)
      return
    case 'get-object':
      writeObject(writer.u64(message.index), message.object).u32(message.offset)
      return
    case 'get-buckets':
      writeNamespace(writer.u64(message.index), message.namespace)
      writer.u16(message.from).u16(message.to)
      return
    case 'manifest': {
      const { certificate, extraDigest, extraBytes } = message.manifest
      writeCertificate(writer, certificate)
      writer.digest(extraDigest).u32(extraBytes)
      return
    }
    case 'piece':
      writeObject(writer.u64(message.index), message.object)
      writer.u32(message.offset).u32(message.sizeBytes).bytes(message.bytes)
      return
    case 'buckets':
      writeNamespace(writer.u64(message.index), message.namespace)
      writer.list(message.buckets, ([bucket, bytes]) => writer.u16(bucket).bytes(bytes))
      return
    default:
      unreachable(message)
  }
}

function readFields(reader: Reader, kind: number): SnapshotMessage {
  const type = kinds[kind]
  switch (type) {
    case 'get-manifest':
      return { type, above: reader.u64() as CommitIndex }
    case 'unavailable':
      return { type, index: reader.u64() as CommitIndex }
    case 'get-object':
      return { type, ...readPlace(reader), offset: reader.u32() }
    case 'get-buckets':
      return { type, ...readTree(reader), from: reader.u16(), to: reader.u16() }
    case 'manifest':
      return { type, manifest: readManifest(reader) }
    case 'piece':
      return {
        type,
        ...readPlace(reader),
        offset: reader.u32(),
        sizeBytes: readSize(reader),
        bytes: reader.bytes('piece', pieceBytesLimit)
      }
    case 'buckets':
      return { type, ...readTree(reader), buckets: reader.list('buckets', bucketCount, readBucket) }
    default:
      throw decodeFault({ code: 'bad-value', field: 'snapshot message kind', value: `${kind}` })
  }
}

function readManifest(reader: Reader): SnapshotManifest {
  return {
    certificate: readCertificate(reader),
    extraDigest: reader.digest(),
    extraBytes: readSize(reader)
  }
}

function readSize(reader: Reader): number {
  const length = reader.u32()
  if (length <= objectBytesLimit) return length
  throw decodeFault({ code: 'too-long', field: 'object', length, max: objectBytesLimit })
}

function readPlace(reader: Reader): { readonly index: CommitIndex; readonly object: ObjectName } {
  return { index: reader.u64() as CommitIndex, object: readObject(reader) }
}

function readTree(reader: Reader): {
  readonly index: CommitIndex
  readonly namespace: Namespace
} {
  return { index: reader.u64() as CommitIndex, namespace: readNamespace(reader) }
}

function readBucket(reader: Reader): EncodedBucket {
  return [readBucketNumber(reader), reader.bytes('bucket', pieceBytesLimit)]
}

function readBucketNumber(reader: Reader): number {
  const bucket = reader.u16()
  if (bucket < bucketCount) return bucket
  throw decodeFault({ code: 'bad-value', field: 'bucket', value: `${bucket}` })
}

function writeNamespace(writer: Writer, namespace: Namespace): Writer {
  return writer.u8(namespaces.indexOf(namespace))
}

function readNamespace(reader: Reader): Namespace {
  const byte = reader.u8()
  const namespace = namespaces[byte]
  if (namespace !== undefined) return namespace
  throw decodeFault({ code: 'bad-value', field: 'namespace', value: `${byte}` })
}

function writeObject(writer: Writer, object: ObjectName): Writer {
  writer.u8(objectTypes.indexOf(object.type))
  if (object.type === 'extra') return writer
  writeNamespace(writer, object.namespace)
  return object.type === 'bucket' ? writer.u16(object.bucket) : writer
}

function readObject(reader: Reader): ObjectName {
  const byte = reader.u8()
  const type = objectTypes[byte]
  switch (type) {
    case 'extra':
      return { type }
    case 'leaves':
      return { type, namespace: readNamespace(reader) }
    case 'bucket':
      return { type, namespace: readNamespace(reader), bucket: readBucketNumber(reader) }
    default:
      throw decodeFault({ code: 'bad-value', field: 'object type', value: `${byte}` })
  }
}
