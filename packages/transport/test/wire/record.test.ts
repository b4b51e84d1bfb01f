import { Fault, fromHex, toHex } from '@novacron/base'
import { expect, test } from 'vitest'
import { coalesce } from '../../src/wire/coalesce.ts'
import {
  controlBytes,
  creditRecord,
  heartbeatRecord,
  helloRecord,
  readCredit,
  readHeartbeat,
  readHello
} from '../../src/wire/control.ts'
import { encodeRecords, recordSplitter } from '../../src/wire/record.ts'

test('a frame is its kind, its length and its bytes, which are not copied', () => {
  const payload = fromHex('abcd')
  const pieces = [...encodeRecords([{ kind: 'frame', payload }])]
  expect(pieces.map(toHex)).toEqual(['0000000002', 'abcd'])
  expect(pieces[1]).toBe(payload)
})

test('a length is judged before its payload is allocated', () => {
  const seen: [string, number][] = []
  const split = recordSplitter((kind, length) => {
    seen.push([kind, length])
    throw new Fault({ code: 'frame-too-large', length, max: 0 })
  })
  // 4 GiB: allocating it would throw a RangeError, or end the process.
  expect(() => [...split([fromHex('00ff'), fromHex('ffffff')])]).toThrow('frame-too-large')
  expect(seen).toEqual([['frame', 0xffffffff]])
})

test('an unknown kind is a fault', () => {
  expect(() => [...recordSplitter(() => undefined)([fromHex('0600000000')])]).toThrow(
    'unknown-record'
  )
})

test('a payload that was read does not change with the chunk it came in', () => {
  const chunk = fromHex('0000000002abcd')
  const [record] = [...recordSplitter(() => undefined)([chunk])]
  chunk.fill(0)
  expect(toHex(record!.payload)).toBe('abcd')
})

test.each([
  { name: 'small pieces become one write', pieces: [1, 2, 3], max: 10, writes: [6] },
  { name: 'a piece that fills a write ends it', pieces: [4, 6, 1], max: 10, writes: [10, 1] },
  { name: 'a big piece is cut', pieces: [3, 25], max: 10, writes: [10, 10, 8] },
  { name: 'nothing gives nothing', pieces: [0, 0], max: 10, writes: [] }
])('$name', ({ pieces, max, writes }) => {
  const source = pieces.map(length => new Uint8Array(length))
  expect([...coalesce(source, max)].map(({ length }) => length)).toEqual(writes)
})

test('a piece that needs no joining is passed on as a view', () => {
  const piece = new Uint8Array(30)
  const writes = [...coalesce([piece], 10)]
  expect(writes.every(({ buffer }) => buffer === piece.buffer)).toBe(true)
})

test('controls read back what was written, in the length that their kind fixes', () => {
  const hello = helloRecord(fromHex('0102030405060708'), 1000, 4000)
  expect(readHello(hello.payload)).toEqual({
    incarnation: '0102030405060708',
    frameBytesMax: 1000,
    windowBytes: 4000
  })
  const credit = creditRecord({ streamClass: 'bulk', totalBytes: 2 ** 40 })
  expect(readCredit(credit.payload)).toEqual({ streamClass: 'bulk', totalBytes: 2 ** 40 })
  const ping = heartbeatRecord('ping', 7)
  expect(readHeartbeat(ping.payload)).toBe(7)
  expect(hello.payload.length).toBe(controlBytes.hello)
  expect(credit.payload.length).toBe(controlBytes.credit)
  expect(ping.payload.length).toBe(controlBytes.ping)
  expect(() => readCredit(fromHex('030000000000000000'))).toThrow('bad-record')
})
