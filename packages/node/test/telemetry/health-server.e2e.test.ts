import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { type ReadinessFacts, readinessChecks } from '../../src/telemetry/health.ts'
import {
  type HealthServerNeeds,
  type HealthServerOptions,
  startHealthServer
} from '../../src/telemetry/health-server.ts'
import { http } from '../api/http-call.ts'

const ready: ReadinessFacts = {
  state: 'running',
  commitsBehind: 0,
  commitsBehindMax: 50,
  connectedWeight: 3,
  quorumWeight: 3,
  isStoreWritable: true
}

test.each([
  { name: 'all is well', facts: {}, failed: [] },
  {
    name: 'it is as far behind as allowed',
    facts: { commitsBehind: 50 },
    failed: []
  },
  {
    name: 'it is one commit more behind',
    facts: { commitsBehind: 51 },
    failed: ['synced']
  },
  { name: 'it is catching up', facts: { state: 'catching-up' as const }, failed: ['synced'] },
  { name: 'a quorum is missing by one', facts: { connectedWeight: 2 }, failed: ['quorum'] },
  { name: 'the store cannot be written', facts: { isStoreWritable: false }, failed: ['store'] },
  { name: 'the disk is full', facts: { state: 'disk-full' as const }, failed: ['synced', 'store'] },
  {
    name: 'it is stopping',
    facts: { state: 'stopping' as const },
    failed: ['synced', 'not-stopping']
  }
])('when $name, what fails is $failed', ({ facts, failed }) => {
  const checks = readinessChecks({ ...ready, ...facts })
  expect(checks.map(({ name }) => name)).toEqual(['synced', 'quorum', 'store', 'not-stopping'])
  expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(failed)
})

async function start(
  options: Partial<HealthServerOptions> = {},
  needs: Partial<HealthServerNeeds> = {}
) {
  let facts = ready
  const server = await startHealthServer(
    { port: 0, ...options },
    {
      metrics: { contentType: 'text/plain; version=0.0.4', render: async () => 'novacron_x 1\n' },
      liveness: () => [{ name: 'event-loop', ok: true, detail: 'turns' }],
      readiness: () => readinessChecks(facts),
      ...needs
    }
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    http({ url: server.url, path, method, headers })
  return {
    server,
    get,
    become: (change: Partial<ReadinessFacts>) => {
      facts = { ...facts, ...change }
    }
  }
}

test('live and ready are two answers', async () => {
  const { get, become, server } = await start()
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await get('/livez')).toMatchObject({ status: 200, text: 'ok\n' })
  expect(await get('/readyz')).toMatchObject({ status: 200, text: 'ok\n' })
  become({ connectedWeight: 1 })
  const failing = await get('/readyz')
  expect(failing.status).toBe(503)
  expect(failing.text).toContain('[-] quorum: weight 1 connected of 3 needed\n')
  expect(failing.text).toMatch(/failed\n$/)
  expect((await get('/livez')).status).toBe(200)
})

test('verbose names every check', async () => {
  const { get } = await start()
  const { text } = await get('/readyz?verbose')
  expect(text.split('\n')).toEqual([
    '[+] synced: state running, 0 commits behind (at most 50)',
    '[+] quorum: weight 3 connected of 3 needed',
    '[+] store: writable',
    '[+] not-stopping: no stop was asked for',
    'ok',
    ''
  ])
  expect((await get('/livez?verbose')).text).toContain('event-loop')
})

test('metrics are what the registry renders, and a failure of it is 500', async () => {
  const { get } = await start()
  const { status, headers, text } = await get('/metrics')
  expect([status, text]).toEqual([200, 'novacron_x 1\n'])
  expect(headers['content-type']).toBe('text/plain; version=0.0.4')
  expect((await get('/metrics', {}, 'HEAD')).text).toBe('')
  const broken = await start(
    {},
    {
      metrics: { contentType: 'x', render: () => Promise.reject(new Error('broken')) }
    }
  )
  expect((await broken.get('/metrics')).status).toBe(500)
})

test.each([
  { path: '/metrics', host: 'evil.example', method: 'GET', status: 403 },
  { path: '/readyz', host: '127.0.0.1.evil.example', method: 'GET', status: 403 },
  { path: '/metrics', host: 'metrics.internal:9100', method: 'GET', status: 200 },
  { path: '/metrics', host: 'localhost', method: 'GET', status: 200 },
  { path: '/metrics', host: 'localhost', method: 'POST', status: 405 },
  { path: '/', host: 'localhost', method: 'GET', status: 404 },
  { path: '/metrics/x', host: 'localhost', method: 'GET', status: 404 }
])('$method $path for the host $host is $status', async ({ path, host, method, status }) => {
  const { get } = await start({ hostnames: ['Metrics.internal'] })
  expect((await get(path, { host }, method)).status).toBe(status)
})

test('a port that is taken is a fault with the port', async () => {
  const { server } = await start()
  const port = Number(new URL(server.url).port)
  await expect(start({ port })).rejects.toMatchObject({ facts: { code: 'address-in-use', port } })
  const { server: six } = await start({ host: '::1' })
  expect(six.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
})

test('connections beyond the limit are closed at once', async () => {
  const { server, get } = await start({ connectionsMax: 1 })
  const { port } = new URL(server.url)
  const [held, beyond] = [0, 1].map(() => connect({ host: '127.0.0.1', port: Number(port) }))
  beyond?.on('error', () => {})
  await new Promise(resolve => beyond?.once('close', resolve))
  held?.destroy()
  await new Promise(resolve => held?.once('close', resolve))
  await expect.poll(async () => (await get('/livez').catch(() => undefined))?.status).toBe(200)
})

test('headers over the limit are refused', async () => {
  const { get } = await start()
  expect((await get('/livez', { 'x-long': 'a'.repeat(10_000) })).status).toBe(431)
  expect((await get('/livez')).status).toBe(200)
})
