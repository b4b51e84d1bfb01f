import { toHex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { decodeBucket, defaultExecutionOptions, Session } from '../../src/index.ts'
import { Sessions } from '../../src/sessions/sessions.ts'
import { hash } from '../fixtures.ts'

const options = { ...defaultExecutionOptions, sessionsMax: 3, sessionIdleCommitsMin: 10 }
const id = (byte: number) => new Uint8Array(16).fill(byte)
const name = (byte: number) => toHex(id(byte))

function filled(): Sessions {
  const sessions = new Sessions(options, hash)
  for (const byte of [1, 2, 3]) {
    expect(sessions.open(id(byte), new Session(undefined, byte, byte))).toBe(true)
  }
  return sessions
}

describe('the table of sessions', () => {
  test('is full while no session is idle for long enough', () => {
    const sessions = filled()
    expect(sessions.open(id(4), new Session(undefined, 4, 10))).toBe(false)
    expect(sessions.size).toBe(3)
    expect(sessions.open(id(4), new Session(undefined, 5, 11))).toBe(true)
    expect(sessions.size).toBe(3)
    expect(sessions.get(name(1))).toBeUndefined()
    expect(sessions.get(name(4))).toBeDefined()
  })

  test('evicts the one that was touched least recently', () => {
    const sessions = filled()
    expect(sessions.touch(name(1), 10, 5)).toBeDefined()
    expect(sessions.touch(name(9), 11, 5)).toBeUndefined()
    sessions.open(id(4), new Session(undefined, 12, 20))
    expect(sessions.get(name(2))).toBeUndefined()
    expect(sessions.get(name(1))).toMatchObject({ touched: 10, touchedIndex: 5 })
  })

  test('does not open a name twice', () => {
    const sessions = filled()
    expect(sessions.open(id(2), new Session(undefined, 9, 100))).toBe(false)
    expect(sessions.size).toBe(3)
  })

  test('keeps the order of touching when it is stored', () => {
    const sessions = filled()
    sessions.touch(name(1), 10, 5)
    const image = sessions.seal()
    const copy = new Sessions(options, hash)
    copy.load(
      image.buckets.flatMap((encoding, bucket) =>
        encoding.length === 0 ? [] : [{ bucket, entries: entriesOf(encoding, bucket) }]
      )
    )
    copy.open(id(4), new Session(undefined, 12, 20))
    expect([1, 2, 3, 4].map(byte => copy.get(name(byte)) !== undefined)).toEqual([
      true,
      false,
      true,
      true
    ])
  })

  test('refuses ids of another length', () => {
    const entry = { key: new Uint8Array(3), value: new Session(undefined, 1, 1).encode() }
    const sessions = new Sessions(options, hash)
    expect(() => sessions.load([{ bucket: 0, entries: [entry] }])).toThrow('session id')
  })

  test('the root follows what is in it and nothing else', () => {
    const sessions = filled()
    const before = sessions.seal().root
    sessions.touch(name(1), 10, 5)
    const after = sessions.seal().root
    expect(after).not.toBe(before)
    expect(sessions.seal().root).toBe(after)
  })
})

function entriesOf(encoding: Uint8Array, bucket: number) {
  return decodeBucket(encoding, bucket)
}
