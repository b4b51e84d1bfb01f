import {
  AssertionError,
  type DecodeFault,
  emptyBytes,
  Fault,
  Reader,
  toDigest,
  toHex,
  Writer
} from '@novacron/base'
import { describe, expect, test } from 'vitest'

const digest = toDigest('ab'.repeat(32))

function faultOf(read: () => unknown): DecodeFault {
  try {
    read()
  } catch (error) {
    if (error instanceof Fault) return error.facts as DecodeFault
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a writer', () => {
  test.each<[string, (writer: Writer) => Writer, string]>([
    ['u8', writer => writer.u8(0xfe), 'fe'],
    ['u16', writer => writer.u16(0x0102), '0102'],
    ['u32', writer => writer.u32(0xfffefdfc), 'fffefdfc'],
    ['u64', writer => writer.u64(2 ** 53 - 1), '001fffffffffffff'],
    ['raw bytes', writer => writer.raw(Uint8Array.of(1, 2)), '0102'],
    ['counted bytes', writer => writer.bytes(Uint8Array.of(1, 2)), '000000020102'],
    ['a digest', writer => writer.digest(digest), 'ab'.repeat(32)],
    ['a list', writer => writer.list([7, 8], item => writer.u8(item)), '00020708'],
    ['nothing', writer => writer, '']
  ])('writes %s big-endian', (_, write, hex) => {
    const writer = new Writer(0)
    expect(toHex(write(writer).finish())).toBe(hex)
    expect(writer.length).toBe(hex.length / 2)
  })

  test('grows beyond its hint without losing a byte', () => {
    const writer = new Writer(4)
    for (let i = 0; i < 1000; i++) writer.u16(i)
    const reader = new Reader(writer.finish())
    for (let i = 0; i < 1000; i++) expect(reader.u16()).toBe(i)
    reader.end()
  })

  test('hands each item and itself to the writer of a list', () => {
    const bytes = new Writer().list(['a', 'bc'], (text, writer) => writer.u8(text.length)).finish()
    expect(toHex(bytes)).toBe('00020102')
  })

  test.each<[string, (writer: Writer) => Writer]>([
    ['u8', writer => writer.u8(0x100)],
    ['u8', writer => writer.u8(-1)],
    ['u16', writer => writer.u16(0x1_0000)],
    ['u16', writer => writer.u16(0.5)],
    ['u32', writer => writer.u32(0x1_0000_0000)],
    ['u32', writer => writer.u32(Number.NaN)],
    ['u64', writer => writer.u64(2 ** 53)],
    ['u64', writer => writer.u64(-1)],
    ['list', writer => writer.list(new Array(0x1_0000).fill(0), () => undefined)]
  ])('stops at a %s out of range: our own mistake', (_, write) => {
    expect(() => write(new Writer())).toThrow(AssertionError)
  })
})

