import { expect, test } from 'vitest'
import { apiFault, serverErrors } from '../../src/api/faults.ts'
import { call, dispatch } from './dispatch.ts'
import type { Json } from './json.ts'

test.each([
  { name: 'no JSON', text: '{"jsonrpc": "2.0", "method": "foobar, "params": "bar"', code: -32700 },
  { name: 'an empty body', text: '', code: -32700 },
  {
    name: 'a broken batch',
    text: '[{"jsonrpc":"2.0","method":"node.status","id":1},',
    code: -32700
  },
  { name: 'half a megabyte of open brackets', text: '['.repeat(500_000), code: -32700 },
  { name: 'an empty batch', text: '[]', code: -32600 },
  { name: 'a number', text: '1', code: -32600 },
  { name: 'null', text: 'null', code: -32600 },
  { name: 'text', text: '"node.status"', code: -32600 },
  { name: 'no version', text: '{"id":1,"method":"node.status"}', code: -32600 },
  { name: 'version 1', text: '{"jsonrpc":"1.0","id":1,"method":"node.status"}', code: -32600 },
  {
    name: 'a method that is a number',
    text: '{"jsonrpc":"2.0","method":1,"params":"bar"}',
    code: -32600
  },
  {
    name: 'params that are text',
    text: '{"jsonrpc":"2.0","id":1,"method":"node.status","params":"x"}',
    code: -32600
  },
  {
    name: 'params that are null',
    text: '{"jsonrpc":"2.0","id":1,"method":"node.status","params":null}',
    code: -32600
  },
  {
    name: 'an id that is an object',
    text: '{"jsonrpc":"2.0","id":{},"method":"node.status"}',
    code: -32600
  },
  {
    name: 'an id that is infinite',
    text: '{"jsonrpc":"2.0","id":1e999,"method":"node.status"}',
    code: -32600
  }
])('$name is answered with $code and id null', async ({ text, code }) => {
  const { sendText, internalErrors } = dispatch()
  const response = await sendText(text)
  expect(response).toMatchObject({ jsonrpc: '2.0', id: null, error: { code } })
  expect(response.error.data.hint).toEqual(expect.any(String))
  expect(internalErrors).toEqual([])
})

test.each([{ id: 1 }, { id: 0 }, { id: -1.5 }, { id: 'abc' }, { id: '' }, { id: null }])(
  'a call with id $id is answered with the same id',
  async ({ id }) => {
    const response = await dispatch().send(call('node.status', undefined, id))
    expect(response).toMatchObject({ jsonrpc: '2.0', id, result: { name: 'node-1' } })
    expect(response).not.toHaveProperty('error')
  }
)

test('a notification is performed and not answered, even when it is wrong', async () => {
  const { send, node } = dispatch()
  expect(await send({ jsonrpc: '2.0', method: 'log.setLevel', params: { level: 'warn' } })).toBe(
    undefined
  )
  expect(node.levels).toEqual([{ level: 'warn' }])
  expect(await send({ jsonrpc: '2.0', method: 'log.setLevel', params: { level: 'loud' } })).toBe(
    undefined
  )
  expect(await send({ jsonrpc: '2.0', method: 'nothing.here' })).toBe(undefined)
})

test('a batch is answered in its order, wrong members each with an error, notifications not at all', async () => {
  const responses = await dispatch().send([
    call('node.status', undefined, 'a'),
    1,
    { jsonrpc: '2.0', method: 'node.peers' },
    call('foo.get', {}, 'b'),
    call('node.peers', {}, 'c')
  ])
  expect(responses.map((r: Json) => [r.id, r.error?.code])).toEqual([
    ['a', undefined],
    [null, -32600],
    ['b', -32601],
    ['c', undefined]
  ])
})

test('a batch of notifications alone has no answer', async () => {
  const note = { jsonrpc: '2.0', method: 'node.status' }
  expect(await dispatch().send([note, note])).toBe(undefined)
})

test('a batch of ten passes and one of eleven is refused as a whole', async () => {
  const { send, node } = dispatch()
  const stop = call('node.stop')
  expect(await send(Array(10).fill(stop))).toHaveLength(10)
  expect(node.stops).toBe(10)
  const refused = await send(Array(11).fill(stop))
  expect(refused).toMatchObject({
    id: null,
    error: { code: -32600, data: { code: 'batch-too-long', limit: 10 } }
  })
  expect(node.stops).toBe(10)
})

