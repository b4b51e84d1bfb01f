import { ascii, type Digest, Prng, type Write } from '@novacron/base'
import { emptyKey, endKey, indexKey, type Row, tables } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { Disk } from '../../src/disk/disk.ts'

const put = (table: string, key: number, value: string): Write => ({
  type: 'put',
  table,
  key: indexKey(key),
  value: ascii(value)
})
const digest = 'ab'.repeat(32) as Digest
const all = (table: string, more: object = {}) => ({
  type: 'read' as const,
  token: 't',
  range: { table, from: emptyKey, to: endKey, limit: 100, ...more }
})
const texts = (rows: readonly Row[]) =>
  rows.map(({ value }) => (value === undefined ? undefined : String.fromCharCode(...value)))

describe('the disk', () => {
  test('answers keys in the order asked, and ranges in both directions within their limit', () => {
    const disk = new Disk(new Prng(1))
    for (const key of [300, 2, 10, 256]) disk.write([put('a', key, `${key}`)])
    const keys = [9, 10].map(key => ({ table: 'a', key: indexKey(key) }))
    expect(texts(disk.read({ type: 'read', token: 't', keys }))).toEqual([undefined, '10'])
    expect(texts(disk.read(all('a')))).toEqual(['2', '10', '256', '300'])
    expect(texts(disk.read(all('a', { reverse: true, limit: 2 })))).toEqual(['300', '256'])
    expect(texts(disk.read(all('a', { from: indexKey(10), to: indexKey(300) })))).toEqual([
      '10',
      '256'
    ])
    expect(disk.read(all('none'))).toEqual([])
    expect(disk.read(all('a'))[0]?.key).toEqual(indexKey(2))
  })

  test('deletes keys and ranges', () => {
    const disk = new Disk(new Prng(1))
    disk.write([1, 2, 3, 4].map(key => put('a', key, `${key}`)))
    disk.write([
      { type: 'delete', table: 'a', key: indexKey(1) },
      { type: 'delete-range', table: 'a', from: indexKey(3), to: indexKey(4) }
    ])
    expect(texts(disk.read(all('a')))).toEqual(['2', '4'])
  })

  test('loses at a crash what was not synced, on every device', () => {
    const disk = new Disk(new Prng(1))
    disk.write([put('a', 1, 'old'), put(tables.signed, 1, 'old')])
    disk.sync(disk.mark())
    disk.write([put('a', 1, 'new'), put('a', 2, 'new'), put(tables.signed, 1, 'new')])
    disk.storeBatch({ digest, bytes: ascii('batch') })
    expect(disk.unsynced).toBe(3)
    expect(texts(disk.read(all('a')))).toEqual(['new', 'new'])
    expect(disk.batches.has(digest)).toBe(true)
    disk.crash('lost')
    expect(texts(disk.read(all('a')))).toEqual(['old'])
    expect(texts(disk.read(all(tables.signed)))).toEqual(['old'])
    expect(disk.batches.has(digest)).toBe(false)
    expect(disk.unsynced).toBe(0)
  })

  test('a sync covers what was written before its mark, and nothing after', () => {
    const disk = new Disk(new Prng(1))
    disk.storeBatch({ digest, bytes: ascii('batch') })
    disk.write([put('a', 1, 'before')])
    const mark = disk.mark()
    disk.write([put('a', 2, 'after')])
    disk.sync(mark)
    disk.sync(mark)
    disk.crash('lost')
    expect(texts(disk.read(all('a')))).toEqual(['before'])
    expect(disk.batches.read(digest)).toEqual(ascii('batch'))
  })

  test('keeps everything when the cache was written out in time', () => {
    const disk = new Disk(new Prng(1))
    disk.write([put('a', 1, 'x')])
    disk.crash('kept')
    expect(texts(disk.read(all('a')))).toEqual(['x'])
  })

  test('a partial loss keeps a first part of each device, groups as a whole', () => {
    const kept = new Set<string>()
    for (let seed = 0; seed < 60; seed++) {
      const disk = new Disk(new Prng(seed))
      for (let group = 0; group < 3; group++) {
        disk.write([put('a', 2 * group, '-'), put('a', 2 * group + 1, '-')])
        disk.write([put(tables.signed, group, '-')])
      }
      disk.crash('partly')
      const rows = disk.read(all('a')).length
      expect(rows % 2).toBe(0)
      kept.add(`${rows / 2}${disk.read(all(tables.signed)).length}`)
    }
    expect(kept.size).toBe(16)
  })

  test.each([
    { isPromiseLast: true, count: 5 },
    { isPromiseLast: false, count: 8 }
  ])('promises last: $isPromiseLast', ({ isPromiseLast, count }) => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 120; seed++) {
      const disk = new Disk(new Prng(seed), isPromiseLast)
      disk.storeBatch({ digest, bytes: ascii('batch') })
      disk.write([put('a', 1, '-')])
      disk.write([put(tables.signed, 1, '-'), put('a', 2, '-')], true)
      disk.crash('partly')
      const hasPromise = disk.read(all(tables.signed)).length > 0
      const hasRows = disk.read(all('a')).length === 2
      outcomes.add(`${hasPromise}/${hasRows}/${disk.batches.has(digest)}`)
    }
    expect(outcomes.size).toBe(count)
    const promised = [...outcomes].filter(outcome => outcome.startsWith('true'))
    expect(promised).toHaveLength(isPromiseLast ? 1 : 4)
  })

  test('drops batches, and remembers them again after a crash before the sync', () => {
    const disk = new Disk(new Prng(1))
    disk.storeBatch({ digest, bytes: ascii('batch') })
    disk.sync(disk.mark())
    disk.dropBatches([digest])
    expect(disk.batches.has(digest)).toBe(false)
    disk.crash('lost')
    expect(disk.batches.has(digest)).toBe(true)
  })

  test('a copy holds what was on the disk, and can be put back', () => {
    const disk = new Disk(new Prng(1))
    disk.write([put('a', 1, 'old')])
    disk.sync(disk.mark())
    disk.write([put('a', 2, 'not synced')])
    const image = disk.image()
    disk.write([put('a', 1, 'new')])
    disk.sync(disk.mark())
    disk.restore(image)
    expect(texts(disk.read(all('a')))).toEqual(['old'])
    expect(disk.hasSignedLog).toBe(true)
    disk.write([put('a', 1, 'changed')])
    disk.restore(image)
    expect(texts(disk.read(all('a')))).toEqual(['old'])
  })

  test('a wipe takes everything, and the record of signatures counts as lost until something is in it', () => {
    const disk = new Disk(new Prng(1))
    disk.write([put('a', 1, 'x')])
    disk.sync(disk.mark())
    disk.wipe()
    expect(disk.read(all('a'))).toEqual([])
    expect(disk.hasSignedLog).toBe(false)
    disk.write([{ ...put('a', 1, 'x'), table: tables.signed }], true)
    expect(disk.hasSignedLog).toBe(false)
    disk.sync(disk.mark())
    expect(disk.hasSignedLog).toBe(true)
  })
})
