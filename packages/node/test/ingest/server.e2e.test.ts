import { existsSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import {
  type Acknowledgement,
  AcknowledgementReader,
  ingestCodes
} from '../../src/ingest/acknowledgement.ts'
import {
  checkIngestOptions,
  defaultIngestOptions,
  type IngestOptions
} from '../../src/ingest/options.ts'
import { type IngestServerNeeds, startIngestServer } from '../../src/ingest/server.ts'
import { testDirectory } from '../api/http-call.ts'
import { batch, envelopes, framed, sessionA, sessionB } from './envelopes.ts'
import { FakeSink } from './fake-sink.ts'

class Client {
  readonly socket: Socket
  readonly records: Acknowledgement[] = []
  /** Data events: writes of the node that arrived apart. */
  chunks = 0
  readonly closed: Promise<void>

  constructor(socket: Socket) {
    const reader = new AcknowledgementReader()
    this.socket = socket
    socket.on('data', chunk => {
      this.chunks += 1
      this.records.push(...reader.push(chunk))
    })
    socket.on('error', () => {})
    this.closed = new Promise(resolve => socket.once('close', () => resolve()))
  }

  send(...frames: Uint8Array[]): void {
    this.socket.write(Buffer.concat(frames.map(framed)))
  }

  of(type: Acknowledgement['type']): [string, number, number][] {
    return this.records
      .filter(record => record.type === type)
      .map(({ session, first, last }) => [session, first, last])
  }

  get reason(): string | undefined {
    const code = this.records.find(({ type }) => type === 'closed')?.code
    return Object.entries(ingestCodes).find(([, value]) => value === code)?.[0]
  }
}

async function start(limits: Partial<IngestOptions> = {}, needs: Partial<IngestServerNeeds> = {}) {
  const sink = new FakeSink()
  const reasons: string[] = []
  const socketPath = join(testDirectory(), 'ingest.sock')
  const onClosed = (reason: string) => reasons.push(reason)
  const server = await startIngestServer({ socketPath, limits }, { sink, onClosed, ...needs })
  let isOpen = true
  const close = async () => {
    if (isOpen) await server[Symbol.asyncDispose]()
    isOpen = false
  }
  onTestFinished(close)
  const client = async () => {
    const socket = connect({ path: socketPath })
    onTestFinished(() => {
      socket.destroy()
    })
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new Client(socket)
  }
  const isHealthy = async () => {
    const probe = await client()
    const before = sink.offered.length
    probe.send(batch(sessionB, 1, 1))
    await expect.poll(() => sink.offered.length).toBe(before + 1)
    probe.socket.destroy()
    return true
  }
  return { sink, server, close, client, reasons, isHealthy, socketPath }
}

test('only the owner opens the socket, which goes with the server', async () => {
  const { socketPath, close } = await start()
  expect(statSync(socketPath).mode & 0o777).toBe(0o600)
  await close()
  expect(existsSync(socketPath)).toBe(false)
})

test('transactions are accepted and committed in ranges, to the connection that sent them', async () => {
  const { client, sink } = await start()
  const [one, two] = [await client(), await client()]
  one.send(batch(sessionA, 1, 100), batch(sessionA, 101, 50))
  two.send(batch(sessionB, 1, 10))
  await expect.poll(() => sink.offered.length).toBe(3)
  expect(
    sink.offered.find(({ session, first }) => session === sessionA && first === 1)?.count
  ).toBe(100)
  sink.commit(sessionA, 1, 120)
  sink.commit(sessionB, 1, 10, 3)
  sink.commit(sessionA, 121, 150)
  await expect.poll(() => one.of('committed').length).toBe(2)
  await expect.poll(() => two.of('committed').length).toBe(1)
  const accepted = one.of('accepted').flatMap(([, first, last]) => [first, last])
  expect([accepted[0], accepted.at(-1)]).toEqual([1, 150])
  expect(one.records.filter(({ type }) => type === 'committed')).toEqual([
    { type: 'committed', session: sessionA, first: 1, last: 120, index: 1, code: 0 },
    { type: 'committed', session: sessionA, first: 121, last: 150, index: 3, code: 0 }
  ])
  expect(two.records.at(-1)).toMatchObject({ type: 'committed', index: 2, code: 3 })
})

test('acknowledgements of one turn are joined and leave in one write', async () => {
  const { client, sink } = await start()
  const one = await client()
  one.send(batch(sessionA, 1, 3))
  await expect.poll(() => one.of('accepted').length).toBe(1)
  const before = one.chunks
  for (let sequence = 1; sequence <= 3; sequence++) sink.commit(sessionA, sequence, sequence)
  await expect.poll(() => one.of('committed').length).toBe(3)
  expect(one.chunks).toBe(before + 1)
})

test('two connections of one session are both told', async () => {
  const { client, sink } = await start()
  const [one, two] = [await client(), await client()]
  one.send(batch(sessionA, 1, 5))
  two.send(batch(sessionA, 1, 5))
  await expect.poll(() => sink.offered.length).toBe(2)
  sink.commit(sessionA, 1, 5)
  await expect.poll(() => [one.of('committed').length, two.of('committed').length]).toEqual([1, 1])
})

test('a sink that refuses for a moment costs nothing: the frame is held, in order, until it says go', async () => {
  const { client, sink } = await start({ holdMs: 600_000, retryAfterMs: 600_000 })
  const one = await client()
  sink.refusing = { accepted: false }
  one.send(batch(sessionA, 1, 5), batch(sessionA, 6, 5))
  await expect.poll(() => sink.refusals).toBe(1)
  expect(sink.offered).toEqual([])
  sink.go()
  await expect
    .poll(() => sink.offered.map(({ first, last }) => [first, last]))
    .toEqual([
      [1, 5],
      [6, 10]
    ])
  expect(one.of('refused')).toEqual([])
})

test('a held frame is offered again after the time that the sink named', async () => {
  const { client, sink } = await start({ holdMs: 600_000, retryAfterMs: 600_000 })
  const one = await client()
  sink.refusing = { accepted: false, retryAfterMs: 1 }
  one.send(batch(sessionA, 1, 5))
  await expect.poll(() => sink.refusals).toBeGreaterThan(2)
  sink.refusing = undefined
  await expect.poll(() => sink.offered.length).toBe(1)
})

test('a sink that goes on refusing: busy to the client, its socket is not read until go', async () => {
  const { client, sink } = await start({ holdMs: 0, retryAfterMs: 600_000 })
  const one = await client()
  sink.refusing = { accepted: false }
  one.send(batch(sessionA, 1, 5))
  await expect.poll(() => one.of('refused')).toEqual([[sessionA, 1, 5]])
  expect(one.records.at(-1)).toMatchObject({ code: ingestCodes.busy, index: 600_000 })
  const large = batch(sessionA, 6, 1000, 500)
  let unsent = 0
  for (let i = 0; i < 20; i++) if (!one.socket.write(framed(large))) unsent += 1
  await new Promise(resolve => setImmediate(resolve))
  expect(sink.refusals).toBe(1)
  expect(one.socket.writableLength).toBeGreaterThan(0)
  expect(unsent).toBeGreaterThan(0)
  sink.go()
  await expect.poll(() => sink.offered.length).toBe(20)
})

test('what cannot run before a refused number has come again is refused as well, and is taken after it', async () => {
  const { client, sink } = await start({ holdMs: 0, retryAfterMs: 600_000 })
  const one = await client()
  sink.refusing = { accepted: false }
  one.send(batch(sessionA, 1, 10))
  await expect.poll(() => one.of('refused')).toEqual([[sessionA, 1, 10]])
  sink.go()
  one.send(batch(sessionA, 11, 1014), batch(sessionA, 1025, 5), batch(sessionB, 5_000, 1))
  await expect.poll(() => one.of('accepted').length).toBe(2)
  const codes = one.records.filter(({ type }) => type === 'refused').map(({ code }) => code)
  expect(codes).toEqual([ingestCodes.busy, ingestCodes.gap])
  expect(sink.offered.map(({ first, last }) => [first, last])).toEqual([
    [11, 1_024],
    [5_000, 5_000]
  ])
  one.send(batch(sessionA, 1, 10), batch(sessionA, 1_025, 5), batch(sessionA, 1_030, 2_000))
  await expect.poll(() => sink.offered.length).toBe(5)
  expect(one.of('refused')).toHaveLength(2)
})

test('bytes in flight are bounded: reading stops at the limit and goes on with the commits', async () => {
  const frame = batch(sessionA, 1, 10, 69)
  const { client, sink } = await start({
    frameBytesMax: 1000,
    payloadBytesMax: 100,
    inFlightBytesMax: 3000
  })
  const one = await client()
  expect(frame.length).toBe(1000)
  for (let i = 0; i < 10; i++) one.send(batch(sessionA, 1 + i * 10, 10, 69))
  await expect.poll(() => sink.offered.length).toBe(3)
  await new Promise(resolve => setImmediate(resolve))
  expect(sink.offered).toHaveLength(3)
  sink.commit(sessionA, 1, 10)
  await expect.poll(() => sink.offered.length).toBe(4)
  sink.commit(sessionA, 11, 40)
  await expect.poll(() => sink.offered.length).toBe(7)
  sink.commit(sessionA, 41, 70)
  await expect.poll(() => sink.offered.length).toBe(10)
})

const session = new Uint8Array(16)
test.each([
  { name: 'an empty frame', bytes: new Uint8Array(4), reason: 'malformed' },
  { name: 'a frame over the limit', bytes: new Uint8Array([0, 0, 4, 1]), reason: 'tooLarge' },
  { name: 'HTTP', bytes: Buffer.from('POST / HTTP/1.1\r\n\r\n'), reason: 'tooLarge' },
  {
    name: 'a cut envelope',
    bytes: framed(batch(sessionA, 1, 1).subarray(0, 40)),
    reason: 'malformed'
  },
  {
    name: 'a payload over the limit',
    bytes: framed(envelopes([{ session, sequence: 1, payload: new Uint8Array(101) }])),
    reason: 'malformed'
  }
])(
  '$name closes this connection with the reason $reason, and no other',
  async ({ bytes, reason }) => {
    const { client, reasons, isHealthy, sink } = await start({
      frameBytesMax: 1024,
      payloadBytesMax: 100
    })
    const [one, other] = [await client(), await client()]
    one.send(batch(sessionA, 1, 2))
    one.socket.write(bytes)
    await one.closed
    expect(one.reason).toBe(reason)
    expect(one.of('accepted')).toEqual([[sessionA, 1, 2]])
    await expect.poll(() => reasons).toEqual([reason])
    other.send(batch(sessionB, 1, 1))
    await expect.poll(() => sink.offered.length).toBe(2)
    expect(await isHealthy()).toBe(true)
  }
)

test('a frame and a payload at their limits pass', async () => {
  const { client, sink } = await start({ frameBytesMax: 131, payloadBytesMax: 100 })
  const one = await client()
  one.send(batch(sessionA, 1, 1, 100))
  await expect.poll(() => sink.offered.length).toBe(1)
})

test('as many sessions as the limit says pass, one more closes the connection', async () => {
  const { client, sink } = await start({ sessionsPerConnectionMax: 3 })
  const one = await client()
  for (let i = 0; i < 3; i++) one.send(batch(`0${i}`.repeat(16), 1, 1))
  await expect.poll(() => sink.offered.length).toBe(3)
  one.send(batch('04'.repeat(16), 1, 1))
  await one.closed
  expect(one.reason).toBe('tooManySessions')
  expect(sink.offered).toHaveLength(3)
})

test('a connection beyond the limit is told so and closed', async () => {
  const { client, server, reasons } = await start({ connectionsMax: 2 })
  const [one] = [await client(), await client()]
  await expect.poll(() => server.connectionCount).toBe(2)
  const third = await client()
  await third.closed
  expect(third.reason).toBe('tooManyConnections')
  await expect.poll(() => reasons).toEqual(['tooManyConnections'])
  one.socket.destroy()
  await expect.poll(() => server.connectionCount).toBe(1)
  const fourth = await client()
  await expect.poll(() => server.connectionCount).toBe(2)
  expect(fourth.records).toEqual([])
})

test('a client that does not read its acknowledgements is closed', async () => {
  const { client, sink, server, reasons, isHealthy } = await start({ ackBufferBytesMax: 4096 })
  const one = await client()
  one.send(batch(sessionA, 1, 1))
  await expect.poll(() => sink.offered.length).toBe(1)
  one.socket.pause()
  for (let i = 0; i < 200_000 && server.connectionCount > 0; i++) {
    sink.commit(sessionA, 1, 1)
    if (i % 500 === 0) await new Promise(resolve => setImmediate(resolve))
  }
  await expect.poll(() => reasons).toEqual(['slowReader'])
  expect(await isHealthy()).toBe(true)
})

test('the stop of the node is told to clients', async () => {
  const { client, close, sink } = await start()
  const one = await client()
  one.send(batch(sessionA, 1, 1))
  await expect.poll(() => sink.offered.length).toBe(1)
  await close()
  await one.closed
  expect(one.reason).toBe('stopping')
  expect(sink.listenerCount).toBe(0)
})

test('connections and bytes in flight are measured, and end at nothing', async () => {
  const last = { connections: -1, inFlightBytes: -1 }
  const meters = {
    connections: {
      set: (value: number) => {
        last.connections = value
      }
    },
    inFlightBytes: {
      set: (value: number) => {
        last.inFlightBytes = value
      }
    }
  }
  const { client, sink } = await start({}, { meters })
  const one = await client()
  one.send(batch(sessionA, 1, 10))
  await expect.poll(() => sink.offered.length).toBe(1)
  sink.commit(sessionA, 1, 5)
  expect(last).toEqual({ connections: 1, inFlightBytes: 205 })
  one.socket.destroy()
  await expect.poll(() => last).toEqual({ connections: 0, inFlightBytes: 0 })
})

test('random bytes never harm the server', async () => {
  const { client, isHealthy } = await start({ frameBytesMax: 4096, payloadBytesMax: 1000 })
  const good = batch(sessionA, 1, 3)
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => {
      const changed = framed(good)
      changed[at % changed.length] = value
      return new Uint8Array(changed)
    })
  )
  await fc.assert(
    fc.asyncProperty(bytes, async sent => {
      const one = await client()
      one.socket.end(sent)
      await one.closed
      for (const { type } of one.records) expect(['accepted', 'closed']).toContain(type)
    }),
    { numRuns: 60 }
  )
  expect(await isHealthy()).toBe(true)
})

test('options that make no sense are our own mistake', () => {
  expect(() => checkIngestOptions(defaultIngestOptions)).not.toThrow()
  for (const wrong of [
    { frameBytesMax: 63 },
    { payloadBytesMax: 2_000_000 },
    { inFlightBytesMax: 10 },
    { connectionsMax: 0 },
    { sessionsPerConnectionMax: 0 },
    { retryAfterMs: 0 },
    { ackBufferBytesMax: 1 },
    { holdMs: -1 }
  ]) {
    expect(() => checkIngestOptions({ ...defaultIngestOptions, ...wrong })).toThrow()
  }
})
