import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketOf, defaultExecutionOptions, encodeBucket } from '../../src/index.ts'
import { byteKeyOf } from '../../src/state/byte-key.ts'
import { State } from '../../src/state/state.ts'
import { hash, text } from '../fixtures.ts'

/** Keys of one bucket, so that its encoding has many entries. */
const bucket = bucketOf(text('key 0'))
const keys: Uint8Array[] = []
for (let n = 0; keys.length < 24; n++) {
  const key = text(`key ${n}`)
  if (bucketOf(key) === bucket) keys.push(key)
}

type Content = Map<number, Uint8Array>

/** Straight from the definition. */
function encodingOf(content: Content): Uint8Array {
  const entries = [...content].map(([n, value]) => ({ name: byteKeyOf(keys[n]!), value }))
  return encodeBucket(entries)
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('put' as const),
      key: fc.nat(keys.length - 1),
      // Some beyond what shares a slab.
      length: fc.constantFrom(0, 1, 3, 90, 20_000)
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('delete' as const), key: fc.nat(keys.length - 1) })
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('begin' as const, 'end' as const) }) }
)

test('a bucket is encoded as it was when its seal began, whatever is changed meanwhile', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), steps => {
      const state = new State(defaultExecutionOptions, hash)
      const content: Content = new Map()
      let sealed: Content | undefined
      const end = (): void => {
        if (sealed === undefined) return
        const expected = encodingOf(sealed)
        sealed = undefined
        state.tree.sealPiece(state.encode, Number.POSITIVE_INFINITY)
        expect(state.tree.endSeal().buckets[bucket]).toEqual(expected)
      }
      for (const [i, each] of steps.entries()) {
        if (each.type === 'end') {
          end()
        } else if (each.type === 'begin') {
          end()
          state.tree.beginSeal()
          sealed = new Map(content)
        } else if (each.type === 'delete') {
          expect(state.delete(keys[each.key]!)).toBe(content.delete(each.key))
        } else if (each.type === 'put') {
          const value = new Uint8Array(each.length).fill(i + 1)
          state.put(keys[each.key]!, value)
          content.set(each.key, value.slice())
          // It was copied.
          value.fill(0)
        }
      }
      const check = (): void => {
        for (const [n, key] of keys.entries()) expect(state.get(key)).toEqual(content.get(n))
        expect(state.keyCount).toBe(content.size)
      }
      check()
      end()
      check()
      expect(state.seal().buckets[bucket]).toEqual(encodingOf(content))
      check()
      expect(state.root()).toBe(state.seal().root)
    }),
    { numRuns: 60 }
  )
})

test('replicas with other seeds of their indexes have the same lists and roots', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const states = (
        [
          [0, 0],
          [1, 2],
          [2 ** 32 - 1, 7]
        ] as const
      ).map(hashSeed => new State(defaultExecutionOptions, hash, { hashSeed }))
      const views = states.map(state => {
        for (const [i, each] of steps.entries()) {
          if (each.type === 'delete') state.delete(keys[each.key]!)
          if (each.type === 'put') state.put(keys[each.key]!, new Uint8Array(each.length).fill(i))
        }
        return { root: state.root(), sealed: state.seal(), list: [...state.entriesFrom('')] }
      })
      for (const view of views) expect(view).toEqual(views[0])
    }),
    { numRuns: 30 }
  )
})

test('a value that was handed out does not change with what comes after', () => {
  const state = new State(defaultExecutionOptions, hash)
  state.put(text('k'), text('first'))
  const first = state.get(text('k'))
  state.seal()
  const sealed = state.get(text('k'))
  state.put(text('k'), text('other'))
  for (let n = 0; n < 5_000; n++) state.put(text('k'), text(`${n}`.padStart(100)))
  state.seal()
  expect([first, sealed]).toEqual([text('first'), text('first')])
  expect(state.get(text('k'))).toEqual(text('4999'.padStart(100)))
})
