import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { type ControlServerOptions, startControlServer } from '../../src/api/control-server.ts'
import type { ControlServiceNeeds } from '../../src/api/control-service.ts'
import { type ApiOptions, checkApiOptions, defaultApiOptions } from '../../src/api/options.ts'
import { socketPathBytesMax } from '../../src/api/unix-socket.ts'
import { FakeNode } from './fake-node.ts'
import { http, rawSocket, rpc, testDirectory } from './http-call.ts'

async function start(
  limits: Partial<ApiOptions> = {},
  options: Partial<ControlServerOptions> = {},
  needs: Partial<ControlServiceNeeds> = {}
) {
  const node = new FakeNode()
  const socketPath = options.socketPath ?? join(testDirectory(), 'control.sock')
  const server = await startControlServer({ ...options, socketPath, limits }, { node, ...needs })
  let isOpen = true
  const close = async () => {
    if (isOpen) await server[Symbol.asyncDispose]()
    isOpen = false
  }
  onTestFinished(close)
  const post = (body: string | Uint8Array, path = '/') => http({ socketPath, path, body })
  const isHealthy = async () => (await post(rpc('node.status'))).json.result.name === 'node-1'
  return { node, socketPath, server, close, post, isHealthy }
}

test('a call as curl sends it is answered on the unix socket, which only its owner can open', async () => {
  const { socketPath } = await start()
  expect(statSync(socketPath).mode & 0o777).toBe(0o600)
  const headers = {
    host: 'localhost',
    'user-agent': 'curl/8',
    accept: '*/*',
    'content-type': 'application/x-www-form-urlencoded'
  }
  const { status, json } = await http({ socketPath, headers, body: rpc('node.status') })
  expect(status).toBe(200)
  expect(json).toMatchObject({ id: 1, result: { state: 'running' } })
})

test('/ and /rpc answer calls, and notifications have no body', async () => {
  const { post } = await start()
  for (const path of ['/', '/rpc', '/rpc?x=1']) {
    const { status, headers, json } = await post(rpc('node.status'), path)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/json')
    expect(json.result.name).toBe('node-1')
  }
  const silent = await post('{"jsonrpc":"2.0","method":"node.status"}')
  expect(silent).toMatchObject({ status: 204, text: '' })
})

test.each([
  { path: '/nothing', method: 'POST', status: 404 },
  { path: '/ws', method: 'POST', status: 404 },
  { path: '/', method: 'GET', status: 405 },
  { path: '/rpc', method: 'PUT', status: 405 }
])(
  '$method $path is answered with $status and says what to do',
  async ({ path, method, status }) => {
    const { socketPath, isHealthy } = await start()
    const answer = await http({ socketPath, path, method })
    expect(answer.status).toBe(status)
    expect(answer.json.error).toMatchObject({
      code: -32600,
      data: { hint: expect.stringMatching(/POST|\/rpc/) }
    })
    expect(await isHealthy()).toBe(true)
  }
)

test('a body at the limit passes, one byte more is answered with 413, and the node stays healthy', async () => {
  const { post, isHealthy } = await start({ bodyBytesMax: 2048 })
  const text = rpc('node.status')
  expect((await post(text.padEnd(2048))).json.result.name).toBe('node-1')
  const { status, json } = await post(text.padEnd(2049))
  expect(status).toBe(413)
  expect(json).toMatchObject({
    id: null,
    error: { code: -32006, data: { code: 'too-large', limit: 2048 } }
  })
  expect(await isHealthy()).toBe(true)
})

test('a body that is not UTF-8 is refused: two keys must not become one', async () => {
  const { socketPath } = await start()
  const [head, tail] = rpc('kv.get', { key: { utf8: '#' } }).split('#')
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) {
    const body = Buffer.concat([
      Buffer.from(head ?? ''),
      Buffer.from(bytes),
      Buffer.from(tail ?? '')
    ])
    const { status, json } = await http({ socketPath, body })
    expect(status).toBe(200)
    expect(json).toMatchObject({ id: null, error: { code: -32700, data: { code: 'parse-error' } } })
  }
  const body = rpc('kv.get', { key: { utf8: '\ufffd' } })
  expect((await http({ socketPath, body })).json).toHaveProperty('result')
})

