import { expect, test } from 'vitest'
import { EntryTable } from '../../src/state/entry-table.ts'

const value = (fill: number) => new Uint8Array(1_000).fill(fill)

test('values that are replaced, removed or sealed leave no memory behind', () => {
  const table = new EntryTable()
  const entries = Array.from({ length: 10 }, (_, i) => table.add(`${i}`, value(i)))
  const { slabBytes } = table
  for (let n = 0; n < 5_000; n++) table.replace(n % 10, value(n))
  expect(table.slabBytes).toBeLessThanOrEqual(2 * slabBytes)
  const encoding = new Uint8Array(10_000).fill(9)
  for (const entry of entries) table.moveToEncoding(entry, 7, 1_000 * entry)
  table.setEncoding(7, encoding)
  expect(table.value(4)).toEqual(value(9))
  expect(table.sealedOffset(4)).toBe(4_000)
  // Another 5,000 of which none lasts.
  for (let n = 0; n < 5_000; n++) table.remove(table.add('x', value(n)))
  expect(table.slabBytes).toBeLessThanOrEqual(slabBytes)
})

test('numbers are given again, and columns grow', () => {
  const table = new EntryTable()
  for (let n = 0; n < 3_000; n++) expect(table.add(`${n}`, value(n))).toBe(n)
  table.remove(5)
  expect(table.add('again', value(77))).toBe(5)
  expect([table.name(5), table.length(5)]).toEqual(['again', 1_000])
  for (const n of [0, 5, 2_999]) expect(table.value(n)).toEqual(value(n === 5 ? 77 : n))
})
