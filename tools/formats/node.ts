import type { CommitIndex, Epoch, PeerId, Write } from '@novacron/base'
import { bullsharkCodec } from '@novacron/consensus'
import {
  decodeGossip,
  decodeOutcome,
  encodeGossip,
  type GossipMessage,
  type Outcome,
  replicaCodec
} from '@novacron/replica'
import fc from 'fast-check'
import {
  type Acknowledgement,
  AcknowledgementReader,
  encodeAcknowledgements
} from '../../packages/node/src/ingest/acknowledgement.ts'
import { FrameReader } from '../../packages/node/src/ingest/frame-reader.ts'
import type { Operation } from '../../packages/node/src/store/operation.ts'
import {
  decodeJournalRecord,
  decodeMark,
  decodePayloadRecord,
  decodeWrites,
  type Extent,
  encodeJournalRecord,
  encodeMark,
  encodePayloadRecord,
  encodeWrites
} from '../../packages/node/src/store/write-codec.ts'
import { outcomeWrite } from '../../packages/replica/src/outcome.ts'
import {
  certificateOf,
  checkpointAt,
  digestOfText,
  domain,
  hash,
  replicaOf
} from '../../packages/replica/test/fixtures.ts'
import {
  creditRecord,
  heartbeatRecord,
  helloRecord,
  readCredit,
  readHeartbeat,
  readHello
} from '../../packages/transport/src/wire/control.ts'
import {
  encodeRecords,
  recordFault,
  recordSplitter,
  type WireRecord
} from '../../packages/transport/src/wire/record.ts'
import { consensusFormats } from './consensus.ts'
import { executionFormats } from './execution.ts'
import { type Format, format } from './format.ts'
import { type StreamFormat, streamFormat } from './stream.ts'

const bytes = fc.uint8Array({ maxLength: 60 })
const text = fc.stringMatching(/^[a-zA-Z0-9]{1,40}$/)
const u32 = fc.nat(0x7fff_ffff)
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 })

const gossip: Readonly<Record<GossipMessage['topic'], fc.Arbitrary<GossipMessage>>> = {
  heads: fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), text, fc.nat(65_535), signature).map(
    ([epoch, index, name, seat, signed]): GossipMessage => ({
      topic: 'heads',
      head: {
        epoch: epoch as Epoch,
        index: index as CommitIndex,
        digest: digestOfText(name),
        replica: replicaOf(seat),
        signature: signed
      }
    })
  ),
  checkpoints: fc.subarray([0, 1, 2, 3]).map(
    (seats): GossipMessage => ({
      topic: 'checkpoints',
      certificate: certificateOf(checkpointAt(7 as CommitIndex), seats)
    })
  ),
  evidence: fc.tuple(text, text, fc.array(bytes, { maxLength: 2 })).map(
    ([against, kind, objects]): GossipMessage => ({
      topic: 'evidence',
      evidence: { against: against as PeerId, kind, objects }
    })
  )
}

/** Bytes of one layer's message under the replica's byte for the layer. */
function layered(layer: number, name: string): fc.Arbitrary<Uint8Array> {
  const inner = [...consensusFormats, ...executionFormats].find(one => one.name === name) as Format
  return inner.samples.map(sample => Uint8Array.of(layer, ...sample))
}

const replica = replicaCodec(bullsharkCodec(domain, hash), hash)

const table = fc.constant('signed')
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), table, key: bytes, value: bytes }),
  fc.record({ type: fc.constant('delete' as const), table, key: bytes }),
  fc.record({ type: fc.constant('delete-range' as const), table, from: bytes, to: bytes })
)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key: bytes, value: bytes }),
  fc.record({ type: fc.constant('del' as const), key: bytes }),
  fc.record({ type: fc.constant('del-range' as const), from: bytes, to: bytes })
)
const eightBytes = fc.uint8Array({ minLength: 8, maxLength: 8 })
const mark = { history: eightBytes, number: fc.maxSafeNat() }
const extent: fc.Arbitrary<Extent> = fc.record({
  segment: fc.nat(),
  marker: eightBytes,
  offset: fc.maxSafeNat(),
  bytes
})

const acknowledgement: fc.Arbitrary<Acknowledgement> = fc.record({
  type: fc.constantFrom('committed' as const, 'refused' as const, 'closed' as const),
  session: fc.constant('5a'.repeat(16)),
  first: fc.maxSafeNat(),
  last: fc.maxSafeNat(),
  index: fc.maxSafeNat(),
  code: fc.nat(255)
})

function concat(chunks: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat([...chunks]))
}

