import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { startControlServer } from '../../src/api/control-server.ts'
import type { ApiOptions } from '../../src/api/options.ts'
import { FakeNode } from './fake-node.ts'
import { rpc, testDirectory } from './http-call.ts'
import type { Json } from './json.ts'

class Client {
  readonly socket: WebSocket
  readonly messages: Json[] = []
  readonly closed: Promise<{ code: number; reason: string }>

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', data => this.messages.push(JSON.parse(data.toString())))
    socket.on('error', () => {})
    this.closed = new Promise(resolve => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** Sends and waits for the answer with the id. */
  async call(method: string, params: unknown = {}, id: unknown = method): Promise<Json> {
    this.socket.send(rpc(method, params, id))
    return await this.answer(id)
  }

  async answer(id: unknown): Promise<Json> {
    await expect.poll(() => this.messages.some(message => message.id === id)).toBe(true)
    return this.messages.find(message => message.id === id)
  }

  values(subscription: string): Json[] {
    return this.messages
      .filter(
        ({ method, params }) => method === 'subscription' && params.subscription === subscription
      )
      .map(({ params }) => params.value)
  }

  texts(subscription: string): string[] {
    return this.values(subscription).flatMap(({ entries }) =>
      entries.map((entry: Json) => Buffer.from(entry.payload, 'base64').toString())
    )
  }
}

async function start(limits: Partial<ApiOptions> = {}) {
  const errors: unknown[] = []
  const node = new FakeNode()
  const socketPath = join(testDirectory(), 'control.sock')
  const server = await startControlServer(
    { socketPath, limits },
    { node, onInternalError: (_where, error) => errors.push(error) }
  )
  onTestFinished(() => server[Symbol.asyncDispose]())
  const open = (path = '/ws', options = {}) => {
    const socket = new WebSocket(`ws://localhost${path}`, {
      createConnection: () => connect({ path: socketPath }),
      ...options
    })
    onTestFinished(() => socket.terminate())
    return socket
  }
  const client = async () => {
    const socket = open()
    const client = new Client(socket)
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return client
  }
  const refusal = (path = '/ws') => {
    const socket = open(path)
    socket.on('error', () => {})
    return new Promise<{ status: number; body: Json }>(resolve => {
      socket.once('unexpected-response', (_request, response) => {
        let text = ''
        response.on('data', part => {
          text += part
        })
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) })
        )
      })
    })
  }
  return { node, server, client, refusal, errors }
}

test('calls, batches, notifications and nonsense are answered as over HTTP', async () => {
  const { client, node } = await start()
  const one = await client()
  expect((await one.call('node.status')).result.name).toBe('node-1')
  one.socket.send('{"jsonrpc":"2.0","method":"log.setLevel","params":{"level":"debug"}}')
  one.socket.send(`[${rpc('node.peers', {}, 'a')},${rpc('nothing', {}, 'b')}]`)
  one.socket.send('not json')
  one.socket.send(Buffer.from(rpc('node.status', {}, 'binary')))
  await one.answer('binary')
  expect(node.levels).toEqual([{ level: 'debug' }])
  const batch: Json = one.messages.find(Array.isArray)
  expect(batch.map((r: Json) => [r.id, r.error?.code])).toEqual([
    ['a', undefined],
    ['b', -32601]
  ])
  expect(one.messages.find(message => message.error?.code === -32700)).toBeDefined()
})

test('rounds are sent from the subscription on until it ends', async () => {
  const { client, node } = await start()
  const one = await client()
  node.emit('consensus.rounds', node.round(1))
  const { result } = await one.call('subscribe', { topic: 'consensus.rounds' })
  for (const round of [2, 3]) node.emit('consensus.rounds', node.round(round))
  await expect.poll(() => one.values(result.subscription).map(({ round }) => round)).toEqual([2, 3])
  expect((await one.call('unsubscribe', result)).result).toEqual({ unsubscribed: true })
  expect(node.listenerCount('consensus.rounds')).toBe(0)
  const again = await one.call('unsubscribe', result, 'again')
  expect(again.error).toMatchObject({ code: -32011, data: { code: 'unknown-subscription' } })
})

