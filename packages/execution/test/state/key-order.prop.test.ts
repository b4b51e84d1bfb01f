import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { byteKeyOf, bytesOfKey, keyAfterPrefix } from '../../src/state/byte-key.ts'
import { KeyOrder } from '../../src/state/key-order.ts'

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

/** A set of keys, and the table that the order asks for them. */
class Keys {
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly order = new KeyOrder(entry => this.#names[entry] as string)

  add(name: string): void {
    if (this.#numbers.has(name)) return
    const entry = this.#names.length
    this.#names.push(name)
    this.#numbers.set(name, entry)
    this.order.add(entry, name)
  }

  delete(name: string): void {
    if (this.#numbers.delete(name)) this.order.delete(name)
  }

  from(name: string): string[] {
    return [...this.order.from(name)].map(entry => this.#names[entry] as string)
  }

  get sorted(): string[] {
    return [...this.#numbers.keys()].sort()
  }
}

const namings = {
  'short ones': (n: number) => `${(n * 7_919) % 3_001}`.padStart(4, '0'),
  'one beginning, longer than a code': (n: number) =>
    `of many users/${`${(n * 7_919) % 3_001}`.padStart(9, '0')}`,
  'few beginnings, and zeros at the end': (n: number) =>
    `${'abc'.charAt(n % 3)}${'\0'.repeat(n % 11)}${n % 7 === 0 ? '' : String.fromCharCode(n % 256)}${'\0'.repeat(Math.floor(n / 77))}`
}

test.each(Object.entries(namings))(
  'the order is that of a sorted set, over many blocks too: %s',
  (_, nameOf) => {
    const operation = fc.record({ key: fc.nat(3_000), isDelete: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 400 }),
        fc.nat(3_000),
        fc.integer({ min: 0, max: 2_500 }),
        (operations, start, prefilled) => {
          const keys = new Keys()
          for (let n = 0; n < prefilled; n++) keys.add(nameOf(n))
          for (const { key, isDelete } of operations) {
            if (isDelete) keys.delete(nameOf(key))
            else keys.add(nameOf(key))
          }
          const from = nameOf(start)
          expect(keys.order.size).toBe(keys.sorted.length)
          expect(keys.from(from)).toEqual(keys.sorted.filter(key => key >= from))
          expect(keys.from('')).toEqual(keys.sorted)
        }
      ),
      { numRuns: 40 }
    )
  }
)

test('an order that was emptied takes keys again', () => {
  const keys = new Keys()
  keys.add('a')
  keys.delete('a')
  expect(keys.order.size).toBe(0)
  expect(keys.from('')).toEqual([])
  for (const name of ['cc', 'c', 'b']) keys.add(name)
  expect(keys.from('')).toEqual(['b', 'c', 'cc'])
})
