import { type CommitIndex, Reader } from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import type { BullsharkEffect } from '../../src/bullshark/parts.ts'
import { lowestIndexKey, Pruner, readLowestIndex } from '../../src/bullshark/pruner.ts'
import { emptyKey, encodeSubDag, indexKey, type Row, roundKey, tables } from '../../src/index.ts'
import { digest, domain, only, partsOf, replica, round } from '../fixtures.ts'
import { subDag } from '../sub-dags.ts'

const index = (value: number) => value as CommitIndex
let pruner: Pruner
let out: BullsharkEffect[]

beforeEach(() => {
  pruner = new Pruner(partsOf({}, { gcDepthRounds: 50 }))
  out = []
})

/** The record of commit `at`, whose anchor stands in round `anchorRound`. */
function row(at: number, anchorRound: number): Row {
  const anchor = { round: round(anchorRound), author: replica(0), digest: digest('a') }
  const value = encodeSubDag(subDag({ index: index(at), anchor }))
  return { table: tables.commit, key: indexKey(at), value }
}

describe('pruning below a checkpoint', () => {
  test('reads the commit before it, then deletes rounds below its window and commits below the restore window', () => {
    pruner.start(index(100), out)
    expect(only(out, 'read')).toEqual([
      { type: 'read', token: 'prune/0', keys: [{ table: tables.commit, key: indexKey(99) }] }
    ])
    expect(pruner.onRead('prune/0', [row(99, 210)], out)).toBe(true)
    const [persist] = only(out, 'persist')
    const rounds = {
      from: roundKey(domain.epoch, round(0)),
      to: roundKey(domain.epoch, round(160))
    }
    expect(persist).toEqual({
      type: 'persist',
      durable: false,
      writes: [
        { type: 'delete-range', table: tables.certificate, ...rounds },
        { type: 'delete-range', table: tables.header, ...rounds },
        { type: 'delete-range', table: tables.commit, from: emptyKey, to: indexKey(48) },
        { type: 'put', table: tables.meta, key: lowestIndexKey, value: indexKey(100) }
      ]
    })
    expect(pruner.lowestIndex).toBe(100)
  })

  test('early in the log nothing lies below the windows', () => {
    pruner.start(index(3), out)
    pruner.onRead('prune/0', [row(2, 6)], out)
    const ranges = only(out, 'persist')[0]!.writes.filter(write => write.type === 'delete-range')
    expect(ranges.map(range => range.to)).toEqual([
      roundKey(domain.epoch, round(0)),
      roundKey(domain.epoch, round(0)),
      indexKey(0)
    ])
  })

  test('one at a time, and never downwards', () => {
    pruner.start(index(100), out)
    pruner.start(index(200), out)
    expect(only(out, 'read')).toHaveLength(1)
    pruner.onRead('prune/0', [row(99, 210)], out)
    pruner.start(index(100), out)
    pruner.start(index(99), out)
    expect(only(out, 'read')).toHaveLength(1)
    pruner.start(index(101), out)
    expect(only(out, 'read')[1]?.token).toBe('prune/1')
  })

  test('a commit that is not there prunes nothing, and the next may be tried', () => {
    pruner.start(index(100), out)
    expect(pruner.onRead('prune/0', [], out)).toBe(true)
    expect([only(out, 'persist').length, pruner.lowestIndex]).toEqual([0, 1])
    pruner.start(index(100), out)
    expect(only(out, 'read')).toHaveLength(2)
  })

  test('reads of others are not its own', () => {
    expect(pruner.onRead('prune/0', [], out)).toBe(false)
    pruner.start(index(100), out)
    expect(pruner.onRead('serve/0', [], out)).toBe(false)
  })
})

test('after a snapshot the log begins behind it', () => {
  const write = pruner.adopt(index(500))
  expect(pruner.lowestIndex).toBe(501)
  expect(write.type === 'put' && new Reader(write.value).u64()).toBe(501)
  pruner.restore(index(7))
  expect(pruner.lowestIndex).toBe(7)
})

test('a store that was never pruned begins at the first commit', () => {
  expect([readLowestIndex(undefined), readLowestIndex(indexKey(42))]).toEqual([1, 42])
})
