import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { type ControlTcpOptions, startControlServer } from '../../src/api/control-server.ts'
import { createJwt, readJwtSecret } from '../../src/api/jwt.ts'
import { testCertificate, testKey } from './certificate.ts'
import { FakeNode } from './fake-node.ts'
import { http, rpc, testDirectory } from './http-call.ts'

const secret = new Uint8Array(32).fill(7)
const now = () => Date.now() / 1000
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const allowed = () => bearer(createJwt(secret, now()))

async function start(options: Partial<ControlTcpOptions> = {}) {
  const socketPath = join(testDirectory(), 'control.sock')
  const tcp = { host: '127.0.0.1', port: 0, secret, ...options }
  const server = await startControlServer({ socketPath, tcp }, { node: new FakeNode() })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const url = server.url as string
  const post = (headers: Record<string, string>) => http({ url, headers, body: rpc('node.status') })
  return { url, post }
}

test('a fresh token that the secret signed is let in', async () => {
  const { post } = await start()
  expect((await post(allowed())).json.result.name).toBe('node-1')
})

test.each([
  { name: 'no token', headers: {}, reason: 'no bearer token' },
  { name: 'another scheme', headers: { authorization: 'Basic abc' }, reason: 'no bearer token' },
  {
    name: 'the token of another secret',
    headers: bearer(createJwt(new Uint8Array(32), now())),
    reason: 'bad signature'
  }
])('$name is answered with 401', async ({ headers, reason }) => {
  const { post } = await start()
  const { status, json, headers: answered } = await post(headers as Record<string, string>)
  expect(status).toBe(401)
  expect(answered['www-authenticate']).toBe('Bearer')
  expect(json.error).toMatchObject({ code: -32007, data: { code: 'unauthorized', reason } })
})

test.each([
  { host: 'evil.example', status: 403 },
  { host: 'evil.example:80', status: 403 },
  { host: '127.0.0.1.evil.example', status: 403 },
  { host: 'localhost', status: 200 },
  { host: 'LOCALHOST:1234', status: 200 },
  { host: '[::1]:5', status: 200 },
  { host: 'node.internal', status: 200 }
])('a request that names the host $host gets $status', async ({ host, status }) => {
  const { post } = await start({ hostnames: ['node.internal'] })
  expect((await post({ ...allowed(), host })).status).toBe(status)
})

test('a page of another origin is refused, the same origin is not', async () => {
  const { url, post } = await start()
  expect((await post({ ...allowed(), origin: 'http://evil.example' })).status).toBe(403)
  expect((await post({ ...allowed(), origin: 'null' })).status).toBe(403)
  expect((await post({ ...allowed(), origin: url })).status).toBe(200)
})

test('WebSockets pass the same gate', async () => {
  const { url } = await start()
  const address = `${url.replace('http', 'ws')}/ws`
  const refused = new WebSocket(address)
  const status = await new Promise(resolve => {
    refused.on('error', () => {})
    refused.once('unexpected-response', (_request, response) => resolve(response.statusCode))
  })
  refused.terminate()
  expect(status).toBe(401)
  const open = new WebSocket(address, { headers: allowed() })
  await new Promise((resolve, reject) => {
    open.once('open', resolve)
    open.once('error', reject)
  })
  open.terminate()
})

test.each([{ host: '0.0.0.0' }, { host: '::' }, { host: '192.0.2.1' }, { host: 'node.example' }])(
  'without TLS $host is refused before anything listens',
  async ({ host }) => {
    await expect(start({ host })).rejects.toMatchObject({ facts: { code: 'tls-required', host } })
  }
)

test('with TLS every host may listen, and the token is still asked for', async () => {
  const { url, post } = await start({
    host: '0.0.0.0',
    tls: { key: testKey, cert: testCertificate }
  })
  expect(url).toMatch(/^https:\/\/0\.0\.0\.0:\d+$/)
  await expect(post(allowed())).rejects.toThrow(/self-signed/)
  const local = url.replace('0.0.0.0', 'localhost')
  const call = { url: local, ca: testCertificate, body: rpc('node.status') }
  expect((await http({ ...call, headers: allowed() })).json.result.name).toBe('node-1')
  expect((await http(call)).status).toBe(401)
})

test('IPv6 loopback is written in brackets', async () => {
  const { url } = await start({ host: '::1' })
  expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  expect((await http({ url, headers: allowed(), body: rpc('node.status') })).status).toBe(200)
})

test('a secret is 32 bytes in hex in a file that only its owner reads', async () => {
  const path = join(testDirectory(), 'api.secret')
  await expect(readJwtSecret(path)).rejects.toMatchObject({
    facts: { code: 'secret-missing', path }
  })
  writeFileSync(path, `0x${'0a'.repeat(32)}\n`, { mode: 0o600 })
  expect(await readJwtSecret(path)).toEqual(new Uint8Array(32).fill(10))
  chmodSync(path, 0o640)
  await expect(readJwtSecret(path)).rejects.toMatchObject({
    facts: { code: 'secret-mode', mode: '640' }
  })
  chmodSync(path, 0o600)
  writeFileSync(path, 'abc')
  await expect(readJwtSecret(path)).rejects.toMatchObject({ facts: { code: 'secret-format' } })
})