test('the log is replayed from an index and goes on live; without one it begins at the head', async () => {
  const { client, node } = await start()
  for (const text of ['a', 'b', 'c']) node.commitText(text)
  const one = await client()
  const replay = (await one.call('subscribe', { topic: 'log.committed', from: 2 }, 1)).result
    .subscription
  const live = (await one.call('subscribe', { topic: 'log.committed' }, 2)).result.subscription
  node.commitText('d', 'e')
  node.commitText('f')
  await expect.poll(() => one.texts(replay)).toEqual(['b', 'c', 'd', 'e', 'f'])
  await expect.poll(() => one.texts(live)).toEqual(['d', 'e', 'f'])
  expect(one.values(replay).at(-1).next).toEqual({ index: 6, ordinal: 0 })
  one.socket.close()
  await one.closed
  await expect.poll(() => node.listenerCount('log.committed')).toBe(0)
})

test('the answer to subscribe comes before the first value, also in a batch', async () => {
  const { client, node } = await start()
  node.commitText('a')
  const one = await client()
  const subscribe = (id: number) => rpc('subscribe', { topic: 'log.committed', from: 1 }, id)
  one.socket.send(`[${subscribe(1)},${subscribe(2)}]`)
  await expect.poll(() => one.messages.length).toBe(3)
  expect(Array.isArray(one.messages[0])).toBe(true)
})

test('a start that is pruned is the error of subscribe, and takes no place', async () => {
  const { client, node } = await start({ subscriptionsPerClientMax: 1 })
  node.commitText('a')
  node.lowest = 5
  const one = await client()
  const refused = await one.call('subscribe', { topic: 'log.committed', from: 1 })
  expect(refused.error).toMatchObject({ code: -32003, data: { lowest: 5 } })
  const taken = await one.call('subscribe', { topic: 'log.committed', from: 5 }, 'second')
  expect(taken.error).toBe(undefined)
})

test('a log that is pruned under a subscriber closes it with the reason', async () => {
  const { client, node } = await start()
  const one = await client()
  await one.call('subscribe', { topic: 'log.committed' })
  node.lowest = 9
  node.commitText('a')
  const { code, reason } = await one.closed
  expect(code).toBe(1008)
  expect(reason).toBe('pruned {"lowest":9}')
})

test('a log that cannot be read closes the subscriber without the text of the error, and is reported', async () => {
  const { client, node, errors } = await start()
  const one = await client()
  await one.call('subscribe', { topic: 'log.committed' })
  const broken = new Error('secret inner text')
  node.logRange = () => Promise.reject(broken)
  node.commitText('a')
  expect((await one.closed).reason).toBe('not-ready {"state":"the log cannot be read"}')
  expect(errors).toEqual([broken])
})

test('five subscriptions pass, the sixth is refused, also when all come in one batch', async () => {
  const { client } = await start()
  const one = await client()
  const subscribes = Array.from({ length: 6 }, (_, i) =>
    rpc('subscribe', { topic: 'log.committed', from: 1 }, i)
  )
  one.socket.send(`[${subscribes.join(',')}]`)
  await expect.poll(() => one.messages.length).toBe(1)
  const errors = one.messages[0].filter((response: Json) => response.error)
  expect(errors).toHaveLength(1)
  expect(errors[0].error).toMatchObject({ code: -32008, data: { code: 'limit-reached', limit: 5 } })
})

test('a hundred connections are open at once and one more is refused until one closes', async () => {
  const { client, refusal, server } = await start()
  const clients = await Promise.all(Array.from({ length: 100 }, () => client()))
  expect(server.clientCount).toBe(100)
  const { status, body } = await refusal()
  expect(status).toBe(503)
  expect(body.error).toMatchObject({ code: -32008, data: { limit: 100 } })
  clients[0]?.socket.close()
  await clients[0]?.closed
  await expect.poll(() => server.clientCount).toBe(99)
  expect((await (await client()).call('node.status')).result.name).toBe('node-1')
})

test('a WebSocket on another path is refused', async () => {
  const { refusal } = await start()
  expect(await refusal('/')).toMatchObject({ status: 404, body: { error: { code: -32009 } } })
})

test('a message at the limit passes and a longer one closes its connection only', async () => {
  const { client } = await start({ bodyBytesMax: 2048 })
  const [one, other] = [await client(), await client()]
  one.socket.send(rpc('node.status', {}, 'fits').padEnd(2048))
  await one.answer('fits')
  one.socket.send(rpc('node.status').padEnd(2049))
  expect((await one.closed).code).toBe(1009)
  expect((await other.call('node.status')).result.name).toBe('node-1')
})

