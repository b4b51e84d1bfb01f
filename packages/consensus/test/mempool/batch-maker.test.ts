import { type Epoch, Fault } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  batchHeaderBytes,
  readBatchHeader,
  transactionsOf,
  writeBatchHeader
} from '../../src/index.ts'
import { BatchMaker } from '../../src/mempool/batch-maker.ts'
import { at, hash, replica } from '../fixtures.ts'

const epoch = 3 as Epoch
const maker = (bytesMax = 1_024) => new BatchMaker(bytesMax, { epoch, author: replica(2), hash })
const region = (length: number, fill = 1) => new Uint8Array(length).fill(fill)

describe('the batch maker', () => {
  test('packs transactions back to back behind one header', () => {
    const made = maker()
    expect(made.append(region(3, 7), 1, at(5))).toBeUndefined()
    expect(made.append(region(4, 8), 2, at(6))).toBeUndefined()
    expect(made.openBytes).toBe(batchHeaderBytes + 7)
    const batch = made.seal(at(9.7))!
    expect(readBatchHeader(batch.bytes)).toEqual({
      epoch,
      author: 2,
      sequence: 0,
      createdAt: 9,
      transactionCount: 3
    })
    expect([...transactionsOf(batch.bytes)]).toEqual([7, 7, 7, 8, 8, 8, 8])
  })

  test('seals nothing when nothing is open', () => {
    const made = maker()
    expect([made.seal(at(0)), made.openBytes]).toEqual([undefined, 0])
    made.append(region(1), 1, at(0))
    made.seal(at(0))
    expect([made.seal(at(0)), made.openBytes]).toEqual([undefined, 0])
  })

  test.each([
    { second: 1_024 - batchHeaderBytes - 500, isSealed: false },
    { second: 1_024 - batchHeaderBytes - 500 + 1, isSealed: true }
  ])('seals by size: $second more bytes, sealed $isSealed', ({ second, isSealed }) => {
    const made = maker()
    made.append(region(500), 1, at(0))
    const sealed = made.append(region(second), 1, at(0))
    expect(sealed !== undefined).toBe(isSealed)
    if (sealed !== undefined) expect(sealed.bytes.length).toBe(batchHeaderBytes + 500)
  })

  test('takes one transaction that is larger than a batch', () => {
    const made = maker()
    expect(made.append(region(40_000), 1, at(0))).toBeUndefined()
    expect(made.append(region(1), 1, at(0))?.bytes.length).toBe(batchHeaderBytes + 40_000)
  })

  test('hands out bytes that nothing changes afterwards, under a new sequence each', () => {
    const made = maker()
    const input = region(4, 1)
    made.append(input, 1, at(0))
    input.fill(9)
    const first = made.seal(at(0))!
    const before = first.bytes.slice()
    made.append(region(4, 2), 1, at(0))
    const second = made.seal(at(0))!
    expect(first.bytes).toEqual(before)
    expect([...transactionsOf(first.bytes)]).toEqual([1, 1, 1, 1])
    expect(readBatchHeader(second.bytes).sequence).toBe(1)
    expect(first.digest).not.toBe(second.digest)
  })
})

test('a header of another version or cut short is refused', () => {
  const bytes = new Uint8Array(batchHeaderBytes)
  const fields = { epoch, author: replica(1), sequence: 4, createdAt: at(5), transactionCount: 6 }
  writeBatchHeader(bytes, fields)
  expect(readBatchHeader(bytes)).toEqual(fields)
  expect(() => readBatchHeader(bytes.subarray(0, batchHeaderBytes - 1))).toThrow(Fault)
  bytes[0] = 2
  expect(() => readBatchHeader(bytes)).toThrow(Fault)
})
