import { Writer } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  decodeEnvelope,
  EnvelopeCursor,
  encodeEnvelope,
  envelopeHeaderBytes,
  walkEnvelopes
} from '../src/index.ts'
import { join, logOf, text } from './fixtures.ts'

const session = new Uint8Array(16).fill(7)
const limit = 64

function raw(fields: {
  version?: number
  flags?: number
  high?: number
  length?: number
  payload?: Uint8Array
}): Uint8Array {
  const { version = 1, flags = 0, high = 0, payload = text('abc') } = fields
  return new Writer()
    .u8(version)
    .u8(1)
    .u8(flags)
    .raw(session)
    .u32(high)
    .u32(1)
    .u32(fields.length ?? payload.length)
    .raw(payload)
    .finish()
}

describe('one envelope', () => {
  test('has a fixed layout', () => {
    const envelope = { application: 1, session, sequence: 258, payload: text('hi') }
    const hex = Buffer.from(encodeEnvelope(envelope)).toString('hex')
    expect(hex).toBe(`010100${'07'.repeat(16)}0000000000000102000000026869`)
    expect(envelopeHeaderBytes).toBe(31)
  })

  test('takes payloads up to the limit and no longer', () => {
    const frame = (length: number) => raw({ payload: new Uint8Array(length) })
    expect(decodeEnvelope(frame(limit), limit).payload).toHaveLength(limit)
    expect(() => decodeEnvelope(frame(limit + 1), limit)).toThrow('too-long')
    expect(() =>
      encodeEnvelope({ application: 1, session: text('x'), sequence: 1, payload: session })
    ).toThrow(RangeError)
  })

  test.each([
    { name: 'another version', frame: raw({ version: 2 }), code: 'bad-value' },
    { name: 'flags', frame: raw({ flags: 1 }), code: 'bad-value' },
    { name: 'an unsafe sequence', frame: raw({ high: 0x20_0000 }), code: 'u64-unsafe' },
    { name: 'a longer length than there are bytes', frame: raw({ length: 4 }), code: 'truncated' },
    { name: 'bytes behind it', frame: join(raw({}), text('x')), code: 'trailing-bytes' },
    { name: 'a cut header', frame: raw({}).subarray(0, 30), code: 'truncated' }
  ])('is refused with $name', ({ frame, code }) => {
    expect(() => decodeEnvelope(frame, limit)).toThrow(code)
  })
})

describe('a walk over a batch', () => {
  test('gives every envelope in place', () => {
    const seen: unknown[] = []
    const region = join(logOf(session, 1, 'a'), logOf(session, 2, ''), logOf(session, 3, 'ccc'))
    const walk = walkEnvelopes(region, limit, cursor => {
      seen.push([cursor.application, cursor.sequence, Buffer.from(cursor.payload()).toString()])
      expect(cursor.session()).toEqual(session)
      expect(cursor.payloadLength).toBe(cursor.payload().length)
      expect(decodeEnvelope(cursor.envelope(), limit).sequence).toBe(cursor.sequence)
    })
    expect(seen).toEqual([
      [1, 1, 'a'],
      [1, 2, ''],
      [1, 3, 'ccc']
    ])
    expect(walk).toEqual({ transactions: 3, isMalformed: false, bytes: region.length })
  })

  test('works on a region in the middle of a buffer', () => {
    const whole = join(text('junk'), logOf(session, 9), text('junk'))
    const region = whole.subarray(4, whole.length - 4)
    const sequences: number[] = []
    walkEnvelopes(region, limit, cursor => sequences.push(cursor.sequence))
    expect(sequences).toEqual([9])
  })

  test.each([
    { name: 'another version', tail: raw({ version: 2 }) },
    { name: 'flags', tail: raw({ flags: 4 }) },
    { name: 'an unsafe sequence', tail: raw({ high: 0x20_0000 }) },
    { name: 'a payload beyond the limit', tail: raw({ payload: new Uint8Array(limit + 1) }) },
    { name: 'a payload beyond the end', tail: raw({ length: 60 }) },
    { name: 'less than a header', tail: text('x') }
  ])('ends at $name and keeps what stood before', ({ tail }) => {
    const first = logOf(session, 1)
    const walk = walkEnvelopes(join(first, tail, logOf(session, 2)), limit, () => {})
    expect(walk).toEqual({ transactions: 1, isMalformed: true, bytes: first.length })
  })

  test('an empty region has no envelopes', () => {
    const walk = walkEnvelopes(new Uint8Array(0), limit, () => {})
    expect(walk).toEqual({ transactions: 0, isMalformed: false, bytes: 0 })
  })

  test('a cursor tells whether the next transaction is of the same session', () => {
    const other = session.slice()
    other[15] = 8
    const cursor = new EnvelopeCursor(join(logOf(session, 1), logOf(other, 1)), limit)
    const words = new Uint32Array(4)
    cursor.next()
    cursor.readSessionWords(words)
    expect(cursor.isOfSession(words)).toBe(true)
    cursor.next()
    expect(cursor.isOfSession(words)).toBe(false)
  })
})