export const replicaFormats: readonly Format[] = [
  {
    name: 'replica message',
    homes: ['packages/replica/src/messages.ts'],
    samples: fc.oneof(
      layered(0, 'bullshark message'),
      layered(1, 'mempool message'),
      layered(2, 'checkpoint message'),
      layered(3, 'snapshot message')
    ),
    decode: frame => replica.decode(frame),
    encode: (message: ReturnType<typeof replica.decode>) => replica.encode(message)
  },
  ...(['heads', 'checkpoints', 'evidence'] as const).map(topic =>
    format({
      name: `gossip on ${topic}`,
      homes: ['packages/replica/src/messages.ts', 'packages/replica/src/head.ts'],
      values: gossip[topic],
      encode: encodeGossip,
      decode: frame => decodeGossip(topic, frame)
    })
  ),
  {
    name: 'outcome of a commit',
    homes: ['packages/replica/src/outcome.ts'],
    samples: fc.array(fc.tuple(u32, u32), { maxLength: 5 }).map(ranges => {
      const appliedRanges = ranges.map(([first, last]) => ({ first, last }))
      const { type, ...row } = outcomeWrite({ index: 3, transactions: 9, appliedRanges } as never)
      return type === 'put' ? (row as { value: Uint8Array }).value.slice() : new Uint8Array()
    }),
    decode: row => decodeOutcome(3 as CommitIndex, row),
    encode(outcome: Outcome) {
      return (outcomeWrite(outcome as never) as Extract<Write, { type: 'put' }>).value
    }
  }
]

/** On the socket of clients. */
const ingestFormats: readonly StreamFormat[] = [
  streamFormat({
    name: 'ingest frames',
    homes: ['packages/node/src/ingest/frame-reader.ts'],
    values: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 4 }),
    encode: framesOf,
    reader() {
      const reader = new FrameReader(1_048_576)
      return chunk => {
        reader.append(chunk)
        const frames: Uint8Array[] = []
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          // A view, until the next chunk.
          frames.push(frame.slice())
        }
        return frames
      }
    }
  }),
  streamFormat({
    name: 'ingest acknowledgements',
    homes: ['packages/node/src/ingest/acknowledgement.ts'],
    values: fc.array(acknowledgement, { maxLength: 3 }),
    encode: encodeAcknowledgements,
    reader() {
      const reader = new AcknowledgementReader()
      return chunk => reader.push(chunk)
    }
  })
]

export const nodeFormats: readonly Format[] = [
  format({
    name: 'writes of signed.log',
    homes: ['packages/node/src/store/write-codec.ts'],
    values: fc.array(write, { maxLength: 4 }),
    encode: encodeWrites,
    decode: body => decodeWrites(body, 'signed')
  }),
  format({
    name: 'flush in signed.log',
    homes: ['packages/node/src/store/write-codec.ts'],
    values: fc.record({
      ...mark,
      signed: fc.array(write, { maxLength: 3 }),
      operations: fc.array(operation, { maxLength: 3 })
    }),
    encode: encodeJournalRecord,
    decode: decodeJournalRecord
  }),
  format({
    name: 'flush with payload in signed.log',
    homes: ['packages/node/src/store/write-codec.ts'],
    values: fc.record({
      ...mark,
      signed: fc.array(write, { maxLength: 2 }),
      operations: fc.array(operation, { maxLength: 2 }),
      extents: fc.array(extent, { maxLength: 3 })
    }),
    encode: encodePayloadRecord,
    decode: decodePayloadRecord
  }),
  format({
    name: 'mark of the journal in the database',
    homes: ['packages/node/src/store/write-codec.ts'],
    values: fc.record(mark),
    encode: encodeMark,
    decode: decodeMark
  }),
  ...ingestFormats
]

function framesOf(frames: readonly Uint8Array[]): Uint8Array {
  return concat(frames.flatMap(frame => [lengthOf(frame), frame]))
}

function lengthOf(frame: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, frame.length)
  return length
}

const recordFormat: StreamFormat = streamFormat({
  name: 'stream records',
  homes: ['packages/transport/src/wire/record.ts'],
  values: fc.array(
    bytes.map((payload): WireRecord => ({ kind: 'frame', payload })),
    { maxLength: 4 }
  ),
  encode: records => concat(encodeRecords(records)),
  reader() {
    const split = recordSplitter(admitUpTo(65_536))
    return chunk => [...split([chunk])]
  }
})

/** What comes in chunks, cut anywhere. */
export const streamFormats: readonly StreamFormat[] = [...ingestFormats, recordFormat]

export const transportFormats: readonly Format[] = [
  recordFormat,
  format({
    name: 'hello',
    homes: ['packages/transport/src/wire/control.ts'],
    values: fc.record({
      incarnation: fc.constant('0102030405060708'),
      frameBytesMax: u32,
      windowBytes: u32
    }),
    encode: ({ incarnation, frameBytesMax, windowBytes }) =>
      helloRecord(Buffer.from(incarnation, 'hex'), frameBytesMax, windowBytes).payload,
    decode: readHello
  }),
  format({
    name: 'credit',
    homes: ['packages/transport/src/wire/control.ts'],
    values: fc.record({
      streamClass: fc.constantFrom('order' as const, 'sync' as const, 'bulk' as const),
      totalBytes: fc.maxSafeNat()
    }),
    encode: credit => creditRecord(credit).payload,
    decode: readCredit
  }),
  format({
    name: 'heartbeat',
    homes: ['packages/transport/src/wire/control.ts'],
    values: u32,
    encode: id => heartbeatRecord('ping', id).payload,
    decode: readHeartbeat
  })
]

/** As the mesh does: refused before anything is allocated. */
function admitUpTo(max: number): Parameters<typeof recordSplitter>[0] {
  return (kind, length) => {
    if (length > max) throw recordFault({ code: 'frame-too-large', length, max })
    if (kind !== 'frame' && length > 64) throw recordFault({ code: 'bad-record', kind, length })
  }
}
