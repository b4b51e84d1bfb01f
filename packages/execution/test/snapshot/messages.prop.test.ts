import { type CommitIndex, type Digest, Fault, toHex } from '@novacron/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  objectBytesLimit,
  type SnapshotMessage,
  screenSnapshotMessage,
  snapshotCodec,
  snapshotSignatures
} from '../../src/index.ts'
import { certificateOf, checkpointAt, committee } from '../checkpoints/committee.ts'
import { digestAt, hash } from '../fixtures.ts'

const index = fc.nat(1_000_000).map(value => value as CommitIndex)
const namespace = fc.constantFrom('state' as const, 'session' as const)
const bucket = fc.nat(4_095)
const bytes = fc.uint8Array({ maxLength: 40 })
const object = fc.oneof(
  fc.constant({ type: 'extra' as const }),
  fc.record({ type: fc.constant('leaves' as const), namespace }),
  fc.record({ type: fc.constant('bucket' as const), namespace, bucket })
)
const manifest = fc.record({
  certificate: fc.constant(certificateOf(checkpointAt(500), 0, 1, 2)),
  extraDigest: bytes.map(value => toHex(hash(value)) as Digest),
  extraBytes: fc.nat(objectBytesLimit)
})
const message: fc.Arbitrary<SnapshotMessage> = fc.oneof(
  fc.record({ type: fc.constant('get-manifest' as const), above: index }),
  fc.record({ type: fc.constant('get-object' as const), index, object, offset: fc.nat() }),
  fc.record({
    type: fc.constant('get-buckets' as const),
    index,
    namespace,
    from: fc.nat(65_535),
    to: fc.nat(65_535)
  }),
  fc.record({ type: fc.constant('manifest' as const), manifest }),
  fc.record({
    type: fc.constant('piece' as const),
    index,
    object,
    offset: fc.nat(),
    sizeBytes: fc.nat(objectBytesLimit),
    bytes
  }),
  fc.record({
    type: fc.constant('buckets' as const),
    index,
    namespace,
    buckets: fc.array(fc.tuple(bucket, bytes), { maxLength: 5 })
  }),
  fc.record({ type: fc.constant('unavailable' as const), index })
)

describe('messages about snapshots', () => {
  test('come back as they went', () => {
    fc.assert(
      fc.property(message, value => {
        expect(snapshotCodec.decode(snapshotCodec.encode(value))).toEqual(value)
      })
    )
  })

  test('whatever a stranger sends is a message or a fault', () => {
    const changed = fc.tuple(message, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
      const frame = snapshotCodec.encode(value).slice()
      frame[at % frame.length] = byte
      return frame
    })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), changed), frame => {
        try {
          expect(snapshotCodec.encode(snapshotCodec.decode(frame))).toEqual(frame)
        } catch (error) {
          if (!(error instanceof Fault)) throw error
        }
      }),
      { numRuns: 500 }
    )
  })

  test.each([
    { name: 'another kind', frame: [7] },
    { name: 'another object', frame: [1, 0, 0, 0, 0, 0, 0, 0, 1, 3] },
    { name: 'another tree', frame: [1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2] },
    { name: 'a bucket too far', frame: [1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0x10, 0] },
    { name: 'an object too large', frame: [4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 255, 0, 0, 0] }
  ])('are not decoded with $name', ({ frame }) => {
    expect(() => snapshotCodec.decode(new Uint8Array(frame))).toThrow(/bad-value|too-long/)
  })
})

describe('screening', () => {
  const ofManifest = (...seats: number[]): SnapshotMessage => ({
    type: 'manifest',
    manifest: {
      certificate: certificateOf(checkpointAt(500), ...seats),
      extraDigest: digestAt(1),
      extraBytes: 0
    }
  })
  const range = (from: number, to: number): SnapshotMessage => ({
    type: 'get-buckets',
    index: 1 as CommitIndex,
    namespace: 'state',
    from,
    to
  })
  test.each([
    { name: 'a manifest of a quorum', value: ofManifest(0, 1, 2), code: undefined },
    { name: 'a manifest of fewer', value: ofManifest(0, 1), code: 'weight-short' },
    { name: 'a range', value: range(1, 2), code: undefined },
    { name: 'an empty range', value: range(2, 2), code: 'empty-range' }
  ])('$name', ({ value, code }) => {
    const verdict = screenSnapshotMessage(value, committee)
    expect(verdict.type === 'accept' ? undefined : verdict.fault.code).toBe(code)
  })

  test('the signatures are those of the checkpoint', () => {
    expect(snapshotSignatures(ofManifest(0, 1, 2), committee)).toHaveLength(3)
    expect(snapshotSignatures(range(1, 2), committee)).toEqual([])
  })
})
