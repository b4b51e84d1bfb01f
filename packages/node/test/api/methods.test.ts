import { expect, test } from 'vitest'
import { call, dispatch } from './dispatch.ts'
import { digestOf, fakeSession } from './fake-node.ts'
import type { Json } from './json.ts'

const text = (value: string) => Buffer.from(value).toString('base64')

test.each([
  { method: 'node.status', params: {} },
  { method: 'node.peers', params: {} },
  { method: 'node.stop', params: {} },
  { method: 'consensus.status', params: {} },
  { method: 'consensus.dag', params: { fromRound: 0, toRound: 4 } },
  { method: 'session.open', params: {} },
  {
    method: 'session.open',
    params: { clientKey: 'ab'.repeat(32), wait: 'accepted', timeoutMs: 5 }
  },
  {
    method: 'tx.submit',
    params: { application: 'log', payload: text('hello'), wait: 'committed' }
  },
  {
    method: 'tx.submit',
    params: { application: 'log', payload: '', session: fakeSession, sequence: 4 }
  },
  { method: 'tx.status', params: { session: fakeSession, sequence: 1 } },
  { method: 'tx.status', params: { session: fakeSession, sequence: 0 } },
  { method: 'log.range', params: { from: 1 } },
  { method: 'log.commits', params: { from: 1 } },
  { method: 'log.setLevel', params: { level: 'debug', module: 'api' } },
  { method: 'kv.get', params: { key: { utf8: 'colour' } } },
  { method: 'kv.get', params: { key: { base64: text('absent') } } },
  { method: 'kv.list', params: {} },
  { method: 'rpc.discover', params: {} }
])('$method with $params gives what its result schema says', async ({ method, params }) => {
  const { send, node, registry } = dispatch()
  node.commitText('one', 'two')
  node.put('colour', Buffer.from('blue'))
  node.put('raw', new Uint8Array([0xff, 0xfe]))
  const response = await send(call(method, params))
  expect(response.error).toBe(undefined)
  const parsed = registry.get(method)?.result.safeParse(response.result)
  expect(parsed?.error).toBe(undefined)
})

test('tx.submit hands bytes to the node, with its own defaults', async () => {
  const { send, node } = dispatch()
  await send(call('tx.submit', { application: 'log', payload: text('hello') }))
  expect(node.submitted[0]).toEqual({
    application: 'log',
    payload: new Uint8Array(Buffer.from('hello')),
    wait: 'accepted',
    timeoutMs: 10_000
  })
})

test.each([
  {
    operation: { type: 'put', key: { utf8: 'k' }, value: { base64: text('v') } },
    given: { type: 'put', key: Buffer.from('k'), value: Buffer.from('v') }
  },
  {
    operation: { type: 'delete', key: { base64: text('k') } },
    given: { type: 'delete', key: Buffer.from('k') }
  },
  {
    operation: { type: 'compare-and-set', key: { utf8: 'k' }, version: 3, value: { utf8: 'ü' } },
    given: { type: 'compare-and-set', key: Buffer.from('k'), version: 3, value: Buffer.from('ü') }
  },
  {
    operation: { type: 'compare-and-set', key: { utf8: 'k' }, version: 3 },
    given: { type: 'compare-and-set', key: Buffer.from('k'), version: 3 }
  }
])('a kv operation $operation.type reaches the node as bytes', async ({ operation, given }) => {
  const { send, node } = dispatch()
  const response = await send(call('tx.submit', { application: 'kv', payload: operation }))
  expect(response.error).toBe(undefined)
  const request = node.submitted[0]
  const received: Json = request?.application === 'kv' ? request.operation : undefined
  expect(Object.keys(received).sort()).toEqual(Object.keys(given).sort())
  for (const [key, value] of Object.entries(given)) {
    if (value instanceof Uint8Array) expect(Buffer.from(received[key])).toEqual(value)
    else expect(received[key]).toEqual(value)
  }
})

test('values that are text come as text, and others in base64', async () => {
  const { send, node } = dispatch()
  node.put('a', Buffer.from('grün'))
  node.put('b', new Uint8Array([0xff, 0xfe]))
  const { result } = await send(call('kv.list', { limit: 1 }))
  expect(result).toMatchObject({
    more: true,
    entries: [{ key: { utf8: 'a' }, value: { utf8: 'grün' } }]
  })
  const rest = await send(call('kv.list', { after: { utf8: 'a' } }))
  expect(rest.result).toMatchObject({ more: false, entries: [{ value: { base64: '//4=' } }] })
  const absent = await send(call('kv.get', { key: { utf8: 'c' } }))
  expect(absent.result).toEqual({ key: { utf8: 'c' }, value: null, version: 0, index: 3 })
})

test('log.range pages through a commit that is longer than one page', async () => {
  const { send, node } = dispatch()
  node.commitText('a', 'b', 'c')
  node.commitText('d')
  const first = await send(call('log.range', { from: 1, limit: 2 }))
  expect(first.result.next).toEqual({ index: 1, ordinal: 2 })
  const second = await send(call('log.range', { from: 1, fromOrdinal: 2, limit: 10 }))
  const payloads = second.result.entries.map((e: Json) =>
    Buffer.from(e.payload, 'base64').toString()
  )
  expect(payloads).toEqual(['c', 'd'])
  expect(second.result.next).toEqual({ index: 3, ordinal: 0 })
  expect(second.result.entries[1].digest).toBe(digestOf(2))
})

test('log.commits gives the chain of digests', async () => {
  const { send, node } = dispatch()
  for (let i = 0; i < 5; i++) node.commitText('x')
  const { result } = await send(call('log.commits', { from: 2, limit: 3 }))
  expect(result).toEqual({
    commits: [2, 3, 4].map(index => ({ index, digest: digestOf(index) })),
    next: 5,
    lowest: 1
  })
})

test('node.stop asks the node once for each call', async () => {
  const { send, node } = dispatch()
  expect((await send(call('node.stop'))).result).toEqual({ stopping: true })
  expect(node.stops).toBe(1)
})
