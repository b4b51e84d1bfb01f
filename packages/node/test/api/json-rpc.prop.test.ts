import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesOfJson, jsonOfBytes } from '../../src/api/json-bytes.ts'
import { closest } from '../../src/api/suggestion.ts'
import { dispatch } from './dispatch.ts'
import type { Json } from './json.ts'

const { send, sendText, internalErrors, registry } = dispatch()
const numbers = new Set([-32700, -32600, -32601, -32602])

function isError(response: Json): boolean {
  return response?.jsonrpc === '2.0' && numbers.has(response.error?.code)
}

test('any text is answered with an error of the protocol', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json({ maxDepth: 8 })), async text => {
      const response = await sendText(text)
      const responses = Array.isArray(response) ? response : [response]
      expect(responses.length).toBeGreaterThan(0)
      for (const one of responses) expect(isError(one), text).toBe(true)
    }),
    { numRuns: 300 }
  )
  expect(internalErrors).toEqual([])
})

test('any params to any method are answered once, and never as an internal error', async () => {
  const methods = [...registry.keys()]
  const known = fc.constantFrom(
    'from',
    'limit',
    'payload',
    'key',
    'session',
    'application',
    'topic'
  )
  const params = fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.dictionary(fc.oneof(known, fc.string()), fc.jsonValue({ maxDepth: 3 }))
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...methods), params, async (method, value) => {
      const response = await send({ jsonrpc: '2.0', id: 7, method, params: value })
      expect('result' in response || response.error.code !== -32603).toBe(true)
      const isStructured = typeof value === 'object' && value !== null
      expect(response.id).toBe(isStructured ? 7 : null)
    }),
    { numRuns: 500 }
  )
  expect(internalErrors).toEqual([])
})

test('deep nesting in params is refused and nothing overflows', async () => {
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
  const response = await sendText(
    `{"jsonrpc":"2.0","id":1,"method":"tx.submit","params":{"application":"kv","payload":${deep}}}`
  )
  expect(response.error.code).toBe(-32602)
  const key = await sendText(`{"jsonrpc":"2.0","id":1,"method":"kv.get","params":{"key":${deep}}}`)
  expect(key.error.code).toBe(-32602)
})

test('bytes survive their JSON form', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.string().map(text => new TextEncoder().encode(text))
      ),
      bytes => {
        const json = JSON.parse(JSON.stringify(jsonOfBytes(bytes)))
        expect(Buffer.from(bytesOfJson(json))).toEqual(Buffer.from(bytes))
      }
    )
  )
})

test('a word with one letter changed still finds its method', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('node.status', 'kv.list', 'session.open'),
      fc.nat(20),
      (word, at) => {
        const i = at % word.length
        const changed = `${word.slice(0, i)}#${word.slice(i + 1)}`
        expect(closest(changed, registry.keys())).toBe(word)
      }
    )
  )
})