test('a client that does not read is closed as slow, and the others are not held up', async () => {
  const { client, node } = await start({ subscriptionBufferMax: 20, socketBufferBytesMax: 100_000 })
  const [slow, good] = [await client(), await client()]
  for (const one of [slow, good]) await one.call('subscribe', { topic: 'consensus.rounds' })
  slow.socket.pause()
  const parents = Array.from({ length: 1000 }, () => 'f'.repeat(64))
  const round = { round: 1, vertices: [{ author: 0, digest: 'a'.repeat(64), parents, batches: 0 }] }
  let sent = 0
  while (node.listenerCount('consensus.rounds') > 1 && sent < 2000) {
    node.emit('consensus.rounds', { ...round, round: sent })
    sent += 1
    await expect.poll(() => good.values('s1').length).toBe(sent)
  }
  expect(node.listenerCount('consensus.rounds')).toBe(1)
  slow.socket.resume()
  const { code, reason } = await slow.closed
  expect([code, reason]).toEqual([1008, 'slow-client {"limit":20}'])
  expect((await good.call('node.status')).result.name).toBe('node-1')
})

test('a live reader of the log that does not read is closed as slow', async () => {
  const { client, node } = await start({ subscriptionCommitsMax: 5, socketBufferBytesMax: 100_000 })
  const one = await client()
  await one.call('subscribe', { topic: 'log.committed' })
  one.socket.pause()
  const payload = new Uint8Array(300_000)
  for (let i = 0; i < 500 && node.listenerCount('log.committed') > 0; i++) {
    node.commit([payload])
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(node.listenerCount('log.committed')).toBe(0)
  one.socket.resume()
  expect((await one.closed).reason).toBe('slow-client {"limit":5}')
})

test('messages beyond those in progress wait, and are answered when their turn comes', async () => {
  const { client, node } = await start({ callsPerClientMax: 2 })
  const go = Promise.withResolvers<void>()
  node.onSubmit = () => go.promise
  const one = await client()
  for (let id = 0; id < 100; id++) {
    one.socket.send(rpc('tx.submit', { application: 'log', payload: '' }, id))
  }
  await expect.poll(() => node.submitted.length).toBe(2)
  await new Promise(resolve => setImmediate(resolve))
  expect(node.submitted).toHaveLength(2)
  go.resolve()
  for (let id = 0; id < 100; id++) expect((await one.answer(id)).result.state).toBe('accepted')
  expect((await one.call('node.status')).result.name).toBe('node-1')
})

test('more waiting messages than allowed in one chunk end the connection', async () => {
  const { client, node } = await start({ callsPerClientMax: 1, messagesWaitingMax: 100 })
  node.onSubmit = () => new Promise(() => {})
  const one = await client()
  const raw = (one.socket as unknown as { _socket: { cork(): void; uncork(): void } })._socket
  raw.cork()
  one.socket.send(rpc('tx.submit', { application: 'log', payload: '' }))
  for (let i = 0; i < 500; i++) one.socket.send('1')
  raw.uncork()
  expect((await one.closed).reason).toMatch(/^limit-reached .*100/)
})

test('what was in progress is told when the client is gone', async () => {
  const { client, node } = await start()
  const told = Promise.withResolvers<void>()
  node.onSubmit = (_request, signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        told.resolve()
        reject(signal.reason)
      })
    })
  const one = await client()
  one.socket.send(rpc('tx.submit', { application: 'log', payload: '' }))
  await expect.poll(() => node.submitted.length).toBe(1)
  one.socket.terminate()
  await told.promise
})

test('a client that answers no ping is cut, one that does stays', async () => {
  const { client, server } = await start({ pingIntervalMs: 4_000 })
  const [good, dead] = [await client(), await client()]
  dead.socket.pause()
  await expect.poll(() => server.clientCount).toBe(1)
  expect((await good.call('node.status')).result.name).toBe('node-1')
})

test('the stop of the node closes clients with a reason', async () => {
  const { client, server } = await start()
  const one = await client()
  await server[Symbol.asyncDispose]()
  expect(await one.closed).toEqual({ code: 1001, reason: 'the node is stopping' })
})
