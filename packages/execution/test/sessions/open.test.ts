import { describe, expect, test } from 'vitest'
import {
  decodeEnvelope,
  encodeSessionOpen,
  readSessionRequest,
  sessionApplication,
  sessionIdOf
} from '../../src/index.ts'
import { chain, digestAt, hash } from '../fixtures.ts'

const nonce = new Uint8Array(16).fill(5)
const clientKey = new Uint8Array(32).fill(6)

describe('a request for a session', () => {
  test.each([
    { name: 'without a key', request: { nonce } },
    { name: 'with a key', request: { nonce, clientKey } }
  ])('$name comes back as it went', ({ request }) => {
    const envelope = decodeEnvelope(encodeSessionOpen(request), 64)
    expect(envelope).toMatchObject({ application: sessionApplication, sequence: 0 })
    expect(envelope.session).toEqual(new Uint8Array(16))
    expect(readSessionRequest(envelope.payload)).toEqual(request)
  })

  const payload = decodeEnvelope(encodeSessionOpen({ nonce, clientKey }), 64).payload
  const changed = (at: number, byte: number) => {
    const bytes = payload.slice()
    bytes[at] = byte
    return bytes
  }
  test.each([
    { name: 'no bytes', bytes: new Uint8Array(0) },
    { name: 'another kind', bytes: changed(0, 1) },
    { name: 'another flag', bytes: changed(17, 2) },
    { name: 'a key without its flag', bytes: changed(17, 0) },
    { name: 'a short key', bytes: payload.subarray(0, 49) },
    { name: 'a short nonce', bytes: payload.subarray(0, 12) }
  ])('is none with $name', ({ bytes }) => {
    expect(readSessionRequest(bytes)).toBeUndefined()
  })

  test('is not made from a nonce or a key of another length', () => {
    expect(() => encodeSessionOpen({ nonce: clientKey })).toThrow(RangeError)
    expect(() => encodeSessionOpen({ nonce, clientKey: nonce })).toThrow(RangeError)
  })
})

test('the id of a session depends on chain, transaction and place', () => {
  const envelope = encodeSessionOpen({ nonce })
  const other = encodeSessionOpen({ nonce, clientKey })
  const ids = [
    sessionIdOf(chain, envelope, { index: 1, ordinal: 0 }, hash),
    sessionIdOf(chain, envelope, { index: 1, ordinal: 1 }, hash),
    sessionIdOf(chain, envelope, { index: 2, ordinal: 0 }, hash),
    sessionIdOf(digestAt(1), envelope, { index: 1, ordinal: 0 }, hash),
    sessionIdOf(chain, other, { index: 1, ordinal: 0 }, hash)
  ].map(id => Buffer.from(id).toString('hex'))
  expect(new Set(ids).size).toBe(5)
  expect(ids.every(id => id.length === 32)).toBe(true)
  expect(
    Buffer.from(sessionIdOf(chain, envelope, { index: 1, ordinal: 0 }, hash)).toString('hex')
  ).toBe(ids[0])
})
