import type { Digest, Epoch, PeerId } from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type Batch,
  batchHeaderBytes,
  batchOf,
  Mempool,
  type MempoolEffect,
  type MempoolMessage,
  type MempoolOptions,
  writeBatchHeader
} from '../../src/index.ts'
import { at, batch, counted, four, hash, only, peerAt, replica, verified } from '../fixtures.ts'

const epoch = 0 as Epoch

let stored: Map<Digest, Uint8Array>
let mempool: Mempool
let now: number
/** Batches that were read. */
let reads: number

function build(options: Partial<MempoolOptions> = {}): void {
  stored = new Map()
  now = 1_000
  reads = 0
  const batches = {
    has: (digest: Digest) => stored.has(digest),
    sizeOf: (digest: Digest) => stored.get(digest)?.length,
    read: (digest: Digest) => {
      reads++
      return stored.get(digest)
    }
  }
  const claims = () => () => false
  mempool = new Mempool(options, {
    committee: four,
    epoch,
    self: replica(0),
    hash,
    batches,
    claims
  })
}
beforeEach(() => build())

const receive = (from: number | PeerId, message: MempoolMessage): readonly MempoolEffect[] =>
  mempool.step(
    {
      type: 'received',
      from: typeof from === 'number' ? peerAt(from) : from,
      message: verified(message)
    },
    at(now)
  )

/** A batch of member 1 with 100 bytes of transactions. */
function batchOfOne(sequence: number): Batch {
  const whole = new Uint8Array(batchHeaderBytes + 100)
  const author = replica(1)
  writeBatchHeader(whole, { epoch, author, sequence, createdAt: at(5), transactionCount: 1 })
  return batchOf(whole, hash)
}

describe('a pull by others', () => {
  const pull = (digests: readonly Digest[]) =>
    only(receive(2, { type: 'pull-batches', digests }), 'send')

  test('is answered with what is here', () => {
    const made = batchOfOne(0)
    stored.set(made.digest, made.bytes)
    expect(pull([batch('none').digest])).toEqual([])
    expect(pull([batch('none').digest, made.digest])).toEqual([
      { type: 'send', to: peerAt(2), class: 'bulk', message: { type: 'batch', batch: made } }
    ])
  })

  test.each([
    { name: 'digests', options: { pullDigestsMax: 2 }, expected: 2 },
    { name: 'bytes', options: { pullAnswerBytesMax: 2 * (batchHeaderBytes + 100) }, expected: 3 }
  ])('is answered within a bound of $name', ({ options, expected }) => {
    build(options)
    const batches = [0, 1, 2, 3].map(n => batchOfOne(n))
    for (const made of batches) stored.set(made.digest, made.bytes)
    expect(pull(batches.map(made => made.digest))).toHaveLength(expected)
  })

  test('by an observer is answered within a smaller bound', () => {
    build({ observerAnswerBytesMax: 1 })
    const batches = [0, 1, 2].map(n => batchOfOne(n))
    for (const made of batches) stored.set(made.digest, made.bytes)
    const digests = batches.map(made => made.digest)
    const stranger = 'stranger' as PeerId
    const asked = () => receive(stranger, { type: 'pull-batches', digests })
    expect(only(asked(), 'send').map(({ to }) => to)).toEqual([stranger])
    expect(pull(digests)).toHaveLength(3)
  })

  test('gets nothing, and nothing is read, once the peer has cost what it may in a second', () => {
    // Three batches, and three digests to look for.
    build({ pullBytesPerSecond: 3 * (batchHeaderBytes + 100) + 3 * 32 })
    const batches = [0, 1, 2].map(n => batchOfOne(n))
    for (const made of batches) stored.set(made.digest, made.bytes)
    const digests = batches.map(made => made.digest)
    expect(pull(digests)).toHaveLength(3)
    const read = reads
    const refused = receive(2, { type: 'pull-batches', digests })
    expect(only(refused, 'send')).toEqual([])
    expect(counted(refused)).toEqual(['batch_pull_refused'])
    expect(reads).toBe(read)
    expect(only(receive(3, { type: 'pull-batches', digests }), 'send')).toHaveLength(3)
    now += 1
    expect(pull(digests)).toHaveLength(3)
  })

  test('costs something also when nothing of it is here', () => {
    build({ pullBytesPerSecond: 100 })
    const digests = [0, 1, 2, 3].map(n => batchOfOne(n).digest)
    expect(counted(receive(2, { type: 'pull-batches', digests }))).toEqual([])
    expect(counted(receive(2, { type: 'pull-batches', digests }))).toEqual(['batch_pull_refused'])
  })
})
