import { Fault } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeEnvelope, encodeEnvelope, walkEnvelopes } from '../src/index.ts'
import { join } from './fixtures.ts'

const limit = 200
const envelope = fc.record({
  application: fc.integer({ min: 0, max: 255 }),
  session: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  sequence: fc.maxSafeNat(),
  payload: fc.uint8Array({ maxLength: limit })
})

test('an envelope comes back as it went', () => {
  fc.assert(
    fc.property(envelope, value => {
      expect(decodeEnvelope(encodeEnvelope(value), limit)).toEqual(value)
    })
  )
})

test('a walk sees what a decoder sees', () => {
  fc.assert(
    fc.property(fc.array(envelope, { maxLength: 8 }), values => {
      const seen: unknown[] = []
      const walk = walkEnvelopes(join(...values.map(encodeEnvelope)), limit, cursor => {
        seen.push(decodeEnvelope(cursor.envelope().slice(), limit))
      })
      expect(seen).toEqual(values)
      expect(walk.transactions).toBe(values.length)
    })
  )
})

test('whatever a stranger sends, the walk ends and the decoder faults', () => {
  const region = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc
      .tuple(fc.array(envelope, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(255))
      .map(([values, place, byte]) => {
        const bytes = join(...values.map(encodeEnvelope))
        bytes[place % bytes.length] = byte
        return bytes
      })
  )
  fc.assert(
    fc.property(region, bytes => {
      const walk = walkEnvelopes(bytes, limit, cursor => {
        expect(decodeEnvelope(cursor.envelope(), limit).sequence).toBe(cursor.sequence)
      })
      expect(walk.bytes === bytes.length).toBe(!walk.isMalformed)
      try {
        decodeEnvelope(bytes, limit)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
    })
  )
})
