import { expect, test } from 'vitest'
import { Outbox } from '../../src/driver/outbox.ts'

function boxed() {
  const outbox = new Outbox()
  const left: string[] = []
  return { outbox, left, add: (name: string) => outbox.add(() => left.push(name)) }
}

test('what waits for nothing leaves at once', () => {
  const { outbox, left, add } = boxed()
  add('a')
  expect(left).toEqual(['a'])
  expect(outbox.length).toBe(0)
})

test('what comes after a durable write leaves once it is on disk, and not before', () => {
  const { outbox, left, add } = boxed()
  add('before')
  const first = outbox.expectFlush()
  add('a')
  const second = outbox.expectFlush()
  add('b')
  expect(left).toEqual(['before'])
  expect(outbox.length).toBe(2)
  first()
  expect(left).toEqual(['before', 'a'])
  second()
  expect(left).toEqual(['before', 'a', 'b'])
  add('c')
  expect(left.at(-1)).toBe('c')
})

test('a later flush covers those before it; an earlier one that ends late changes nothing', () => {
  const { left, outbox, add } = boxed()
  const first = outbox.expectFlush()
  add('a')
  const second = outbox.expectFlush()
  add('b')
  second()
  expect(left).toEqual(['a', 'b'])
  first()
  const third = outbox.expectFlush()
  add('c')
  first()
  expect(left).toEqual(['a', 'b'])
  third()
  expect(left).toEqual(['a', 'b', 'c'])
})
