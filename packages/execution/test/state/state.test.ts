import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bucketOf, defaultExecutionOptions } from '../../src/index.ts'
import { entryOverheadBytes, State } from '../../src/state/state.ts'
import { StateView } from '../../src/state/state-view.ts'
import { hash, text } from '../fixtures.ts'

const options = {
  ...defaultExecutionOptions,
  transactionBytesMax: 64,
  bucketBytesMax: 4_000,
  stateBytesMax: 10_000
}
const fresh = () => new State(options, hash)
const charge = (key: string, value: number) => key.length + value + entryOverheadBytes

describe('the state', () => {
  test('holds what was put until it is deleted', () => {
    const state = fresh()
    expect(state.put(text('a'), text('1'))).toBe(true)
    expect(state.get(text('a'))).toEqual(text('1'))
    expect(state.keyCount).toBe(1)
    expect(state.delete(text('a'))).toBe(true)
    expect(state.delete(text('a'))).toBe(false)
    expect(state.get(text('a'))).toBeUndefined()
    expect(state.sizeBytes).toBe(0)
    expect(state.keyCount).toBe(0)
  })

  test('takes what fits exactly and not a byte more', () => {
    const state = fresh()
    for (const key of ['a', 'b', 'c']) state.put(text(key), new Uint8Array(3_000))
    const left = options.stateBytesMax - state.sizeBytes
    const length = left - charge('d', 0)
    expect(state.put(text('d'), new Uint8Array(length + 1))).toBe(false)
    expect(state.get(text('d'))).toBeUndefined()
    expect(state.put(text('d'), new Uint8Array(length))).toBe(true)
    expect(state.sizeBytes).toBe(options.stateBytesMax)
    expect(state.put(text('d'), new Uint8Array(length - 1))).toBe(true)
  })

  test('bounds one bucket by itself', () => {
    const state = fresh()
    const length = options.bucketBytesMax - charge('a', 0)
    expect(state.put(text('a'), new Uint8Array(length + 1))).toBe(false)
    expect(state.put(text('a'), new Uint8Array(length))).toBe(true)
    const bucket = bucketOf(text('a'))
    let same = 0
    while (bucketOf(text(`k${same}`)) !== bucket) same++
    expect(state.put(text(`k${same}`), text(''))).toBe(false)
    state.delete(text('a'))
    expect(state.put(text(`k${same}`), text(''))).toBe(true)
  })

  test('finds room for what must be written', () => {
    const state = fresh()
    for (const key of ['a', 'b', 'c']) state.put(text(key), new Uint8Array(3_200))
    expect(state.put(text('d'), new Uint8Array(400))).toBe(false)
    state.putAlways(text('d'), new Uint8Array(400))
    expect(state.get(text('d'))).toHaveLength(400)
  })
})

test('root and charge follow from the content, not from its history', () => {
  const entry = fc.tuple(fc.nat(40), fc.uint8Array({ maxLength: 5 }))
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), fc.array(fc.nat(40)), (entries, deleted) => {
      const state = fresh()
      const content = new Map<string, Uint8Array>()
      for (const [n, value] of entries) {
        state.put(text(`k${n}`), value)
        content.set(`k${n}`, value)
        if (n % 3 === 0) state.seal()
      }
      for (const n of deleted) {
        state.delete(text(`k${n}`))
        content.delete(`k${n}`)
      }
      const other = fresh()
      for (const [key, value] of [...content].reverse()) other.put(text(key), value)
      expect(state.seal().root).toBe(other.seal().root)
      expect(state.sizeBytes).toBe(other.sizeBytes)
      expect(state.keyCount).toBe(content.size)
    }),
    { numRuns: 40 }
  )
})

describe('an application sees its own keys', () => {
  test('and no others', () => {
    const state = fresh()
    const [one, two] = [new StateView(state, 1), new StateView(state, 2)]
    one.put(text('k'), text('1'))
    two.put(text('k'), text('2'))
    expect(one.get(text('k'))).toEqual(text('1'))
    expect(two.delete(text('k'))).toBe(true)
    expect(one.get(text('k'))).toEqual(text('1'))
    expect(two.list(text(''), undefined, 10)).toEqual([])
    expect(one.list(text(''), undefined, 10)).toEqual([{ key: text('k'), value: text('1') }])
  })

  test('by prefix, behind a key, up to a limit, in the order of bytes', () => {
    const view = new StateView(fresh(), 0xff)
    const keys = ['a', 'ab', 'ab\0', 'abc', 'b', '\x7f']
    for (const key of keys.toReversed()) view.put(text(key), text(key))
    const list = (prefix: string, after?: string, limit = 10) =>
      view
        .list(text(prefix), after === undefined ? undefined : text(after), limit)
        .map(({ key }) => Buffer.from(key).toString())
    expect(list('')).toEqual(keys)
    expect(list('ab')).toEqual(['ab', 'ab\0', 'abc'])
    expect(list('ab', 'ab')).toEqual(['ab\0', 'abc'])
    expect(list('ab', 'a')).toEqual(['ab', 'ab\0', 'abc'])
    expect(list('ab', 'b')).toEqual([])
    expect(list('', 'a', 2)).toEqual(['ab', 'ab\0'])
    expect(list('', undefined, 0)).toEqual([])
  })
})
