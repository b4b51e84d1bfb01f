import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteKeyOf } from '../../src/state/byte-key.ts'
import { EntryIndex } from '../../src/state/entry-index.ts'
import { text } from '../fixtures.ts'

/** An index of the names of a list, which are numbered by their places. */
function indexOf(names: readonly string[]): EntryIndex {
  return new EntryIndex([7, 9], entry => byteKeyOf(text(names[entry] as string)))
}

const find = (index: EntryIndex, name: string) => index.find(index.hashOf(text(name)), text(name))

describe('an index', () => {
  test('finds every key of very many, and none that was deleted', () => {
    const names = Array.from({ length: 20_000 }, (_, i) => `key ${i}`)
    const index = indexOf(names)
    for (const [entry, name] of names.entries()) index.add(index.hashOf(text(name)), entry)
    expect(names.map(name => find(index, name))).toEqual(names.map((_, entry) => entry))
    expect(find(index, 'key 20000')).toBeUndefined()
    for (const [entry, name] of names.entries()) {
      if (entry % 3 !== 0) index.delete(index.hashOf(text(name)), entry)
    }
    const left = names.map((_, entry) => (entry % 3 === 0 ? entry : undefined))
    expect(names.map(name => find(index, name))).toEqual(left)
  })

  test('tells keys of one hash apart, of one length or not', () => {
    const names = ['ab', 'ac', 'abc']
    const index = indexOf(names)
    for (const entry of names.keys()) index.add(5, entry)
    expect(names.map(name => index.find(5, text(name)))).toEqual([0, 1, 2])
    index.delete(5, 0)
    expect(names.map(name => index.find(5, text(name)))).toEqual([undefined, 1, 2])
  })

  /** One part, whose slots are few: chains of a few homes run into one another and around the end. */
  const slotStep = fc.record({
    key: fc.nat(20),
    home: fc.constantFrom(0, 1, 2, 12, 13, 14, 15),
    isAdded: fc.boolean()
  })

  test('holds what a map would, whatever is added and deleted where chains meet', () => {
    fc.assert(
      fc.property(fc.array(slotStep, { maxLength: 60 }), steps => {
        const names = Array.from({ length: 21 }, (_, i) => String.fromCharCode(97 + i))
        const index = indexOf(names)
        const expected = new Map<number, number>()
        for (const { key, home, isAdded } of steps) {
          const known = expected.get(key)
          if (isAdded && known === undefined) {
            index.add(home, key)
            expected.set(key, home)
          } else if (!isAdded && known !== undefined) {
            index.delete(known, key)
            expected.delete(key)
          }
          for (const [each, at] of expected) {
            expect(index.find(at, text(names[each] as string))).toBe(each)
          }
          if (known !== undefined && !isAdded) {
            expect(index.find(known, text(names[key] as string))).toBeUndefined()
          }
        }
      })
    )
  })
})
