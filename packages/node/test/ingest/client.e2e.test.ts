import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Acknowledgement } from '../../src/ingest/acknowledgement.ts'
import {
  connectIngest,
  type IngestClientOptions,
  type IngestClosed
} from '../../src/ingest/client.ts'
import type { IngestOptions } from '../../src/ingest/options.ts'
import { startIngestServer } from '../../src/ingest/server.ts'
import { testDirectory } from '../api/http-call.ts'
import { sessionA } from './envelopes.ts'
import { FakeSink } from './fake-sink.ts'

async function start(
  limits: Partial<IngestOptions> = {},
  options: Partial<IngestClientOptions> = {}
) {
  const sink = new FakeSink()
  const socketPath = join(testDirectory(), 'ingest.sock')
  const server = await startIngestServer({ socketPath, limits }, { sink })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const records: Acknowledgement[] = []
  const closed = Promise.withResolvers<IngestClosed>()
  let drains = 0
  const client = await connectIngest(
    { socketPath, session: sessionA, ...options },
    {
      onAcknowledged: got => records.push(...got),
      onClosed: closed.resolve,
      onDrain: () => {
        drains += 1
      }
    }
  )
  onTestFinished(() => client.destroy())
  const committed = () =>
    records
      .filter(({ type }) => type === 'committed')
      .reduce((sum, r) => sum + r.last - r.first + 1, 0)
  return { sink, client, records, committed, closed: closed.promise, drains: () => drains, server }
}

const payload = new Uint8Array(100)

test('ten thousand transactions in few writes come back as few ranges, each once', async () => {
  const { sink, client, committed, records } = await start()
  sink.commitsAtOnce = true
  for (let i = 1; i <= 10_000; i++) expect(client.send(1, payload)).toBe(i)
  await expect.poll(committed).toBe(10_000)
  expect(sink.offered.length).toBeLessThan(10)
  expect(records.length).toBeLessThan(40)
  expect(client.nextSequence).toBe(10_001)
})

test('what is sent within a moment shares a frame, which leaves without a flush', async () => {
  const { sink, client } = await start({}, { coalesceMs: 1 })
  for (let i = 0; i < 5; i++) client.send(1, payload)
  expect(sink.offered).toEqual([])
  await expect.poll(() => sink.offered.length).toBe(1)
  expect(sink.offered[0]).toMatchObject({ count: 5, first: 1, last: 5 })
})

test('frames stay within their limit and the largest transaction fits one', async () => {
  const { sink, client } = await start(
    { frameBytesMax: 1000, payloadBytesMax: 1000 },
    { frameBytesMax: 1000 }
  )
  for (let i = 0; i < 20; i++) client.send(1, payload)
  client.send(1, new Uint8Array(1000 - 31))
  client.flush()
  await expect.poll(() => sink.offered.reduce((sum, { count }) => sum + count, 0)).toBe(21)
  expect(() => client.send(1, new Uint8Array(1000 - 30))).toThrow('fits a frame')
})

test('a refused transaction is sent again under its sequence', async () => {
  const { sink, client, records } = await start(
    { holdMs: 0, retryAfterMs: 1 },
    { firstSequence: 50 }
  )
  sink.refusing = { accepted: false }
  expect(client.send(1, payload)).toBe(50)
  await expect.poll(() => records).toMatchObject([{ type: 'refused', first: 50, last: 50 }])
  sink.go()
  expect(client.sendAs(50, 1, payload)).toBe(true)
  await expect.poll(() => sink.offered).toMatchObject([{ first: 50, last: 50 }])
  expect(client.nextSequence).toBe(51)
})

test('the queue is bounded and says when there is room again', async () => {
  const { sink, client, drains } = await start(
    { holdMs: 600_000, retryAfterMs: 5 },
    { queuedBytesMax: 200_000 }
  )
  sink.refusing = { accepted: false }
  let sent = 0
  while (client.send(1, new Uint8Array(10_000)) !== undefined) {
    sent += 1
    client.flush()
    if (sent % 10 === 0) await new Promise(resolve => setImmediate(resolve))
    expect(sent).toBeLessThan(1000)
  }
  expect(client.nextSequence).toBe(sent + 1)
  sink.go()
  await expect.poll(drains).toBe(1)
  expect(client.send(1, payload)).toBe(sent + 1)
  await expect.poll(() => sink.offered.reduce((sum, { count }) => sum + count, 0)).toBe(sent + 1)
})

test('the reason of the node is told once, and nothing more is queued', async () => {
  const { client, closed, server } = await start()
  client.send(1, payload)
  await server[Symbol.asyncDispose]()
  expect(await closed).toMatchObject({ reason: 'stopping' })
  expect(client.send(1, payload)).toBe(undefined)
  client.flush()
})

test('end sends what is queued', async () => {
  const { client, closed, sink } = await start()
  client.send(1, payload)
  client.end()
  expect(await closed).toEqual({ reason: 'none' })
  expect(sink.offered).toHaveLength(1)
})

test('a node that does not run, and one that dies, are told apart', async () => {
  const directory = testDirectory()
  const listeners = { onAcknowledged: () => {}, onClosed: () => {} }
  const absent = connectIngest(
    { socketPath: join(directory, 'no.sock'), session: sessionA },
    listeners
  )
  await expect(absent).rejects.toMatchObject({ facts: { code: 'not-running' } })
  const noDirectory = join(directory, 'x'.repeat(200))
  const impossible = connectIngest({ socketPath: noDirectory, session: sessionA }, listeners)
  await expect(impossible).rejects.toMatchObject({ facts: { code: 'connection-lost' } })
  const socketPath = join(directory, 'dying.sock')
  const dying = createServer(socket => socket.once('data', () => socket.destroy())).listen(
    socketPath
  )
  await new Promise(resolve => dying.once('listening', resolve))
  onTestFinished(() => {
    dying.close()
  })
  const closed = Promise.withResolvers<IngestClosed>()
  const client = await connectIngest(
    { socketPath, session: sessionA },
    { ...listeners, onClosed: closed.resolve }
  )
  client.send(1, payload)
  expect((await closed.promise).reason).toBe('none')
})
