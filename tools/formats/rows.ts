import { type CommitIndex, type Epoch, type Millis, type ReplicaId, Writer } from '@novacron/base'
import { type CommittedSubDag, writeSignedHeader } from '@novacron/consensus'
import fc from 'fast-check'
import { readLowestIndex } from '../../packages/consensus/src/bullshark/pruner.ts'
import {
  batchHeaderBytes,
  readBatchHeader,
  writeBatchHeader
} from '../../packages/consensus/src/mempool/batch.ts'
import { signedHeaders } from '../../packages/consensus/test/dag/objects.ts'
import { getKv, type KvValue } from '../../packages/execution/src/applications/kv.ts'
import { Log, type LogCounters } from '../../packages/execution/src/applications/log.ts'
import { readPosition } from '../../packages/execution/src/executor.ts'
import { bucketKey, readBucketKey } from '../../packages/execution/src/persistence.ts'
import type { StateView } from '../../packages/execution/src/state/state-view.ts'
import { openValue, sealValue } from '../../packages/node/src/store/operation.ts'
import {
  decodeRecordHeader,
  encodeRecordHeader,
  markerLength,
  recordHeaderLength
} from '../../packages/node/src/store/record.ts'
import { CommitWindow, readWindow } from '../../packages/replica/src/commit-window.ts'
import { screenEvidence } from '../../packages/replica/src/evidence.ts'
import { decodeRetained, encodeRetained } from '../../packages/replica/src/retention.ts'
import {
  checkpointAt,
  commitChain,
  domain,
  four,
  hash,
  peerAt
} from '../../packages/replica/test/fixtures.ts'
import { type Format, format } from './format.ts'

const some: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 60 })
const whole = fc.maxSafeNat()

/** A state with one value under every key. */
function stateOf(value: Uint8Array): StateView {
  return { get: () => value } as unknown as StateView
}

function u64s(...values: readonly number[]): Uint8Array {
  const writer = new Writer(8 * values.length)
  for (const value of values) writer.u64(value)
  return writer.finish()
}

/** What gives undefined in place of a fault stands for itself. */
function orItself<T>(
  name: string,
  homes: readonly string[],
  samples: fc.Arbitrary<Uint8Array>,
  decode: (bytes: Uint8Array) => T | undefined,
  encode: (value: T) => Uint8Array
): Format {
  return {
    name,
    homes,
    samples,
    decode: bytes => decode(bytes) ?? bytes,
    encode: (value: T | Uint8Array) => (value instanceof Uint8Array ? value : encode(value))
  }
}

const batchHeaders = fc.record({
  epoch: whole.map(value => value as Epoch),
  author: fc.nat(65_535).map(value => value as ReplicaId),
  sequence: whole,
  createdAt: whole.map(value => value as Millis),
  transactionCount: fc.nat()
})

const chain = commitChain(4)
const checkpoint = checkpointAt(4, { commitDigest: (chain.at(-1) as CommittedSubDag).digest })
const windowBytes = windowOf(chain)

function windowOf(commits: readonly CommittedSubDag[]): Uint8Array {
  const window = new CommitWindow(commits.length)
  for (const commit of commits) window.push(commit)
  return window.encode() as Uint8Array
}

const marker = new Uint8Array(markerLength).fill(0xa5)
const tagLength = 32
const sealedKey = Uint8Array.of(1, 2, 3)

/** Rows of the database that a node has written for itself, and records of its files. */
export const rowFormats: readonly Format[] = [
  format({
    name: 'row of the lowest commit',
    homes: ['packages/consensus/src/bullshark/pruner.ts'],
    values: whole.map(value => value as CommitIndex),
    encode: index => u64s(index),
    decode: bytes => readLowestIndex(bytes)
  }),
  format({
    name: 'batch',
    homes: ['packages/consensus/src/mempool/batch.ts'],
    values: fc.record({ header: batchHeaders, rest: some }),
    encode({ header, rest }) {
      const bytes = new Uint8Array(batchHeaderBytes + rest.length)
      writeBatchHeader(bytes, header)
      bytes.set(rest, batchHeaderBytes)
      return bytes
    },
    decode: bytes => ({ header: readBatchHeader(bytes), rest: bytes.subarray(batchHeaderBytes) })
  }),
  format({
    name: 'row of a value of kv',
    homes: ['packages/execution/src/applications/kv.ts'],
    values: fc.record({ version: whole, value: some }),
    encode: ({ version, value }) => new Writer().u64(version).raw(value).finish(),
    decode: bytes => getKv(stateOf(bytes), sealedKey) as KvValue
  }),
  format({
    name: 'row of the counters of log',
    homes: ['packages/execution/src/applications/log.ts'],
    values: fc.record({ transactions: whole, bytes: whole }),
    encode: ({ transactions, bytes }: LogCounters) => u64s(transactions, bytes),
    decode: bytes => new Log(stateOf(bytes)).counters
  }),
  format({
    name: 'row of the position in the log',
    homes: ['packages/execution/src/executor.ts'],
    values: whole,
    encode: position => u64s(position),
    decode: readPosition
  }),
  orItself(
    'key of a bucket',
    ['packages/execution/src/persistence.ts'],
    fc
      .tuple(fc.constantFrom('state' as const, 'session' as const), fc.nat(4_095))
      .map(([namespace, bucket]) => bucketKey(namespace, bucket)),
    readBucketKey,
    ([namespace, bucket]) => bucketKey(namespace, bucket)
  ),
  orItself(
    'window of commits',
    ['packages/replica/src/commit-window.ts'],
    fc.constant(windowBytes),
    bytes => readWindow(bytes, checkpoint, 4, domain, hash),
    windowOf
  ),
  {
    name: 'evidence as it is screened',
    homes: ['packages/replica/src/evidence.ts'],
    samples: signedHeaders.map(signed => {
      const writer = new Writer()
      writeSignedHeader(writer, signed)
      return writer.finish().slice()
    }),
    decode: bytes =>
      screenEvidence(
        { against: peerAt(1), kind: 'header-equivocation', objects: [bytes, bytes] },
        four,
        domain,
        hash
      )
  },
  format({
    name: 'row of what is retained',
    homes: ['packages/replica/src/retention.ts'],
    values: fc.record({
      from: whole.map(value => value as CommitIndex),
      bytes: whole,
      sweptTo: whole
    }),
    encode: encodeRetained,
    decode: decodeRetained
  }),
  orItself(
    'value with its checksum',
    ['packages/node/src/store/operation.ts'],
    some.map(value => new Uint8Array(sealValue(sealedKey, value))),
    bytes => {
      const value = openValue(sealedKey, bytes)
      return value === undefined ? undefined : { value }
    },
    ({ value }) => sealValue(sealedKey, value)
  ),
  {
    name: 'header of a record',
    homes: ['packages/node/src/store/record.ts', 'packages/node/src/store/segment.ts'],
    samples: fc
      .tuple(fc.nat(255), fc.uint8Array({ minLength: tagLength, maxLength: tagLength }), some)
      .map(([kind, tag, body]) => new Uint8Array(encodeRecordHeader(marker, kind, tag, body))),
    decode(bytes) {
      const header = decodeRecordHeader(bytes, marker, tagLength)
      if (header !== undefined && bytes.length < recordHeaderLength(tagLength))
        throw new RangeError('read beyond its end')
      return header
    }
  }
]
