import { describe, expect, test } from 'vitest'
import { Session, sessionWindow } from '../../src/index.ts'

const fresh = () => new Session(undefined, 0, 0)

describe('a session', () => {
  test('takes sequences in order, each once', () => {
    const session = fresh()
    for (let sequence = 1; sequence <= 3_000; sequence++)
      expect(session.accept(sequence)).toBe('ok')
    expect(session.contiguous).toBe(3_000)
    expect(session.accept(1)).toBe('duplicate')
    expect(session.accept(3_000)).toBe('duplicate')
  })

  test('holds a window of 1,024 beyond the contiguous sequence', () => {
    const session = fresh()
    session.accept(1)
    expect(session.check(1 + sessionWindow)).toBe('ok')
    expect(session.check(2 + sessionWindow)).toBe('window-exceeded')
    expect(session.accept(2 + sessionWindow)).toBe('window-exceeded')
    expect(session.accept(1 + sessionWindow)).toBe('ok')
    expect(session.accept(1 + sessionWindow)).toBe('duplicate')
    expect(session.contiguous).toBe(1)
  })

  test('closes a gap as soon as what is missing comes', () => {
    const session = fresh()
    for (const sequence of [4, 2, 3]) session.accept(sequence)
    expect(session.contiguous).toBe(0)
    session.accept(1)
    expect(session.contiguous).toBe(4)
    expect(session.accept(5)).toBe('ok')
    expect(session.contiguous).toBe(5)
  })

  test('does not remember what it refused', () => {
    const session = fresh()
    expect(session.accept(2_000)).toBe('window-exceeded')
    for (let sequence = 1; sequence <= 1_999; sequence++) session.accept(sequence)
    expect(session.accept(2_000)).toBe('ok')
  })

  test('is stored with key, window and touch', () => {
    const session = new Session(new Uint8Array(32).fill(9), 12, 3)
    for (const sequence of [1, 3, 1_025]) session.accept(sequence)
    const copy = Session.decode(session.encode())
    expect(copy).toMatchObject({ contiguous: 1, touched: 12, touchedIndex: 3 })
    expect(copy.clientKey).toEqual(session.clientKey)
    expect([2, 3, 4, 1_025].map(sequence => copy.check(sequence))).toEqual([
      'ok',
      'duplicate',
      'ok',
      'duplicate'
    ])
    expect(fresh().encode()).toHaveLength(26)
  })

  const encoded = fresh().encode()
  const withWindow = (...window: number[]) => {
    const bytes = new Uint8Array(26 + window.length)
    bytes.set([window.length, ...window], 24)
    return bytes
  }
  test.each([
    { name: 'a first bit in the window', bytes: withWindow(3) },
    { name: 'a window that ends in zero', bytes: withWindow(2, 0) },
    { name: 'a window that is too long', bytes: withWindow(...new Array(129).fill(2)) },
    { name: 'another flag', bytes: new Uint8Array([...encoded.subarray(0, 25), 2]) },
    { name: 'bytes behind it', bytes: new Uint8Array([...encoded, 0]) },
    { name: 'a cut key', bytes: new Uint8Array([...encoded.subarray(0, 25), 1, 2, 3]) }
  ])('is not decoded with $name', ({ bytes }) => {
    expect(() => Session.decode(bytes)).toThrow(/bad-value|trailing-bytes|truncated/)
  })
})
