import { type Digest, equalBytes, Fault, Reader, toHex, Writer } from '@novacron/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'

/** A message with every kind of field, nested lists included. */
interface Sample {
  readonly kind: number
  readonly port: number
  readonly count: number
  readonly index: number
  readonly payload: Uint8Array
  readonly digest: Digest
  readonly rows: readonly (readonly Uint8Array[])[]
}

const payloadBytesMax = 64
const rowsMax = 5

const sample: fc.Arbitrary<Sample> = fc.record({
  kind: fc.integer({ min: 0, max: 0xff }),
  port: fc.integer({ min: 0, max: 0xffff }),
  count: fc.integer({ min: 0, max: 0xffffffff }),
  index: fc.maxSafeNat(),
  payload: fc.uint8Array({ maxLength: payloadBytesMax }),
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => toHex(bytes) as Digest),
  rows: fc.array(fc.array(fc.uint8Array({ maxLength: payloadBytesMax }), { maxLength: rowsMax }), {
    maxLength: rowsMax
  })
})

function encode({ kind, port, count, index, payload, digest, rows }: Sample): Uint8Array {
  return new Writer(8)
    .u8(kind)
    .u16(port)
    .u32(count)
    .u64(index)
    .bytes(payload)
    .digest(digest)
    .list(rows, (row, writer) => writer.list(row, (cell, inner) => inner.bytes(cell)))
    .finish()
}

function decode(frame: Uint8Array): Sample {
  const reader = new Reader(frame)
  const decoded = {
    kind: reader.u8(),
    port: reader.u16(),
    count: reader.u32(),
    index: reader.u64(),
    payload: reader.bytes('payload', payloadBytesMax),
    digest: reader.digest(),
    rows: reader.list('rows', rowsMax, row =>
      row.list('cells', rowsMax, cell => cell.bytes('cell', payloadBytesMax))
    )
  }
  reader.end()
  return decoded
}

/** What a decoder may do with any bytes: give a message of just these bytes, or throw a fault. */
function expectMessageOrFault(frame: Uint8Array): void {
  let decoded: Sample
  try {
    decoded = decode(frame)
  } catch (error) {
    expect(error).toBeInstanceOf(Fault)
    return
  }
  expect(toHex(encode(decoded))).toBe(toHex(frame))
}

test('every message comes back as it was', () => {
  fc.assert(
    fc.property(sample, message => {
      expect(decode(encode(message))).toEqual(message)
    })
  )
})

test('two messages have the same bytes only when they are equal', () => {
  fc.assert(
    fc.property(sample, sample, (a, b) => {
      const isEqual = JSON.stringify(a) === JSON.stringify(b)
      expect(equalBytes(encode(a), encode(b))).toBe(isEqual)
    })
  )
})

test('no frame cut short is a message', () => {
  fc.assert(
    fc.property(sample, fc.nat(), (message, cut) => {
      const frame = encode(message)
      const short = frame.subarray(0, cut % frame.length)
      expect(() => decode(short)).toThrow(Fault)
    })
  )
})

test('no frame with bytes after it is a message', () => {
  fc.assert(
    fc.property(sample, fc.uint8Array({ minLength: 1, maxLength: 4 }), (message, extra) => {
      const frame = encode(message)
      const long = new Uint8Array(frame.length + extra.length)
      long.set(frame)
      long.set(extra, frame.length)
      expect(() => decode(long)).toThrow(Fault)
    })
  )
})

test('a frame with one bit turned is another message in canonical form, or a fault', () => {
  fc.assert(
    fc.property(sample, fc.nat(), (message, position) => {
      const frame = encode(message).slice()
      const bit = position % (frame.length * 8)
      frame[bit >> 3] = (frame[bit >> 3] as number) ^ (1 << (bit & 7))
      expectMessageOrFault(frame)
    }),
    { numRuns: 500 }
  )
})

test('random bytes are a message in canonical form, or a fault', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), frame => {
      expectMessageOrFault(frame)
    }),
    { numRuns: 500 }
  )
})
