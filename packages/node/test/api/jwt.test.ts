import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { hostnameOf, isHostAllowed, isLoopback } from '../../src/api/host-check.ts'
import { createJwt, refuseAuthorization } from '../../src/api/jwt.ts'

const secret = new Uint8Array(32).fill(3)
const now = 1_700_000_000

function signed(header: unknown, claims: unknown): string {
  const encode = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
  const text = `${encode(header)}.${encode(claims)}`
  return `Bearer ${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

const hs256 = { alg: 'HS256', typ: 'JWT' }

test.each([
  { name: 'exactly 60 s old', token: signed(hs256, { iat: now - 60 }), reason: undefined },
  { name: 'exactly 60 s ahead', token: signed(hs256, { iat: now + 60 }), reason: undefined },
  { name: '61 s old', token: signed(hs256, { iat: now - 61 }), reason: /60 seconds/ },
  { name: '61 s ahead', token: signed(hs256, { iat: now + 61 }), reason: /60 seconds/ },
  { name: 'without iat', token: signed(hs256, {}), reason: /iat is missing/ },
  { name: 'with iat as text', token: signed(hs256, { iat: `${now}` }), reason: /iat is missing/ },
  {
    name: 'with an expiry to come',
    token: signed(hs256, { iat: now, exp: now + 1 }),
    reason: undefined
  },
  { name: 'expired', token: signed(hs256, { iat: now, exp: now }), reason: /expired/ },
  { name: 'with alg none', token: signed({ alg: 'none' }, { iat: now }), reason: /HS256/ },
  { name: 'whose header is no object', token: signed('1', { iat: now }), reason: /HS256/ },
  { name: 'whose claims are no JSON', token: signed(hs256, '{'), reason: /iat is missing/ },
  { name: 'of two parts', token: 'Bearer aa.bb', reason: /no bearer/ },
  { name: 'of no bytes', token: 'Bearer ', reason: /no bearer/ },
  { name: 'of too many bytes', token: `Bearer ${'a'.repeat(3000)}.b.c`, reason: /no bearer/ },
  { name: 'with a short signature', token: 'Bearer aa.bb.cc', reason: /signature/ },
  { name: 'of this module', token: `bearer ${createJwt(secret, now)}`, reason: undefined }
])('a token $name: $reason', ({ token, reason }) => {
  const refused = refuseAuthorization(token, secret, now)
  if (reason === undefined) expect(refused).toBe(undefined)
  else expect(refused).toMatch(reason)
})

test('every changed character of a token is noticed', () => {
  const token = createJwt(secret, now)
  for (let i = 0; i < token.length - 1; i++) {
    const changed = `${token.slice(0, i)}${token[i] === 'A' ? 'B' : 'A'}${token.slice(i + 1)}`
    expect(refuseAuthorization(`Bearer ${changed}`, secret, now), `${i}`).toBeDefined()
  }
})

test.each([
  { header: 'localhost:80', name: 'localhost', ok: true },
  { header: '[::1]', name: '::1', ok: true },
  { header: '127.8.9.1:5', name: '127.8.9.1', ok: true },
  { header: 'Node.Example:443', name: 'node.example', ok: true },
  { header: 'other.example', name: 'other.example', ok: false },
  { header: 'localhost.', name: 'localhost.', ok: false },
  { header: 'user@localhost', name: undefined, ok: false },
  { header: 'localhost:port', name: undefined, ok: false },
  { header: '', name: undefined, ok: false },
  { header: undefined, name: undefined, ok: false }
])('the Host header $header names $name', ({ header, name, ok }) => {
  expect(hostnameOf(header)).toBe(name)
  expect(isHostAllowed(header, ['node.example'])).toBe(ok)
})

test('names that merely begin like the loopback are not', () => {
  expect(['127.0.0.1.evil.example', '0.0.0.0', 'localhost.evil', '::'].filter(isLoopback)).toEqual(
    []
  )
})
