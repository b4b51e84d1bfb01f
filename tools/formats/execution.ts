import type { CommitIndex, Digest } from '@novacron/base'
import {
  bucketOf,
  checkpointCodec,
  decodeBucket,
  decodeCertificate,
  decodeCheckpoint,
  decodeEnvelope,
  decodeExecuted,
  decodeVote,
  encodeBucket,
  encodeCertificate,
  encodeCheckpoint,
  encodeEnvelope,
  encodeExecuted,
  encodeKvOperation,
  encodeVote,
  objectBytesLimit,
  Session,
  type SnapshotMessage,
  snapshotCodec
} from '@novacron/execution'
import fc from 'fast-check'
import {
  type KvOperation,
  readKvOperation
} from '../../packages/execution/src/applications/kv-operation.ts'
import { byteKeyOf } from '../../packages/execution/src/state/byte-key.ts'
import {
  certificateOf,
  checkpointAt,
  voteOf
} from '../../packages/execution/test/checkpoints/committee.ts'
import { digestAt, hash } from '../../packages/execution/test/fixtures.ts'
import { type Format, format } from './format.ts'

const source = 'packages/execution/src'
const constant = <T extends string>(type: T) => fc.constant(type)
const index = fc.nat().map(value => value as CommitIndex)
const bytes = fc.uint8Array({ maxLength: 60 })
const checkpoints = fc.integer({ min: 1, max: 9_999 }).map(at => checkpointAt(at))
const certificates = fc
  .tuple(checkpoints, fc.subarray([0, 1, 2, 3]))
  .map(([checkpoint, seats]) => certificateOf(checkpoint, ...seats))
const checkpointVotes = checkpoints.map(checkpoint => voteOf(2, checkpoint))
const slots = fc
  .array(fc.tuple(fc.nat(4_095), fc.constantFrom(1, 2)), { maxLength: 6 })
  .map(places => {
    const all = new Uint8Array(4_096)
    for (const [at, place] of places) all[at] = place
    return all
  })
const namespace = fc.constantFrom('state' as const, 'session' as const)
const object = fc.oneof(
  fc.record({ type: constant('extra') }),
  fc.record({ type: constant('leaves'), namespace }),
  fc.record({ type: constant('bucket'), namespace, bucket: fc.nat(4_095) })
)
const snapshotMessages: fc.Arbitrary<SnapshotMessage> = fc.oneof(
  fc.record({ type: constant('get-manifest'), above: index }),
  fc.record({ type: constant('get-object'), index, object, offset: fc.nat() }),
  fc.record({
    type: constant('get-buckets'),
    index,
    namespace,
    from: fc.nat(65_535),
    to: fc.nat(65_535)
  }),
  fc.record({
    type: constant('manifest'),
    manifest: fc.record({
      certificate: certificates,
      extraDigest: fc.nat().map((at): Digest => digestAt(at)),
      extraBytes: fc.nat(objectBytesLimit)
    })
  }),
  fc.record({
    type: constant('piece'),
    index,
    object,
    offset: fc.nat(),
    sizeBytes: fc.nat(objectBytesLimit),
    bytes
  }),
  fc.record({
    type: constant('buckets'),
    index,
    namespace,
    buckets: fc.array(fc.tuple(fc.nat(4_095), bytes), { maxLength: 4 })
  }),
  fc.record({ type: constant('unavailable'), index })
)

const sessions = fc.array(fc.integer({ min: 1, max: 300 })).map(sequences => {
  const session = new Session(sequences.length % 2 ? hash(Uint8Array.of(1)) : undefined, 5, 1)
  for (const sequence of sequences) session.accept(sequence)
  return session
})

const key = Uint8Array.of(7)
const bucket = bucketOf(key)
const operations: fc.Arbitrary<KvOperation> = fc.oneof(
  fc.record({ type: constant('put'), key: bytes, value: bytes }),
  fc.record({ type: constant('delete'), key: bytes }),
  fc.record(
    { type: constant('compare-and-set'), key: bytes, version: fc.maxSafeNat(), value: bytes },
    { requiredKeys: ['type', 'key', 'version'] }
  )
)

export const executionFormats: readonly Format[] = [
  format({
    name: 'envelope',
    homes: [`${source}/envelope.ts`],
    values: fc.record({
      application: fc.nat(255),
      session: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      sequence: fc.maxSafeNat(),
      payload: bytes
    }),
    encode: encodeEnvelope,
    decode: frame => decodeEnvelope(frame, 1_048_576)
  }),
  {
    name: 'kv operation (undefined instead of a fault)',
    homes: [`${source}/applications/kv-operation.ts`],
    samples: operations.map(operation => encodeKvOperation(operation).slice()),
    decode: payload => readKvOperation(payload) ?? payload,
    encode: (value: KvOperation | Uint8Array) =>
      value instanceof Uint8Array ? value : encodeKvOperation(value)
  },
  format({
    name: 'checkpoint',
    homes: [`${source}/checkpoint.ts`],
    values: checkpoints,
    encode: encodeCheckpoint,
    decode: decodeCheckpoint
  }),
  format({
    name: 'executed row',
    homes: [`${source}/slots.ts`],
    values: fc.record({
      checkpoint: checkpoints,
      slots: fc.record({ state: slots, session: slots })
    }),
    encode: encodeExecuted,
    decode: decodeExecuted
  }),
  format({
    name: 'checkpoint certificate',
    homes: [`${source}/checkpoint.ts`],
    values: certificates,
    encode: encodeCertificate,
    decode: decodeCertificate
  }),
  format({
    name: 'checkpoint vote',
    homes: [`${source}/checkpoints/messages.ts`],
    values: checkpointVotes,
    encode: encodeVote,
    decode: decodeVote
  }),
  format({
    name: 'checkpoint message',
    homes: [`${source}/checkpoints/messages.ts`],
    values: fc.oneof(
      checkpointVotes.map(vote => ({ type: 'checkpoint-vote' as const, vote })),
      certificates.map(certificate => ({ type: 'checkpoint-certificate' as const, certificate }))
    ),
    ...checkpointCodec
  }),
  format({
    name: 'snapshot message',
    homes: [`${source}/snapshot/messages.ts`],
    values: snapshotMessages,
    ...snapshotCodec
  }),
  format({
    name: 'session',
    homes: [`${source}/sessions/session.ts`],
    values: sessions,
    encode: session => session.encode(),
    decode: stored => Session.decode(stored)
  }),
  {
    name: 'bucket',
    homes: [`${source}/buckets/bucket.ts`],
    samples: bytes.map(value => encodeBucket([{ name: byteKeyOf(key), value }])),
    decode: stored => decodeBucket(stored, bucket),
    encode: (entries: ReturnType<typeof decodeBucket>) =>
      encodeBucket(entries.map(entry => ({ name: byteKeyOf(entry.key), value: entry.value })))
  }
]
