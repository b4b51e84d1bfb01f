import type { Connection } from '@libp2p/interface'
import { type StreamClass, streamClasses } from '@novacron/base'
import { expect, test, vi } from 'vitest'
import { Link, type LinkOwner } from '../../src/link/link.ts'
import { heartbeatRecord, helloRecord } from '../../src/wire/control.ts'
import type { WireRecord } from '../../src/wire/record.ts'
import { FakeStream } from './fake-stream.ts'

const limits = { frameBytesMax: 1000, windowBytes: 4000, queueBytesMax: 10_000 }
const classes = { order: limits, sync: limits, bulk: limits }
const incarnation = new Uint8Array(8)
const frame: WireRecord = { kind: 'frame', payload: new Uint8Array(10) }

interface World {
  link: Link
  told: string[]
  streams: Record<StreamClass, FakeStream>
  owner: LinkOwner
}

function open(nowMs = performance.now()): World {
  const told: string[] = []
  const connection = {
    id: '1',
    remotePeer: 'peer-b',
    abort: () => told.push('abort')
  } as unknown as Connection
  const owner: LinkOwner = {
    onGreeted: link => {
      told.push('greeted')
      link.activate()
    },
    onFrame: () => undefined,
    onDropped: (_link, streamClass, frames, _bytes, reason) =>
      void told.push(`${reason} ${streamClass} ${frames}`),
    onViolation: (_link, code) => told.push(`violation ${code}`),
    onClosed: (_link, code) => told.push(`closed ${code}`)
  }
  const options = {
    incarnation,
    limits: classes,
    granted: classes,
    heartbeat: { intervalMs: 100, timeoutMs: 500 },
    handshakeTimeoutMs: 300
  }
  const link = new Link(connection, options, owner, nowMs)
  const streams = { order: new FakeStream(), sync: new FakeStream(), bulk: new FakeStream() }
  return { link, told, streams, owner }
}

function greet({ link, streams }: World): void {
  for (const streamClass of streamClasses) {
    link.attach(streamClass, streams[streamClass].raw)
    streams[streamClass].receive(helloRecord(incarnation, 1000, 4000))
  }
}

const turn = (): Promise<void> => new Promise(setImmediate)
const kinds = (stream: FakeStream): string[] => stream.records().map(({ kind }) => kind)

test('a link that is greeted greets back and carries what waited', async () => {
  const world = open()
  greet(world)
  expect(world.link.send('bulk', new Uint8Array(10))).toBeUndefined()
  await turn()
  expect(world.told).toEqual(['greeted'])
  expect(world.link.isActive).toBe(true)
  expect(kinds(world.streams.order)).toEqual(['hello'])
  expect(kinds(world.streams.bulk)).toEqual(['hello', 'frame'])
})

test('bulk waits while order bytes wait for the connection', async () => {
  const world = open()
  greet(world)
  await turn()
  world.streams.order.writableNeedsDrain = true
  world.link.send('bulk', new Uint8Array(10))
  await turn()
  expect(kinds(world.streams.bulk)).toEqual(['hello'])
  world.streams.order.writableNeedsDrain = false
  world.streams.order.emit('drain')
  await turn()
  expect(kinds(world.streams.bulk)).toEqual(['hello', 'frame'])
})

test('pings are sent each interval and answered; of a late answer nothing is learnt', async () => {
  // In the past, so that the round trip of an answer that comes now is positive.
  const startMs = performance.now() - 5000
  const world = open(startMs)
  greet(world)
  for (let ms = 100; ms <= 500; ms += 50) world.link.tick(startMs + ms)
  expect(kinds(world.streams.order).filter(kind => kind === 'ping')).toHaveLength(5)
  world.streams.order.receive(heartbeatRecord('ping', 77), heartbeatRecord('pong', 4))
  // Whoever has just started answers late: one round trip tells nothing.
  expect(world.link.rttMs).toBeUndefined()
  world.streams.order.receive(heartbeatRecord('pong', 5))
  expect(world.link.rttMs).toBeGreaterThan(0)
  await turn()
  expect(kinds(world.streams.order).at(-1)).toBe('pong')
  for (let ms = 600; ms <= 1500; ms += 100) world.link.tick(startMs + ms)
  const { rttMs } = world.link
  world.streams.order.receive(heartbeatRecord('pong', 1))
  expect(world.link.rttMs).toBe(rttMs)
  // The latest of them was the quickest, and a slower one does not hide it.
  world.streams.order.receive(heartbeatRecord('pong', 15))
  const least = world.link.rttMs as number
  expect(least).toBeLessThan(rttMs as number)
  world.streams.order.receive(heartbeatRecord('pong', 9))
  expect(world.link.rttMs).toBe(least)
  // Where the way has become longer, eight of them say so.
  using clock = vi.spyOn(performance, 'now')
  for (let id = 16; id <= 23; id++) {
    const sentAtMs = startMs + id * 100
    world.link.tick(sentAtMs)
    clock.mockReturnValue(sentAtMs + 2 * least)
    world.streams.order.receive(heartbeatRecord('pong', id))
  }
  expect(world.link.rttMs).toBeCloseTo(2 * least)
})

