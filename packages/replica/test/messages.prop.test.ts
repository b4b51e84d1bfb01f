import { type CommitIndex, type Epoch, Fault, type PeerId, toHex } from '@novacron/base'
import { bullsharkCodec } from '@novacron/consensus'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeGossip,
  encodeGossip,
  type GossipMessage,
  type ReplicaMessage,
  replicaCodec
} from '../src/index.ts'
import {
  batch,
  certificateOf,
  checkpointAt,
  digestOfText,
  domain,
  hash,
  indexOf,
  replicaOf
} from './fixtures.ts'

const codec = replicaCodec(bullsharkCodec(domain, hash), hash)
const topics = ['heads', 'checkpoints', 'evidence'] as const

const index = fc.nat().map(indexOf)
const digest = fc.string().map(digestOfText)
const seats = fc.uniqueArray(fc.nat(3), { minLength: 1 }).map(some => some.sort())
const certificate = fc
  .tuple(index, seats)
  .map(([at, signers]) => certificateOf(checkpointAt(at), signers))
const bytes = fc.uint8Array({ minLength: 1, maxLength: 80 })
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 })

type Layer = ReplicaMessage<Parameters<ReturnType<typeof bullsharkCodec>['encode']>[0]>
const messages: fc.Arbitrary<Layer> = fc.oneof(
  fc.tuple(index, fc.nat(99)).map(
    ([fromIndex, fromRound]): Layer => ({
      layer: 'order',
      message: { type: 'catch-up', epoch: domain.epoch, fromIndex, fromRound: fromRound as never }
    })
  ),
  bytes.map(
    (content): Layer => ({
      layer: 'mempool',
      message: { type: 'batch', batch: batch(content) }
    })
  ),
  fc
    .array(digest, { maxLength: 5 })
    .map((digests): Layer => ({ layer: 'mempool', message: { type: 'pull-batches', digests } })),
  fc.tuple(index, fc.nat(3), signature).map(
    ([at, seat, signed]): Layer => ({
      layer: 'checkpoint',
      message: {
        type: 'checkpoint-vote',
        vote: { checkpoint: checkpointAt(at), replica: replicaOf(seat), signature: signed }
      }
    })
  ),
  certificate.map(
    (certified): Layer => ({
      layer: 'checkpoint',
      message: { type: 'checkpoint-certificate', certificate: certified }
    })
  ),
  index.map((above): Layer => ({ layer: 'snapshot', message: { type: 'get-manifest', above } })),
  fc.tuple(certificate, digest, fc.nat(9_999)).map(
    ([certified, extraDigest, extraBytes]): Layer => ({
      layer: 'snapshot',
      message: { type: 'manifest', manifest: { certificate: certified, extraDigest, extraBytes } }
    })
  ),
  fc.tuple(index, bytes).map(
    ([at, content]): Layer => ({
      layer: 'snapshot',
      message: { type: 'buckets', index: at, namespace: 'state', buckets: [[7, content]] }
    })
  )
)

const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map(c => String.fromCharCode(c)),
  minLength: 1,
  maxLength: 60
})
const gossip: fc.Arbitrary<GossipMessage> = fc.oneof(
  fc.tuple(fc.nat(), index, digest, fc.nat(0xffff), signature).map(
    ([epoch, at, commit, seat, signed]): GossipMessage => ({
      topic: 'heads',
      head: {
        epoch: epoch as Epoch,
        index: at as CommitIndex,
        digest: commit,
        replica: replicaOf(seat),
        signature: signed
      }
    })
  ),
  certificate.map((certified): GossipMessage => ({ topic: 'checkpoints', certificate: certified })),
  fc.tuple(printable, printable, fc.array(bytes, { maxLength: 2 })).map(
    ([against, kind, objects]): GossipMessage => ({
      topic: 'evidence',
      evidence: { against: against as PeerId, kind, objects }
    })
  )
)

/** What these bytes mean has these bytes as its only encoding; or a fault, never another error. */
function expectValueOrFault<T>(
  frame: Uint8Array,
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array
): void {
  let value: T
  try {
    value = decode(frame)
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    return
  }
  expect(toHex(encode(value))).toBe(toHex(frame))
}

function damaged(frame: Uint8Array, seed: number): Uint8Array[] {
  const flipped = frame.slice()
  flipped[(seed >>> 3) % frame.length]! ^= 1 << (seed & 7)
  return [frame.slice(0, seed % frame.length), flipped, new Uint8Array([...frame, seed & 0xff])]
}

describe('messages between replicas', () => {
  test('come back as they were, under the byte of their layer', () => {
    const order = ['order', 'mempool', 'checkpoint', 'snapshot']
    fc.assert(
      fc.property(messages, message => {
        const frame = codec.encode(message)
        expect(codec.decode(frame)).toEqual(message)
        expect(frame[0]).toBe(order.indexOf(message.layer))
      })
    )
  })

  test('damaged or random frames give a canonical value or a fault', () => {
    fc.assert(
      fc.property(messages, fc.nat(), (message, seed) => {
        for (const frame of damaged(codec.encode(message), seed)) {
          expectValueOrFault(frame, codec.decode, codec.encode)
        }
      }),
      { numRuns: 300 }
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), frame =>
        expectValueOrFault(frame, codec.decode, codec.encode)
      ),
      { numRuns: 300 }
    )
  })

  test('an unknown layer and an empty frame are faults', () => {
    expect(() => codec.decode(new Uint8Array([4, 0]))).toThrow(/bad-value.*layer.*4/)
    expect(() => codec.decode(new Uint8Array())).toThrow(/truncated/)
  })
})

describe('gossip', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(gossip, message => {
        expect(decodeGossip(message.topic, encodeGossip(message))).toEqual(message)
      })
    )
  })

  test('damaged or random frames give a canonical value or a fault, on every topic', () => {
    fc.assert(
      fc.property(gossip, fc.nat(), (message, seed) => {
        for (const frame of damaged(encodeGossip(message), seed)) {
          for (const topic of topics) {
            expectValueOrFault(frame, bytes => decodeGossip(topic, bytes), encodeGossip)
          }
        }
      }),
      { numRuns: 300 }
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...topics), (frame, topic) =>
        expectValueOrFault(frame, bytes => decodeGossip(topic, bytes), encodeGossip)
      ),
      { numRuns: 300 }
    )
  })

  test.each([
    { name: 'a kind beyond ASCII', against: 'p', kind: 'é', fault: /text/ },
    { name: 'no peer', against: '', kind: 'k', fault: /peer/ },
    { name: 'a peer with a space', against: 'a b', kind: 'k', fault: /peer/ }
  ])('evidence with $name is a fault', ({ against, kind, fault }) => {
    const text = (value: string) => [0, 0, 0, value.length, ...Buffer.from(value, 'latin1')]
    const frame = new Uint8Array([...text(against), ...text(kind), 0, 0])
    expect(() => decodeGossip('evidence', frame)).toThrow(fault)
  })

  test.each([
    { name: 'three objects', count: 3, length: 1, fault: /objects/ },
    { name: 'an object beyond 64 KiB', count: 1, length: 65_537, fault: /object/ }
  ])('evidence with $name is refused before it is read', ({ count, length, fault }) => {
    const objects = Array.from({ length: count }, () => new Uint8Array(length))
    const evidence = { against: 'p' as PeerId, kind: 'k', objects }
    const frame = encodeGossip({ topic: 'evidence', evidence })
    expect(() => decodeGossip('evidence', frame)).toThrow(fault)
  })
})
