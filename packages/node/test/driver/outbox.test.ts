import { describe, expect, test } from 'vitest'
import { Outbox, type OutboxKind } from '../../src/driver/outbox.ts'

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

describe('without room', () => {
  /** Room for four entries of 1,000 bytes and 256 around them. */
  function small() {
    const dropped: OutboxKind[] = []
    const outbox = new Outbox({ waitingBytesMax: 4 * 1_256 }, kind => dropped.push(kind))
    const left: string[] = []
    const done = outbox.expectFlush()
    const add = (name: string, kind: OutboxKind, bytes = 1_000) =>
      outbox.add(() => left.push(name), kind, bytes)
    return { outbox, dropped, left, done, add }
  }

  test('the newest answer is dropped, up to the last byte', () => {
    const { outbox, dropped, left, done, add } = small()
    for (const name of ['a', 'b', 'c', 'd']) add(name, 'answer')
    expect([outbox.bytes, dropped]).toEqual([4 * 1_256, []])
    add('e', 'answer', 0)
    expect(dropped).toEqual(['answer'])
    done()
    expect(left).toEqual(['a', 'b', 'c', 'd'])
    expect([outbox.bytes, outbox.length]).toEqual([0, 0])
    add('now', 'answer', 1_000_000)
    expect(left.at(-1)).toBe('now')
  })

  test('the oldest answers make way for messages, and both for what is our own', () => {
    const { dropped, left, done, add } = small()
    add('answer 1', 'answer')
    add('message 1', 'message')
    add('answer 2', 'answer')
    add('message 2', 'message')
    add('message 3', 'message')
    expect(dropped).toEqual(['answer'])
    add('own 1', 'own')
    expect(dropped).toEqual(['answer', 'answer'])
    add('message 4', 'message')
    expect(dropped).toEqual(['answer', 'answer', 'message'])
    add('own 2', 'own')
    expect(dropped.slice(3)).toEqual(['message'])
    done()
    expect(left).toEqual(['message 2', 'message 3', 'own 1', 'own 2'])
  })

  test('what is our own is never dropped', () => {
    const { outbox, dropped, left, done, add } = small()
    const names = Array.from({ length: 10 }, (_, i) => `own ${i}`)
    for (const name of names) add(name, 'own')
    expect(outbox.length).toBe(10)
    expect(dropped).toEqual([])
    done()
    expect(left).toEqual(names)
  })
})
