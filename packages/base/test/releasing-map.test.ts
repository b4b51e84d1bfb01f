import { expect, test } from 'vitest'
import { ReleasingMap } from '../src/index.ts'

const one = Uint8Array.of(1)
const two = Uint8Array.of(2)

test('gives back the very value that was set', () => {
  const map = new ReleasingMap<string, Uint8Array>()
  map.set('a', one)
  expect(map.get('a')).toBe(one)
  expect(map.has('a')).toBe(true)
  expect(map.get('b')).toBeUndefined()
  expect(map.has('b')).toBe(false)
})

test('a key that is set again keeps its place and counts once', () => {
  const map = new ReleasingMap<string, Uint8Array>()
  map.set('a', one)
  map.set('b', one)
  map.set('a', two)
  expect([...map]).toEqual([
    ['a', two],
    ['b', one]
  ])
  expect(map.size).toBe(2)
})

test('take returns what it deletes, once', () => {
  const map = new ReleasingMap<string, Uint8Array>()
  map.set('a', one)
  expect(map.take('a')).toBe(one)
  expect(map.take('a')).toBeUndefined()
  expect(map.has('a')).toBe(false)
  expect(map.size).toBe(0)
})

test('delete tells whether there was anything', () => {
  const map = new ReleasingMap<string, Uint8Array>()
  map.set('a', one)
  expect([map.delete('a'), map.delete('a'), map.size]).toEqual([true, false, 0])
})

test('values come in the order of their keys', () => {
  const map = new ReleasingMap<string, Uint8Array>()
  map.set('a', one)
  map.set('b', two)
  expect([...map.values()]).toEqual([one, two])
})

test('clear leaves nothing, and what comes later is there', () => {
  const map = new ReleasingMap<string, Uint8Array>()
  map.set('a', one)
  map.clear()
  expect([...map.keys()]).toEqual([])
  map.set('a', two)
  expect(map.get('a')).toBe(two)
})

test('what is taken while it is looked through is passed over', () => {
  const map = new ReleasingMap<string, Uint8Array>()
  for (const key of ['a', 'b', 'c']) map.set(key, one)
  const seen: string[] = []
  for (const [key] of map) {
    seen.push(key)
    map.take('b')
  }
  expect(seen).toEqual(['a', 'c'])
})