test.each([
  { method: 'node.statsu', meant: 'node.status' },
  { method: 'kv.gett', meant: 'kv.get' },
  { method: 'RPC.Discover', meant: 'rpc.discover' },
  { method: 'completely-different-thing', meant: undefined },
  { method: 'x'.repeat(100_000), meant: undefined }
])(
  'an unknown method is answered with what was probably meant: $meant',
  async ({ method, meant }) => {
    const { error } = await dispatch().send(call(method))
    expect(error.code).toBe(-32601)
    expect(error.data.meant).toBe(meant)
    expect(error.message.length).toBeLessThan(200)
  }
)

test.each([
  { method: 'log.range', params: { from: 0 }, says: ['from: 0', 'at least 1'] },
  { method: 'log.range', params: { from: 1, limit: 1001 }, says: ['limit: 1001', 'at most 1000'] },
  { method: 'log.range', params: { from: 1.5 }, says: ['from: 1.5', 'an integer'] },
  { method: 'log.range', params: {}, says: ['from: nothing', 'a number'] },
  { method: 'log.range', params: { from: 1, lmit: 2 }, says: ['lmit: 2', 'did you mean limit?'] },
  { method: 'node.status', params: { x: [] }, says: ['x: an array of 0', 'no such key'] },
  { method: 'node.status', params: [1], says: ['params: an array of 1', 'an object'] },
  { method: 'log.setLevel', params: { level: 'loud' }, says: ['level: "loud"', 'debug | info'] },
  { method: 'kv.get', params: { key: { utf8: 5 } }, says: ['key.utf8: 5', 'a string'] },
  {
    method: 'kv.get',
    params: { key: { utf8: '' } },
    says: ['key.utf8: ""', 'at least 1 characters']
  },
  {
    method: 'kv.get',
    params: { key: { utf8: 'ü'.repeat(513) } },
    says: ['key.utf8', '1024 bytes']
  },
  {
    method: 'kv.get',
    params: { key: 5 },
    says: ['key: 5', 'allowed is an object {"utf8": text} or {"base64": text}']
  },
  { method: 'kv.get', params: { key: { utf8: '\ud800' } }, says: ['key.utf8', 'lone surrogates'] },
  {
    method: 'tx.status',
    params: { session: 'zz', sequence: 1 },
    says: ['session: "zz"', '[0-9a-f]{32}']
  },
  {
    method: 'tx.submit',
    params: { application: 'log', payload: 'not base64!' },
    says: ['payload: "not base64!"', 'base64']
  },
  {
    method: 'tx.submit',
    params: { application: 'kv', payload: 'AAAA' },
    says: ['payload: "AAAA"', 'an operation']
  },
  {
    method: 'tx.submit',
    params: { application: 'log', payload: { type: 'delete', key: { utf8: 'k' } } },
    says: ['payload: an object', 'base64 text']
  },
  {
    method: 'tx.submit',
    params: { application: 'kv', payload: { type: 'steal' } },
    says: ['payload.type: "steal"', 'put | delete']
  },
  {
    method: 'tx.submit',
    params: { application: 'log', payload: '', sequence: 3 },
    says: ['session: nothing', 'together']
  },
  {
    method: 'consensus.dag',
    params: { fromRound: 1, toRound: 101 },
    says: ['toRound: 101', 'fromRound + 99']
  },
  { method: 'consensus.dag', params: { fromRound: 5, toRound: 4 }, says: ['toRound: 4'] },
  {
    method: 'subscribe',
    params: { topic: 'consensus.rounds', from: 1 },
    says: ['from: 1', 'log.committed']
  },
  {
    method: 'log.setLevel',
    params: { level: 'info', module: 'x'.repeat(5000) },
    says: ['module: "xxx', '…']
  }
])(
  '$method with $params names the key, the value and what is allowed',
  async ({ method, params, says }) => {
    const { error } = await dispatch().send(call(method, params))
    expect(error.code).toBe(-32602)
    for (const part of says) expect(error.message).toContain(part)
    expect(error.message.length).toBeLessThan(1000)
    expect(error.data).toMatchObject({ code: 'invalid-params', problems: expect.any(Array) })
  }
)

test('a window of exactly a hundred rounds is allowed', async () => {
  const { result } = await dispatch().send(call('consensus.dag', { fromRound: 1, toRound: 100 }))
  expect(result.rounds).toHaveLength(100)
})

