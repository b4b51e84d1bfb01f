import { ascii, type Digest, Prng, type Write } from '@novacron/base'
import { emptyKey, endKey, indexKey, type Row, tables } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { damages } from '../../src/disk/damage.ts'
import { Disk, type DiskOptions } from '../../src/disk/disk.ts'

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
      const disk = new Disk(new Prng(seed), { isPromiseLast })
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

/** So many rows of a table and as many batches, all on the disk. */
function filled(seed: number, options: Partial<DiskOptions> = {}, count = 5): Disk {
  const disk = new Disk(new Prng(seed), options)
  for (let row = 0; row < count; row++) {
    disk.write([put('a', row, `value ${row}`), put(tables.signed, row, `vote ${row}`)])
    disk.storeBatch({ digest: digestAt(row), bytes: ascii(`batch ${row}`) })
  }
  disk.sync(disk.mark())
  return disk
}

const digestAt = (row: number) => `${row}`.padStart(64, '0') as Digest
const heldBy = (disk: Disk) =>
  [0, 1, 2, 3, 4].filter(row => disk.batches.has(digestAt(row))).map(row => digestAt(row))

describe.each(damages)('damage by a %s', damage => {
  // A write that went astray is missed at its own place, too.
  const gone = damage === 'bit-flip' ? 1 : 2

  test('of a row: it reads as missing, after a crash and a copy as well, until it is written again', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const disk = filled(seed)
      disk.damage(damage, 'database', 1)
      disk.crash('lost')
      disk.restore(disk.image())
      const keys = [0, 1, 2, 3, 4].map(row => ({ table: 'a', key: indexKey(row) }))
      const read = texts(disk.read({ type: 'read', token: 't', keys }))
      const left = read.flatMap((text, row) => (text === undefined ? [] : [`value ${row}`]))
      expect(left, `seed ${seed}`).toHaveLength(5 - gone)
      expect(texts(disk.read(all('a')))).toEqual(left)
      expect(texts(disk.read(all('a', { limit: 3 })))).toEqual(left.slice(0, 3))
      expect(disk.isDamaged).toBe(true)
      disk.write([0, 1, 2, 3, 4].map(row => put('a', row, 'new')))
      expect(disk.read(all('a'))).toHaveLength(5)
      expect(disk.hasSignedLog).toBe(true)
    }
  })

  test('of a batch: found when it is read, and a copy from elsewhere takes its place', () => {
    const disk = filled(7)
    disk.damage(damage, 'batches', 1)
    const indexed = heldBy(disk)
    expect(indexed).toHaveLength(6 - gone)
    const read = indexed.map(batch => disk.batches.read(batch))
    expect(read.filter(bytes => bytes === undefined)).toHaveLength(1)
    expect(heldBy(disk)).toHaveLength(5 - gone)
    expect(disk.refused).toBe(1)
    const lost = indexed.find(each => !disk.batches.has(each)) as Digest
    disk.storeBatch({ digest: lost, bytes: ascii('again') })
    expect(disk.batches.read(lost)).toEqual(ascii('again'))
  })

  test('of the record of signatures: it counts as lost from the next opening on', () => {
    const disk = filled(3)
    disk.damage(damage, 'signed', 1)
    disk.crash('kept')
    disk.open()
    expect(disk.hasSignedLog).toBe(false)
  })

  test('is handed out by a store that checks nothing', () => {
    const disk = filled(5, { checkRows: false, checkBatches: false })
    for (const device of ['database', 'batches', 'signed'] as const) disk.damage(damage, device, 1)
    disk.open()
    const texts = disk.read(all('a')).map(({ value }) => String.fromCharCode(...(value ?? [])))
    expect(texts).not.toEqual([0, 1, 2, 3, 4].map(row => `value ${row}`))
    const batches = heldBy(disk).map(each =>
      String.fromCharCode(...(disk.batches.read(each) ?? []))
    )
    expect(batches).not.toEqual([0, 1, 2, 3, 4].map(row => `batch ${row}`))
    expect(disk.refused).toBe(0)
    expect(disk.hasSignedLog).toBe(true)
  })

  test('of an empty disk, or of nothing but one row, is what is left of it', () => {
    const disk = new Disk(new Prng(1))
    disk.damage(damage, 'database', 3)
    expect(disk.isDamaged).toBe(false)
    disk.write([put('a', 1, 'x')])
    disk.damage(damage, 'database', 1)
    expect(disk.read(all('a'))).toHaveLength(damage === 'bit-flip' ? 0 : 1)
  })
})

describe('a torn tail', () => {
  const torn = (seed: number, checks: boolean) => {
    const disk = new Disk(new Prng(seed), { checkRows: checks, checkBatches: checks })
    disk.write([put('a', 1, 'old one'), put(tables.signed, 1, 'old')])
    disk.sync(disk.mark())
    disk.write([put('a', 1, 'new one'), put('a', 2, 'new two'), put('a', 3, 'new three')])
    disk.write([put(tables.signed, 1, 'newer')])
    disk.storeBatch({ digest, bytes: ascii('batch') })
    disk.crash('torn')
    disk.open()
    return disk
  }

  test('is cut off by the store: what it wrote over is back', () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const disk = torn(seed, true)
      const rows = texts(disk.read(all('a')))
      outcomes.add(rows.join())
      expect(['old', 'newer']).toContain(texts(disk.read(all(tables.signed)))[0])
      expect([undefined, 'batch']).toContain(textOf(disk.batches.read(digest)))
      expect(disk.hasSignedLog).toBe(true)
    }
    expect(outcomes).toEqual(new Set(['old one', 'new one,new two,new three']))
  })

  test('is there for a store that does not look', () => {
    const outcomes = new Set<string>()
    for (let seed = 1; seed <= 60; seed++)
      outcomes.add(texts(torn(seed, false).read(all('a'))).join())
    expect(outcomes).toEqual(new Set(['new one,new', 'new one,new two,new three']))
  })

  test('of a promise is not there before what it needs', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const disk = new Disk(new Prng(seed), { isPromiseLast: true, checkRows: false })
      disk.write([put('a', 1, 'parent'), put(tables.signed, 1, 'promise')], true)
      disk.crash('torn')
      const [promise] = texts(disk.read(all(tables.signed)))
      if (promise !== undefined) expect(texts(disk.read(all('a')))).toEqual(['parent'])
    }
  })
})

test('reads that fail put a batch out of the index of this life alone', () => {
  const disk = filled(1)
  disk.failReads(true)
  expect(disk.batches.read(digestAt(1))).toBeUndefined()
  expect(disk.batches.read(digest)).toBeUndefined()
  disk.failReads(false)
  expect(disk.batches.has(digestAt(1))).toBe(false)
  expect(disk.batches.read(digestAt(2))).toEqual(ascii('batch 2'))
  disk.open()
  expect(disk.batches.read(digestAt(1))).toEqual(ascii('batch 1'))
})

test('an operator takes the database away and leaves the record of signatures', () => {
  const disk = filled(1)
  disk.discardDatabase()
  expect(disk.read(all('a'))).toEqual([])
  expect(heldBy(disk)).toEqual([])
  expect(disk.read(all(tables.signed))).toHaveLength(5)
  expect(disk.hasSignedLog).toBe(true)
})

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : String.fromCharCode(...bytes)
}
