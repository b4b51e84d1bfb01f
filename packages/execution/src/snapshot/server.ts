import { type CommitIndex, type Digest, digestOf, type Hash } from '@novacron/base'
import type { TreeImage } from '../buckets/bucket-tree.ts'
import type { EncodedBucket, Namespace } from '../buckets/namespace.ts'
import type { CheckpointCertificate } from '../checkpoint.ts'
import type { CheckpointImage } from '../executor.ts'
import type { ObjectName, SnapshotAnswer, SnapshotRequest } from './messages.ts'
import {
  checkSnapshotServerOptions,
  defaultSnapshotServerOptions,
  type SnapshotServerOptions
} from './options.ts'

/** A snapshot that this node can give away. */
export interface ServedSnapshot {
  readonly certificate: CheckpointCertificate
  readonly image: CheckpointImage
  readonly extra: Uint8Array
  readonly extraDigest: Digest
}

export function serveSnapshot(
  certificate: CheckpointCertificate,
  image: CheckpointImage,
  extra: Uint8Array,
  hash: Hash
): ServedSnapshot {
  return { certificate, image, extra, extraDigest: digestOf(hash, extra) }
}

/** What an entry of the message `buckets` costs beside its bytes. */
const bucketHeaderBytes = 6

/**
 * The answer to one request, from the encodings that are kept anyway: nothing is built for a peer, nothing is remembered of
 * it, and no answer is much longer than `answerBytesMax`.
 */
export function answerSnapshotRequest(
  request: SnapshotRequest,
  served: readonly ServedSnapshot[],
  options: SnapshotServerOptions = defaultSnapshotServerOptions
): SnapshotAnswer {
  checkSnapshotServerOptions(options)
  if (request.type === 'get-manifest') return manifestAbove(request.above, served)
  const { index } = request
  const snapshot = served.find(known => known.certificate.checkpoint.index === index)
  if (snapshot === undefined) return { type: 'unavailable', index }
  const { answerBytesMax } = options
  if (request.type === 'get-object') {
    return pieceOf(snapshot, request.object, request.offset, answerBytesMax)
  }
  return bucketsOf(snapshot, request, answerBytesMax)
}

function manifestAbove(above: CommitIndex, served: readonly ServedSnapshot[]): SnapshotAnswer {
  let newest: ServedSnapshot | undefined
  for (const known of served) {
    const index = known.certificate.checkpoint.index
    if (index > (newest?.certificate.checkpoint.index ?? above)) newest = known
  }
  if (newest === undefined) return { type: 'unavailable', index: 0 as CommitIndex }
  const { certificate, extra, extraDigest } = newest
  return { type: 'manifest', manifest: { certificate, extraDigest, extraBytes: extra.length } }
}

function pieceOf(
  snapshot: ServedSnapshot,
  object: ObjectName,
  offset: number,
  bytesMax: number
): SnapshotAnswer {
  const { index } = snapshot.certificate.checkpoint
  const whole = objectOf(snapshot, object)
  const bytes = whole.subarray(offset, offset + bytesMax)
  return { type: 'piece', index, object, offset, sizeBytes: whole.length, bytes }
}

function objectOf(snapshot: ServedSnapshot, object: ObjectName): Uint8Array {
  if (object.type === 'extra') return snapshot.extra
  const tree = treeOf(snapshot, object.namespace)
  return object.type === 'leaves' ? tree.leaves : (tree.buckets[object.bucket] as Uint8Array)
}

function treeOf({ image }: ServedSnapshot, namespace: Namespace): TreeImage {
  return namespace === 'state' ? image.state : image.sessions
}

function bucketsOf(
  snapshot: ServedSnapshot,
  request: Extract<SnapshotRequest, { readonly type: 'get-buckets' }>,
  bytesMax: number
): SnapshotAnswer {
  const { index, namespace, from, to } = request
  const all = treeOf(snapshot, namespace).buckets
  const buckets: EncodedBucket[] = []
  let bytes = 0
  for (let bucket = from; bucket < Math.min(to, all.length); bucket++) {
    const encoding = all[bucket] as Uint8Array
    if (encoding.length === 0) continue
    bytes += encoding.length + bucketHeaderBytes
    if (bytes > bytesMax) {
      const object = { type: 'bucket', namespace, bucket } as const
      return buckets.length === 0
        ? pieceOf(snapshot, object, 0, bytesMax)
        : { type: 'buckets', index, namespace, buckets }
    }
    buckets.push([bucket, encoding])
  }
  return { type: 'buckets', index, namespace, buckets }
}