test('the default limit of the body is a megabyte', async () => {
  const { post, isHealthy } = await start()
  expect((await post(rpc('node.status').padEnd(1_000_000))).status).toBe(200)
  expect((await post(rpc('node.status').padEnd(1_000_001))).status).toBe(413)
  expect((await post(new Uint8Array(3_000_000))).status).toBe(413)
  expect(await isHealthy()).toBe(true)
})

test('a body without end is cut off', async () => {
  const { socketPath, isHealthy } = await start({ bodyBytesMax: 1024 })
  const head = 'POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n'
  const { socket, closed } = rawSocket(socketPath, head)
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
  const pump = () => {
    while (!socket.destroyed && socket.write(chunk)) {}
  }
  socket.on('drain', pump)
  pump()
  await closed
  expect(await isHealthy()).toBe(true)
})

test('headers over the limit are answered with 431', async () => {
  const { socketPath, isHealthy } = await start({ headerBytesMax: 2048 })
  const small = await http({
    socketPath,
    body: rpc('node.status'),
    headers: { 'x-long': 'a'.repeat(1000) }
  })
  expect(small.status).toBe(200)
  const large = await http({
    socketPath,
    body: rpc('node.status'),
    headers: { 'x-long': 'a'.repeat(3000) }
  })
  expect(large.status).toBe(431)
  expect(await isHealthy()).toBe(true)
})

test.each([
  { name: 'headers that never end', text: 'POST / HTTP/1.1\r\nhost: localhost\r\nx-slow: ' },
  {
    name: 'a body that never ends',
    text: 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 90\r\n\r\n{'
  }
])('$name are cut off when their time is over', async ({ text }) => {
  const { socketPath, isHealthy } = await start({ headersTimeoutMs: 50, bodyTimeoutMs: 50 })
  const { closed } = rawSocket(socketPath, text)
  const answer = await closed
  expect(answer.toString()).toMatch(/^HTTP\/1.1 408/)
  // The time of this one may be over as well, when the machine stands still.
  await expect.poll(() => isHealthy().catch(() => false)).toBe(true)
})

test('what is no HTTP at all is refused', async () => {
  const { socketPath, isHealthy } = await start()
  const { closed } = rawSocket(socketPath, new Uint8Array(4096).fill(0xfe))
  expect((await closed).toString()).toMatch(/^HTTP\/1.1 400/)
  expect(await isHealthy()).toBe(true)
})

test('connections beyond the limit are closed at once and those within go on', async () => {
  const { socketPath, isHealthy } = await start({ connectionsMax: 3 })
  const held = [0, 1, 2].map(() => rawSocket(socketPath, 'POST / HTTP/1.1\r\n'))
  await Promise.all(
    held.map(({ socket }) => new Promise(resolve => socket.once('connect', resolve)))
  )
  const { closed } = rawSocket(socketPath, '')
  expect((await closed).length).toBe(0)
  held[0]?.socket.destroy()
  await held[0]?.closed
  await expect.poll(isHealthy).toBe(true)
})

test('a caller that goes away while its call waits frees it', async () => {
  const { node, socketPath, isHealthy } = await start()
  const told = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  node.onSubmit = (_request, signal) => {
    begun.resolve()
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        told.resolve()
        reject(signal.reason)
      })
    })
  }
  const body = rpc('tx.submit', { application: 'log', payload: '' })
  const head = `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`
  const { socket } = rawSocket(socketPath, head + body)
  await begun.promise
  socket.destroy()
  await told.promise
  expect(await isHealthy()).toBe(true)
})

test('internal errors and calls are reported to the node', async () => {
  const calls: string[] = []
  const errors: unknown[] = []
  const { node, post } = await start(
    {},
    {},
    {
      onCall: (method, seconds, outcome) => calls.push(`${method} ${outcome} ${seconds >= 0}`),
      onInternalError: (method, error) => errors.push([method, error])
    }
  )
  const broken = new Error('broken')
  node.peers = () => {
    throw broken
  }
  await post(rpc('node.status'))
  await post(rpc('node.peers'))
  expect(calls).toEqual(['node.status ok true', 'node.peers error true'])
  expect(errors).toEqual([['node.peers', broken]])
})