test('the number of problems in one answer is bounded', async () => {
  const params = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i]))
  const { error } = await dispatch().send(call('node.status', params))
  expect(error.data.problems).toHaveLength(8)
})

test('faults of the node are answered with their number, hint and facts', async () => {
  const { send, node } = dispatch()
  node.lowest = 40
  const { error } = await send(call('log.range', { from: 3 }))
  expect(error).toMatchObject({
    code: serverErrors.pruned.number,
    data: { code: 'pruned', lowest: 40, hint: serverErrors.pruned.hint }
  })
  node.onSubmit = () => Promise.reject(apiFault({ code: 'busy', retryAfterMs: 25 }))
  const busy = await send(call('tx.submit', { application: 'log', payload: '' }))
  expect(busy.error).toMatchObject({ code: -32000, data: { code: 'busy', retryAfterMs: 25 } })
})

test('the numbers of server errors are distinct and in their range', () => {
  const numbers = Object.values(serverErrors).map(({ number }) => number)
  expect(new Set(numbers).size).toBe(numbers.length)
  for (const number of numbers) {
    expect(number).toBeLessThanOrEqual(-32000)
    expect(number).toBeGreaterThanOrEqual(-32099)
  }
})

test('an error that nobody foresaw is -32603 without its text, and is reported', async () => {
  const { send, node, internalErrors } = dispatch()
  node.onSubmit = () => Promise.reject(new TypeError('secret inner text'))
  const { error } = await send(call('tx.submit', { application: 'log', payload: '' }))
  expect(error).toMatchObject({ code: -32603, data: { code: 'internal-error' } })
  expect(JSON.stringify(error)).not.toContain('secret')
  expect(internalErrors).toHaveLength(1)
})

test('a handler that throws at once is answered as well', async () => {
  const { send, node, internalErrors } = dispatch()
  node.status = () => {
    throw new Error('broken')
  }
  expect((await send(call('node.status'))).error.code).toBe(-32603)
  expect(internalErrors).toHaveLength(1)
})

test('a call that takes too long is answered with timeout, and its handler is told', async () => {
  const { send, node } = dispatch({ callTimeoutMs: 5 })
  let aborted: unknown
  node.onSubmit = (_request, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason
        reject(signal.reason)
      })
    })
  const { error } = await send(call('tx.submit', { application: 'log', payload: '' }))
  expect(error).toMatchObject({ code: -32002, data: { code: 'timeout', afterMs: 5 } })
  expect(aborted).toMatchObject({ facts: { code: 'timeout' } })
})

test('a handler is told when the caller is gone', async () => {
  const { send, node, internalErrors } = dispatch()
  const caller = new AbortController()
  const waiting = Promise.withResolvers<void>()
  let isTold = false
  node.onSubmit = (_request, signal) => {
    waiting.resolve()
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        isTold = true
        reject(signal.reason)
      })
    })
  }
  const answered = send(call('tx.submit', { application: 'log', payload: '' }), caller.signal)
  await waiting.promise
  caller.abort()
  expect((await answered).error.data.code).toBe('cancelled')
  expect(isTold).toBe(true)
  const after = await send(call('tx.submit', { application: 'log', payload: '' }), caller.signal)
  expect(after.error.data.code).toBe('cancelled')
  expect(node.submitted).toHaveLength(1)
  expect(internalErrors).toEqual([])
})

test('subscriptions over plain HTTP are refused with the way to get them', async () => {
  const { send } = dispatch()
  for (const [method, params] of [
    ['subscribe', { topic: 'log.committed' }],
    ['unsubscribe', { subscription: 's1' }]
  ] as const) {
    const { error } = await send(call(method, params))
    expect(error).toMatchObject({ code: -32010, data: { code: 'needs-web-socket' } })
    expect(error.data.hint).toContain('/ws')
  }
})

test('a result that JSON cannot hold spoils its own call only', async () => {
  const { send, node, internalErrors } = dispatch()
  const status = node.status()
  node.status = () => ({ ...status, uptimeMs: 1n as unknown as number })
  const [broken, good] = await send([call('node.status', {}, 1), call('node.peers', {}, 2)])
  expect(broken).toMatchObject({ id: 1, error: { code: -32603 } })
  expect(good).toMatchObject({ id: 2, result: { peers: expect.any(Array) } })
  expect(internalErrors).toHaveLength(1)
})
