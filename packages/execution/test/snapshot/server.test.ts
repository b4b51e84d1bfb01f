import type { CommitIndex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  answerSnapshotRequest,
  bucketCount,
  leavesBytes,
  type ObjectName,
  snapshotCodec
} from '../../src/index.ts'
import { text } from '../fixtures.ts'
import { indexOf, numbered, Source } from './source.ts'

const source = new Source()
source.put(numbered(300))
const older = source.serve('older')
source.put([['large', new Uint8Array(20_000).fill(1)]])
const newer = source.serve('newer')
const served = [older, newer]
const index = indexOf(newer)
const answerBytesMax = 2_048

describe('a manifest', () => {
  test.each([
    { above: 0, expected: newer },
    { above: indexOf(older), expected: newer }
  ])('above $above is the newest', ({ above, expected }) => {
    const request = { type: 'get-manifest', above: above as CommitIndex } as const
    for (const list of [served, served.toReversed()]) {
      expect(answerSnapshotRequest(request, list)).toEqual({
        type: 'manifest',
        manifest: {
          certificate: expected.certificate,
          extraDigest: expected.extraDigest,
          extraBytes: 5
        }
      })
    }
  })

  test('is unavailable when there is nothing newer', () => {
    const request = { type: 'get-manifest', above: index } as const
    expect(answerSnapshotRequest(request, served)).toEqual({ type: 'unavailable', index: 0 })
    expect(answerSnapshotRequest({ ...request, above: 0 as CommitIndex }, [])).toMatchObject({
      type: 'unavailable'
    })
  })
})

describe('buckets', () => {
  test('are those of the range that are not empty, as many from the front as fit', () => {
    const seen: number[] = []
    let from = 0
    for (;;) {
      const request = {
        type: 'get-buckets',
        index,
        namespace: 'state',
        from,
        to: bucketCount
      } as const
      const answer = answerSnapshotRequest(request, served, { answerBytesMax })
      if (answer.type === 'piece') {
        expect(answer).toMatchObject({ offset: 0, object: { type: 'bucket', namespace: 'state' } })
        expect(answer.bytes).toHaveLength(answerBytesMax)
        from = (answer.object as Extract<ObjectName, { type: 'bucket' }>).bucket + 1
        seen.push(from - 1)
        continue
      }
      if (answer.type !== 'buckets') throw new Error(answer.type)
      if (answer.buckets.length === 0) break
      expect(snapshotCodec.encode(answer).length).toBeLessThanOrEqual(answerBytesMax + 64)
      for (const [bucket, bytes] of answer.buckets) {
        expect(bytes).toBe(newer.image.state.buckets[bucket])
        seen.push(bucket)
      }
      from = answer.buckets.at(-1)![0] + 1
    }
    const filled = newer.image.state.buckets.flatMap((bytes, at) => (bytes.length > 0 ? [at] : []))
    expect(seen).toEqual(filled)
  })

  test('beyond the last are none', () => {
    const request = {
      type: 'get-buckets',
      index,
      namespace: 'state',
      from: 5_000,
      to: 60_000
    } as const
    expect(answerSnapshotRequest(request, served)).toMatchObject({ type: 'buckets', buckets: [] })
  })

  test('of a checkpoint that is not held are unavailable', () => {
    const request = { type: 'get-buckets', namespace: 'state', from: 0, to: 9 } as const
    const gone = 999 as CommitIndex
    expect(answerSnapshotRequest({ ...request, index: gone }, served)).toEqual({
      type: 'unavailable',
      index: gone
    })
  })
})

describe('objects', () => {
  const piece = (object: ObjectName, offset = 0) =>
    answerSnapshotRequest({ type: 'get-object', index, object, offset }, served, { answerBytesMax })

  test('come in pieces', () => {
    expect(piece({ type: 'extra' })).toMatchObject({ sizeBytes: 5, bytes: text('newer') })
    const leaves = { type: 'leaves', namespace: 'session' } as const
    expect(piece(leaves, 64)).toEqual({
      type: 'piece',
      index,
      object: leaves,
      offset: 64,
      sizeBytes: leavesBytes,
      bytes: newer.image.sessions.leaves.subarray(64, 64 + answerBytesMax)
    })
    expect(piece(leaves, leavesBytes)).toMatchObject({ bytes: new Uint8Array(0) })
  })
})
