import { execFile } from 'node:child_process'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { ControlClient } from '../../src/api/client.ts'
import { startControlServer } from '../../src/api/control-server.ts'
import { FakeNode } from './fake-node.ts'
import { testDirectory } from './http-call.ts'

async function start() {
  const node = new FakeNode()
  const socketPath = join(testDirectory(), 'control.sock')
  const server = await startControlServer({ socketPath }, { node })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return { node, server, socketPath, client: new ControlClient({ socketPath }) }
}

/** A server that answers as it likes. */
async function startOther(answer: RequestListener, callTimeoutMs = 60_000) {
  const socketPath = join(testDirectory(), 'other.sock')
  const server = createServer(answer).listen(socketPath)
  await new Promise(resolve => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return new ControlClient({ socketPath, callTimeoutMs })
}

test('results have the types of the method', async () => {
  const { client } = await start()
  const { name, reasons } = await client.call('node.status', {})
  expect([name, reasons.length]).toEqual(['node-1', 1])
  const submitted = await client.call('tx.submit', {
    application: 'log',
    payload: '',
    wait: 'committed'
  })
  expect(submitted).toMatchObject({ state: 'committed', index: 1 })
})

test('errors of the node are faults with its code, number and facts', async () => {
  const { client, node } = await start()
  node.lowest = 7
  await expect(client.call('log.range', { from: 1 })).rejects.toMatchObject({
    name: 'Fault',
    facts: { code: 'pruned', number: -32003, lowest: 7, hint: expect.any(String) }
  })
  await expect(client.call('log.range', { from: 0 })).rejects.toMatchObject({
    facts: { code: 'invalid-params', number: -32602 }
  })
})

test('a node that does not run is named as that, whether its socket is there or not', async () => {
  const socketPath = join(testDirectory(), 'control.sock')
  const client = new ControlClient({ socketPath })
  const notRunning = { facts: { code: 'not-running', path: socketPath } }
  await expect(client.call('node.status', {})).rejects.toMatchObject(notRunning)
  await expect(client.subscribe('log.committed', {}, () => {})).rejects.toMatchObject(notRunning)
  const script = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`
  await promisify(execFile)(process.execPath, ['-e', script]).catch(() => {})
  await expect(client.call('node.status', {})).rejects.toMatchObject(notRunning)
  // A file where its data directory should be holds no node either.
  const inFile = new ControlClient({ socketPath: join(import.meta.filename, 'control.sock') })
  await expect(inFile.call('node.status', {})).rejects.toMatchObject({
    facts: { code: 'not-running' }
  })
})

test.each([
  { name: 'no JSON', body: '<html>', reason: 'not JSON: <html>' },
  { name: 'null', body: 'null', reason: 'neither result nor error' },
  { name: 'an object of another kind', body: '{"ok":true}', reason: 'neither result nor error' }
])('an answer that is $name is a fault', async ({ body, reason }) => {
  const client = await startOther((_request, response) => response.end(body))
  await expect(client.call('node.status', {})).rejects.toMatchObject({
    facts: { code: 'bad-answer', reason }
  })
})

test('an error without data keeps its number', async () => {
  const body = '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no"}}'
  const client = await startOther((_request, response) => response.end(body))
  const facts = { code: 'rpc-error', number: -32603, message: 'no' }
  await expect(client.call('node.status', {})).rejects.toMatchObject({ facts })
})

test('a connection that breaks, a time that is over and a caller that gives up are faults', async () => {
  const breaking = await startOther((_request, response) => response.destroy())
  await expect(breaking.call('node.status', {})).rejects.toMatchObject({
    facts: { code: 'connection-lost' }
  })
  const cut = await startOther((_request, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('{', () => response.destroy())
  })
  await expect(cut.call('node.status', {})).rejects.toMatchObject({
    facts: { code: 'connection-lost' }
  })
  const silent = await startOther(() => {}, 200)
  await expect(silent.call('node.status', {})).rejects.toMatchObject({
    facts: { code: 'connection-lost' }
  })
  const givenUp = silent.call('node.status', {}, AbortSignal.abort())
  await expect(givenUp).rejects.toMatchObject({ facts: { code: 'connection-lost' } })
})

test('a subscription gives values in order until it is closed', async () => {
  const { client, node } = await start()
  for (const text of ['a', 'b']) node.commitText(text)
  const texts: string[] = []
  const subscription = await client.subscribe('log.committed', { from: 1 }, ({ entries }) => {
    texts.push(...entries.map(({ payload }) => Buffer.from(payload, 'base64').toString()))
  })
  node.commitText('c')
  await expect.poll(() => texts).toEqual(['a', 'b', 'c'])
  subscription.close()
  expect(await subscription.closed).toBe('closed with 1005')
  await expect.poll(() => node.listenerCount('log.committed')).toBe(0)
})

test('a subscription that is refused is a fault, one that is aborted closes, the stop of the node is told', async () => {
  const { client, node, server } = await start()
  node.lowest = 4
  await expect(client.subscribe('log.committed', { from: 1 }, () => {})).rejects.toMatchObject({
    facts: { code: 'pruned', lowest: 4 }
  })
  const abort = new AbortController()
  const first = await client.subscribe('consensus.rounds', { signal: abort.signal }, () => {})
  abort.abort()
  await first.closed
  const late = client.subscribe('consensus.rounds', { signal: abort.signal }, () => {})
  await expect(late).rejects.toMatchObject({ facts: { code: 'connection-lost' } })
  const second = await client.subscribe('consensus.rounds', {}, () => {})
  await server[Symbol.asyncDispose]()
  expect(await second.closed).toBe('the node is stopping')
})