test('disposal answers what is in progress, removes the socket and lets nobody in', async () => {
  const { node, socketPath, post, close } = await start()
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  node.onSubmit = () => {
    begun.resolve()
    return go.promise
  }
  const answer = post(rpc('tx.submit', { application: 'log', payload: '' }))
  await begun.promise
  const closing = close()
  go.resolve()
  expect((await answer).json.result.state).toBe('accepted')
  await closing
  expect(existsSync(socketPath)).toBe(false)
  await expect(post(rpc('node.status'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('disposal does not wait for ever for a connection that stays silent', async () => {
  const { socketPath, close } = await start()
  const { socket, closed } = rawSocket(socketPath, 'POST / HTTP/1.1\r\n')
  await new Promise(resolve => socket.once('connect', resolve))
  await close()
  await closed
})

test('a socket that a dead process left is replaced, one that answers is not', async () => {
  const directory = testDirectory()
  const socketPath = join(directory, 'control.sock')
  const script = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`
  await promisify(execFile)(process.execPath, ['-e', script]).catch(() => {})
  expect(existsSync(socketPath)).toBe(true)
  const { isHealthy } = await start({}, { socketPath })
  expect(await isHealthy()).toBe(true)
  const second = startControlServer({ socketPath }, { node: new FakeNode() })
  await expect(second).rejects.toMatchObject({ facts: { code: 'socket-in-use', path: socketPath } })
  expect(await isHealthy()).toBe(true)
})

test('a path of exactly the limit works, a longer one is one clear error', async () => {
  const directory = testDirectory()
  const room = socketPathBytesMax - directory.length - 1
  const fits = join(directory, 'a'.repeat(room))
  expect(await (await start({}, { socketPath: fits })).isHealthy()).toBe(true)
  const long = startControlServer({ socketPath: `${fits}b` }, { node: new FakeNode() })
  await expect(long).rejects.toMatchObject({
    facts: {
      code: 'socket-path-too-long',
      bytes: socketPathBytesMax + 1,
      limit: socketPathBytesMax
    }
  })
})

test('a directory that others can open, or that is missing, is refused', async () => {
  const directory = join(testDirectory(), 'open')
  mkdirSync(directory)
  chmodSync(directory, 0o755)
  const open = startControlServer({ socketPath: join(directory, 's') }, { node: new FakeNode() })
  await expect(open).rejects.toMatchObject({
    facts: { code: 'socket-directory-open', mode: '755' }
  })
  const missing = startControlServer(
    { socketPath: join(directory, 'no', 's') },
    { node: new FakeNode() }
  )
  await expect(missing).rejects.toMatchObject({
    facts: { code: 'listen-failed', reason: 'ENOENT' }
  })
})

test('a failed TCP listener takes the unix socket down with it', async () => {
  const socketPath = join(testDirectory(), 'control.sock')
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  onTestFinished(() => {
    other.close()
  })
  const { port } = other.address() as { port: number }
  const tcp = { host: '127.0.0.1', port, secret: new Uint8Array(32) }
  const failed = startControlServer({ socketPath, tcp }, { node: new FakeNode() })
  await expect(failed).rejects.toMatchObject({ facts: { code: 'address-in-use', port } })
  expect(existsSync(socketPath)).toBe(false)
  const probe = connect({ path: socketPath })
  await new Promise(resolve => probe.once('error', resolve))
})

test('options that make no sense are our own mistake', () => {
  expect(() => checkApiOptions(defaultApiOptions)).not.toThrow()
  for (const wrong of [
    { batchLengthMax: 0 },
    { bodyBytesMax: 1023 },
    { headerBytesMax: 1 },
    { bodyTimeoutMs: 1 }
  ]) {
    expect(() => checkApiOptions({ ...defaultApiOptions, ...wrong })).toThrow()
  }
})