describe('a reader', () => {
  test('reads what was written, in order, and knows what is left', () => {
    const frame = new Writer()
      .u8(1)
      .u16(2)
      .u32(3)
      .u64(2 ** 40 + 5)
      .bytes(Uint8Array.of(6))
      .digest(digest)
      .list([7, 8], (item, writer) => writer.u32(item))
      .finish()
    const reader = new Reader(frame)
    expect(reader.left).toBe(frame.length)
    expect([reader.u8(), reader.u16(), reader.u32(), reader.u64()]).toEqual([1, 2, 3, 2 ** 40 + 5])
    expect(reader.bytes('payload', 1)).toEqual(Uint8Array.of(6))
    expect(reader.digest()).toBe(digest)
    expect(reader.list('items', 2, item => item.u32())).toEqual([7, 8])
    expect(reader.left).toBe(0)
    reader.end()
  })

  test('reads a frame that starts inside a larger buffer, as views', () => {
    const frame = Uint8Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5)
    expect(new Reader(frame).u16()).toBe(0x0102)
    const view = new Reader(frame).raw(3)
    expect(view).toEqual(Uint8Array.of(1, 2, 3))
    frame[0] = 7
    expect(view[0]).toBe(7)
  })

  test.each<[string, number, (reader: Reader) => unknown]>([
    ['u8', 1, reader => reader.u8()],
    ['u16', 2, reader => reader.u16()],
    ['u32', 4, reader => reader.u32()],
    ['u64', 8, reader => reader.u64()],
    ['raw', 5, reader => reader.raw(5)],
    ['digest', 32, reader => reader.digest()]
  ])('says what a %s lacks', (_, size, read) => {
    const whole = new Uint8Array(size)
    expect(() => read(new Reader(whole))).not.toThrow()
    expect(faultOf(() => read(new Reader(whole.subarray(1))))).toEqual({
      code: 'truncated',
      wanted: size,
      left: size - 1
    })
  })

  test.each([-1, Number.NaN, Number.NEGATIVE_INFINITY])('never reads %d bytes', size => {
    const reader = new Reader(Uint8Array.of(1, 2, 3))
    reader.u16()
    expect(faultOf(() => reader.raw(size)).code).toBe('truncated')
    expect(reader.left).toBe(1)
  })

  test('takes counted bytes up to the maximum and no further', () => {
    const frame = new Writer().bytes(new Uint8Array(4)).finish()
    expect(new Reader(frame).bytes('payload', 4)).toHaveLength(4)
    expect(faultOf(() => new Reader(frame).bytes('payload', 3))).toEqual({
      code: 'too-long',
      field: 'payload',
      length: 4,
      max: 3
    })
  })

  test('believes neither a length nor a count beyond the frame', () => {
    const lying = new Writer().u32(0xffffffff).finish()
    expect(faultOf(() => new Reader(lying).bytes('payload', 2 ** 32)).code).toBe('truncated')
    const many = new Writer().u16(0xffff).u8(1).finish()
    let reads = 0
    const readOne = (reader: Reader) => {
      reads++
      return reader.u8()
    }
    expect(faultOf(() => new Reader(many).list('items', 0xffff, readOne)).code).toBe('truncated')
    expect(reads).toBe(2)
  })

  test('takes a list up to the maximum and reads no item beyond it', () => {
    const frame = new Writer().list([1, 2], (item, writer) => writer.u8(item)).finish()
    const unread = () => expect.unreachable('an item was read')
    expect(new Reader(frame).list('items', 2, reader => reader.u8())).toEqual([1, 2])
    expect(faultOf(() => new Reader(frame).list('items', 1, unread))).toEqual({
      code: 'too-long',
      field: 'items',
      length: 2,
      max: 1
    })
  })

  test('refuses integers that a number cannot hold', () => {
    const u64 = (value: bigint) => {
      const frame = new Uint8Array(8)
      new DataView(frame.buffer).setBigUint64(0, value)
      return () => new Reader(frame).u64()
    }
    expect(u64(2n ** 53n - 1n)()).toBe(Number.MAX_SAFE_INTEGER)
    for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      expect(faultOf(u64(value))).toEqual({ code: 'u64-unsafe', value: value.toString() })
    }
  })

  test('refuses bytes left behind', () => {
    const reader = new Reader(Uint8Array.of(1))
    expect(faultOf(() => reader.end())).toEqual({ code: 'trailing-bytes', left: 1 })
    reader.u8()
    expect(() => reader.end()).not.toThrow()
    expect(() => new Reader(emptyBytes).end()).not.toThrow()
  })
})

describe('a pooled writer', () => {
  test('gives bytes that later writers do not touch', () => {
    const first = Writer.pooled(100).u32(1).finish()
    const second = Writer.pooled(100).u32(2).finish()
    expect([...first, ...second]).toEqual([0, 0, 0, 1, 0, 0, 0, 2])
    expect(second.buffer).toBe(first.buffer)
  })

  test('may be used while another is open, and may outgrow its part', () => {
    const outer = Writer.pooled(100).u8(1)
    const inner = Writer.pooled(4).raw(new Uint8Array(50).fill(7))
    outer.raw(new Uint8Array(120).fill(3))
    expect(inner.length).toBe(50)
    expect(inner.finish()).toEqual(new Uint8Array(50).fill(7))
    expect(outer.finish()).toEqual(new Uint8Array(121).fill(3).with(0, 1))
  })

  test('starts a new slab when the old one is used up, and none for what is long', () => {
    const all = Array.from({ length: 100 }, (_, i) =>
      Writer.pooled(1_000).raw(new Uint8Array(1_000).fill(i))
    )
    for (const [i, writer] of all.entries()) {
      expect(writer.finish()).toEqual(new Uint8Array(1_000).fill(i))
    }
    expect(Writer.pooled(1_025).u8(1).finish().buffer.byteLength).toBe(1_025)
  })
})
