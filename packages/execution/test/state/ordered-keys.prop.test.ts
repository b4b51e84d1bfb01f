import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteKeyOf, bytesOfKey, keyAfterPrefix } from '../../src/state/byte-key.ts'
import { OrderedKeys } from '../../src/state/ordered-keys.ts'

const bytes = fc.uint8Array({ maxLength: 4 })

describe('keys as strings', () => {
  test('come back as bytes, long ones too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), value => {
        expect(bytesOfKey(byteKeyOf(value))).toEqual(value)
      })
    )
  })

  test('sort as bytes', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(Buffer.compare(a, b))).toBe(
          byteKeyOf(a) < byteKeyOf(b) ? -1 : byteKeyOf(a) > byteKeyOf(b) ? 1 : 0
        )
      })
    )
  })

  test('the key after a prefix separates what has it from what is above', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [prefix, key] = [byteKeyOf(a), byteKeyOf(b)]
        const end = keyAfterPrefix(prefix)
        const isBetween = key >= prefix && (end === undefined || key < end)
        expect(isBetween).toBe(key.startsWith(prefix))
      })
    )
    expect(keyAfterPrefix('')).toBeUndefined()
    expect(keyAfterPrefix('\xff\xff')).toBeUndefined()
  })
})

test('the ordered set is a sorted set, over many blocks too', () => {
  const operation = fc.record({ key: fc.nat(3_000), isDelete: fc.boolean() })
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 400 }),
      fc.nat(3_000),
      fc.integer({ min: 0, max: 2_500 }),
      (operations, start, prefilled) => {
        const keys = new OrderedKeys()
        const model = new Set<string>()
        const nameOf = (n: number) => `${(n * 7_919) % 3_001}`.padStart(4, '0')
        for (let n = 0; n < prefilled; n++) {
          keys.add(nameOf(n))
          model.add(nameOf(n))
        }
        for (const { key, isDelete } of operations) {
          if (isDelete) keys.delete(nameOf(key))
          else keys.add(nameOf(key))
          if (isDelete) model.delete(nameOf(key))
          else model.add(nameOf(key))
        }
        const from = nameOf(start)
        expect(keys.size).toBe(model.size)
        expect([...keys.from(from)]).toEqual([...model].filter(key => key >= from).sort())
      }
    ),
    { numRuns: 60 }
  )
})

test('a set that was emptied takes keys again', () => {
  const keys = new OrderedKeys()
  keys.delete('a')
  keys.add('a')
  keys.add('a')
  keys.delete('b')
  keys.delete('a')
  expect(keys.size).toBe(0)
  keys.add('c')
  expect([...keys.from('')]).toEqual(['c'])
})
