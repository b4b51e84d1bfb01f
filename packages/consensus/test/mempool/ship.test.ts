import type { Digest, Epoch, PeerId } from '@novacron/base'
import { beforeEach, expect, test } from 'vitest'
import {
  type Batch,
  batchHeaderBytes,
  batchOf,
  Mempool,
  type MempoolEffect,
  type MempoolEvent,
  writeBatchHeader
} from '../../src/index.ts'
import { at, four, hash, only, peerAt, replica, verified } from '../fixtures.ts'

const epoch = 0 as Epoch
let stored: Map<Digest, Uint8Array>
let mempool: Mempool

beforeEach(() => {
  stored = new Map()
  mempool = new Mempool(
    {},
    {
      committee: four,
      epoch,
      self: replica(0),
      hash,
      batches: {
        has: digest => stored.has(digest),
        sizeOf: digest => stored.get(digest)?.length,
        read: digest => stored.get(digest)
      },
      claims: () => () => false,
      isShipped: true
    }
  )
})

function step(event: MempoolEvent): readonly MempoolEffect[] {
  const effects = mempool.step(event, at(1_000))
  for (const { batch } of only(effects, 'store-batch')) stored.set(batch.digest, batch.bytes)
  return effects
}

function batchBy(author: number): Batch {
  const bytes = new Uint8Array(batchHeaderBytes + 10)
  const header = { epoch, author: replica(author), sequence: 0, createdAt: at(5) }
  writeBatchHeader(bytes, { ...header, transactionCount: 1 })
  return batchOf(bytes, hash)
}

const arrives = (from: PeerId, batch: Batch) =>
  step({ type: 'received', from, message: verified({ type: 'batch', batch }) })

const ship = ({ digest, bytes }: Batch, ...to: number[]) => {
  const batches = [{ digest, sizeBytes: bytes.length }]
  return step({ type: 'ship-batches', batches, to: to.map(peerAt) })
}

test('own batches go nowhere by themselves', () => {
  step({ type: 'submitted', region: new Uint8Array(10), count: 1 })
  const effects = step({ type: 'take', batchesMax: 10, bytesMax: 1_000 })
  expect(only(effects, 'broadcast')).toEqual([])
  expect(only(effects, 'payload-offered')[0]?.batches).toHaveLength(1)
})

test('batches go to whom the orderer names, or to all at once, and what is not here nowhere', () => {
  const batch = batchBy(1)
  expect(ship(batch, 1, 2)).toEqual([])
  arrives(peerAt(1), batch)
  const message = { type: 'batch', batch }
  expect(ship(batch, 1, 2)).toEqual([
    { type: 'send', to: peerAt(1), class: 'bulk', message },
    { type: 'send', to: peerAt(2), class: 'bulk', message }
  ])
  expect(ship(batch, 1, 2, 3)).toEqual([{ type: 'broadcast', class: 'bulk', message }])
})

test('batches of any member come from any member, and from nobody else', () => {
  expect(only(arrives(peerAt(3), batchBy(1)), 'store-batch')).toHaveLength(1)
  expect(only(arrives(peerAt(3), batchBy(9)), 'store-batch')).toEqual([])
  expect(only(arrives('stranger' as PeerId, batchBy(2)), 'store-batch')).toEqual([])
})
