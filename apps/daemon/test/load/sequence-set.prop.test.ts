import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type SequenceRange, SequenceSet } from '../../src/load/sequence-set.ts'

const range = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 10 }))
  .map(([first, length]): SequenceRange => ({ first, last: first + length }))

function each({ first, last }: SequenceRange): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}

test('it tells each sequence once as new, and what is missing, as a plain set does', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), ranges => {
      const set = new SequenceSet()
      const model = new Set<number>()
      for (const added of ranges) {
        const fresh = set.add(added).flatMap(each)
        expect(fresh).toEqual(each(added).filter(sequence => !model.has(sequence)))
        for (const sequence of fresh) model.add(sequence)
        expect(set.size).toBe(model.size)
        const missing = each({ first: 1, last: 75 }).filter(sequence => !model.has(sequence))
        expect(set.missing(75).flatMap(each)).toEqual(missing)
      }
    })
  )
})

test('ranges are as long as they can be', () => {
  const set = new SequenceSet()
  set.add({ first: 3, last: 4 })
  set.add({ first: 7, last: 8 })
  expect(set.missing(10)).toEqual([
    { first: 1, last: 2 },
    { first: 5, last: 6 },
    { first: 9, last: 10 }
  ])
  expect(set.add({ first: 1, last: 8 })).toEqual([
    { first: 1, last: 2 },
    { first: 5, last: 6 }
  ])
  expect(set.missing(8)).toEqual([])
})