test('a silent link is closed, unless this process itself stood still', () => {
  const nowMs = performance.now()
  const world = open(nowMs)
  greet(world)
  expect(world.link.isQuiet(nowMs + 100)).toBe(false)
  expect(world.link.isQuiet(nowMs + 1000)).toBe(true)
  world.link.forgive(10_000)
  world.link.tick(nowMs + 10_000)
  expect(world.link.isClosed).toBe(false)
  world.link.tick(nowMs + 20_000)
  expect(world.told).toEqual(['greeted', 'abort', 'closed silent'])
  world.link.close('again')
  world.link.tick(nowMs + 30_000)
  expect(world.told).toHaveLength(3)
})

test('streams that are missing in time close the link; later ones are turned away', () => {
  const world = open(0)
  world.link.attach('order', world.streams.order.raw)
  world.link.attach('order', world.streams.sync.raw)
  expect([world.streams.order.isAborted, world.streams.sync.isAborted]).toEqual([false, true])
  world.link.tick(300)
  expect(world.told).toEqual([])
  world.link.tick(301)
  expect(world.told).toEqual(['abort', 'closed handshake-timeout'])
  world.link.attach('bulk', world.streams.bulk.raw)
  expect(world.streams.bulk.isAborted).toBe(true)
})

test('what waited on a link that closes is counted as dropped', () => {
  const world = open()
  world.link.send('sync', new Uint8Array(10))
  world.link.send('sync', new Uint8Array(1000))
  world.link.close('test')
  expect(world.told).toEqual(['disconnected sync 2', 'abort', 'closed test'])
  world.streams.sync.receive(frame)
  expect(world.told).toHaveLength(3)
})

test('streams of one connection that greet as two processes break the protocol', () => {
  const world = open()
  for (const [streamClass, byte] of [
    ['order', 1],
    ['sync', 2]
  ] as const) {
    world.link.attach(streamClass, world.streams[streamClass].raw)
    const other = new Uint8Array(8).fill(byte)
    world.streams[streamClass].receive(helloRecord(other, 1000, 4000))
  }
  expect(world.told.slice(1)).toEqual([
    'violation misplaced-record',
    'abort',
    'closed misplaced-record'
  ])
})

test('frames that were queued for a peer that takes less are dropped and counted', () => {
  const world = open()
  world.link.send('bulk', new Uint8Array(500))
  world.link.attach('bulk', world.streams.bulk.raw)
  world.streams.bulk.receive(helloRecord(incarnation, 100, 400))
  expect(world.told).toContain('too-large bulk 1')
})

test('frames after one that closed the link are not delivered', () => {
  const world = open()
  greet(world)
  let frames = 0
  world.owner.onFrame = link => {
    frames += 1
    link.close('test')
  }
  world.streams.order.receive(frame, frame)
  expect(frames).toBe(1)
})

test("a handler's mistake ends the process, whether it throws, rejects, or fails a check of ours", async () => {
  const handlers = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const thrown: string[] = []
  process.on('uncaughtException', (error: Error) => thrown.push(error.message))
  try {
    const world = open()
    greet(world)
    world.owner.onFrame = () => {
      throw new Error('thrown')
    }
    world.streams.order.receive(frame)
    world.owner.onFrame = () => Promise.reject(new Error('rejected'))
    world.streams.sync.receive(frame)
    await turn()
    world.link.onBroken('violation', new Error('asserted'))
    await turn()
    expect(thrown).toEqual(['thrown', 'rejected', 'asserted'])
    expect(world.link.isClosed).toBe(false)
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const handler of handlers) process.on('uncaughtException', handler)
  }
})
