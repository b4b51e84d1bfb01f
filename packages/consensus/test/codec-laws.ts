import { Fault, toHex } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'

/** A codec under test: any bytes into `decode`, any value of `values` into `encode`. */
export interface CodecUnderTest<T> {
  readonly name: string
  readonly values: fc.Arbitrary<T>
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** The value of these bytes and no others, or a fault; never another error. */
function expectValueOrFault<T>({ encode, decode }: CodecUnderTest<T>, bytes: Uint8Array): void {
  let value: T
  try {
    value = decode(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    return
  }
  expect(toHex(encode(value))).toBe(toHex(bytes))
}

/** What every canonical codec keeps: one value, one byte string; a stranger's bytes give a value or a fault. */
export function keepsCodecLaws<T>(codec: CodecUnderTest<T>): void {
  const { name, values, encode, decode } = codec

  test(`${name}: every value comes back as it was`, () => {
    fc.assert(
      fc.property(values, value => {
        expect(decode(encode(value))).toEqual(value)
      })
    )
  })

  test(`${name}: what is cut short or goes on is refused`, () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, seed) => {
        const bytes = encode(value)
        const cut = bytes.slice(0, seed % bytes.length)
        expectValueOrFault(codec, cut)
        expect(() => decode(new Uint8Array([...bytes, 0]))).toThrow(Fault)
      })
    )
  })

  test(`${name}: a flipped bit gives another canonical value or a fault`, () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, seed) => {
        const bytes = encode(value).slice()
        bytes[(seed >>> 3) % bytes.length]! ^= 1 << (seed & 7)
        expectValueOrFault(codec, bytes)
      }),
      { numRuns: 300 }
    )
  })

  test(`${name}: random bytes give a value or a fault`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => expectValueOrFault(codec, bytes)),
      { numRuns: 300 }
    )
  })
}
