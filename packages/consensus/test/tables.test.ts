import { compareBytes, type Epoch } from '@novacron/base'
import { expect, test } from 'vitest'
import { emptyKey, endKey, indexKey, roundKey, slotKey, tables } from '../src/index.ts'
import { replica, round } from './fixtures.ts'

const epoch = (value: number) => value as Epoch

test('slots sort by epoch, round and author, and a round holds its slots', () => {
  const ascending = [
    emptyKey,
    roundKey(epoch(0), round(1)),
    slotKey(epoch(0), round(1), replica(0)),
    slotKey(epoch(0), round(1), replica(255)),
    slotKey(epoch(0), round(1), replica(256)),
    roundKey(epoch(0), round(2)),
    slotKey(epoch(0), round(256), replica(0)),
    slotKey(epoch(0), round(2 ** 40), replica(0)),
    slotKey(epoch(1), round(1), replica(0)),
    endKey
  ]
  expect([...ascending].sort(compareBytes)).toEqual(ascending)
})

test('commits sort by index', () => {
  const keys = [1, 2, 255, 256, 65_536, 2 ** 40].map(indexKey)
  expect([...keys].sort(compareBytes)).toEqual(keys)
})

test('no two tables share a name', () => {
  expect(new Set(Object.values(tables)).size).toBe(Object.keys(tables).length)
})
