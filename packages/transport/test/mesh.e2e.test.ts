import { Fault, type StreamClass, streamClasses } from '@novacron/base'
import { expect, test } from 'vitest'
import { peerIdOfSeed, startMesh } from '../src/index.ts'
import {
  freePorts,
  numberedFrame,
  numberOf,
  options,
  range,
  seedOf,
  startCommittee,
  TestNode
} from './network.ts'

test.each([
  { encryption: ['tls', 'noise'], used: 'tls' },
  { encryption: ['noise'], used: 'noise' }
] as const)(
  'frames of every class and size arrive whole and in order over $used',
  async ({ encryption, used }) => {
    await using stack = new AsyncDisposableStack()
    const [a, b] = (await startCommittee(stack, [1, 2], { encryption })) as [TestNode, TestNode]
    const sizes = [0, 1, 59, 60, 64 * 1024 - 5, 64 * 1024, 200_000, 1024 * 1024]
    for (const streamClass of streamClasses) {
      for (const size of sizes) {
        expect(a.mesh.send(b.peer, streamClass, new Uint8Array(size).fill(size))).toBe(true)
      }
    }
    await b.when(() => b.frames.length === 3 * sizes.length)
    for (const streamClass of streamClasses) {
      const received = b.framesOf(streamClass)
      expect(received.map(frame => frame.length)).toEqual(sizes)
      for (const frame of received)
        expect(frame.every(byte => byte === frame.length % 256)).toBe(true)
    }
    expect(b.frames.every(({ from }) => from === a.peer)).toBe(true)
    expect(a.status(b.peer)).toMatchObject({ member: true, state: 'connected', encryption: used })
  }
)

test('the status of a peer tells traffic, round trip and age', async () => {
  await using stack = new AsyncDisposableStack()
  const heartbeat = { intervalMs: 20, timeoutMs: 5000 }
  const [a, b] = (await startCommittee(stack, [1, 2], { heartbeat })) as [TestNode, TestNode]
  b.onFrame = () => void b.mesh.send(a.peer, 'sync', new Uint8Array(10))
  a.onFrame = () => void a.mesh.send(b.peer, 'sync', new Uint8Array(10))
  a.mesh.send(b.peer, 'sync', new Uint8Array(10))
  await a.when(() => a.status(b.peer).rttMs !== undefined)
  const status = a.status(b.peer)
  expect(status.rttMs).toBeGreaterThan(0)
  expect(status.sentBytes).toBeGreaterThan(30)
  expect(status.receivedBytes).toBeGreaterThan(30)
  expect(status.connectedForMs).toBeGreaterThan(0)
  expect(status.addresses).toHaveLength(1)
  b.onFrame = () => undefined
})

test('sending to nobody, too much or too large is refused and counted', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2])) as [TestNode, TestNode]
  b.onFrame = () => new Promise(() => undefined)
  expect(a.mesh.send(peerIdOfSeed(seedOf(9)), 'order', new Uint8Array(5))).toBe(false)
  expect(a.mesh.send(b.peer, 'order', new Uint8Array(1024 * 1024 + 1))).toBe(false)
  expect(a.mesh.send(b.peer, 'order', new Uint8Array(1024 * 1024))).toBe(true)
  const frame = new Uint8Array(4 * 1024 * 1024)
  let sent = 0
  while (a.mesh.send(b.peer, 'bulk', frame)) sent += 1
  expect(sent).toBe(8)
  expect(a.eventsOf('frame-dropped').map(({ reason }) => reason)).toEqual([
    'not-connected',
    'too-large',
    'queue-full'
  ])
})

test('when both dial at the same moment, one connection is used and nothing is lost on it', async () => {
  for (const round of range(4)) {
    await using stack = new AsyncDisposableStack()
    const ports = await freePorts(2)
    const seeds = [2 * round + 1, 2 * round + 2]
    const members = seeds.map((seed, i) => ({
      peer: peerIdOfSeed(seedOf(seed)),
      addresses: [`/ip4/127.0.0.1/tcp/${ports[i]}`]
    }))
    const [a, b] = (await Promise.all(
      seeds.map((seed, i) =>
        TestNode.start(seed, members, {
          listen: [`/ip4/127.0.0.1/tcp/${ports[i]}`],
          reconnect: { backoffMinMs: 1, backoffMaxMs: 100 }
        })
      )
    )) as [TestNode, TestNode]
    stack.use(a)
    stack.use(b)
    await Promise.all([a.connected(b), b.connected(a)])
    for (const n of range(200)) {
      expect(a.mesh.send(b.peer, 'order', numberedFrame(n, 1000)), `round ${round}`).toBe(true)
      expect(b.mesh.send(a.peer, 'order', numberedFrame(n, 1000)), `round ${round}`).toBe(true)
      if (n % 20 === 0) await new Promise(setImmediate)
    }
    await Promise.all([a, b].map(node => node.when(() => node.frames.length === 200)))
    for (const node of [a, b]) {
      expect(node.frames.map(({ frame }) => numberOf(frame))).toEqual(range(200))
      expect(node.states.map(({ state }) => state)).toEqual(['connected'])
    }
  }
})

test('a peer that was stopped and started again is connected again', async () => {
  await using stack = new AsyncDisposableStack()
  const [port] = await freePorts(1)
  const listen = [`/ip4/127.0.0.1/tcp/${port}`]
  const peers = [1, 2].map(seed => peerIdOfSeed(seedOf(seed)))
  const members = [
    { peer: peers[0]!, addresses: [] },
    { peer: peers[1]!, addresses: listen }
  ]
  const a = stack.use(await TestNode.start(1, members))
  for (const time of range(3)) {
    await using b = await TestNode.start(2, members, { listen })
    await Promise.all([a.connected(b), b.connected(a)])
    a.mesh.send(b.peer, 'sync', numberedFrame(time, 100))
    await b.when(() => b.frames.length === 1)
    expect(numberOf(b.frames[0]!.frame)).toBe(time)
    await b[Symbol.asyncDispose]()
    await a.when(() => !a.isConnected(b.peer))
    expect(a.mesh.send(b.peer, 'order', new Uint8Array(1))).toBe(false)
  }
  expect(a.states.map(({ state }) => state)).toEqual(
    range(3).flatMap(() => ['connected', 'disconnected'])
  )
  await a.when(() => a.eventsOf('dial-failed').length > 1)
  expect(a.eventsOf('dial-failed')[0]).toMatchObject({ peer: peers[1], error: expect.any(String) })
})

test('losing peers under full load in all classes harms nobody', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b, c] = (await startCommittee(stack, [1, 2, 3])) as [TestNode, TestNode, TestNode]
  const load = (from: TestNode, to: TestNode): void => {
    const sizes: Record<StreamClass, number> = { order: 300, sync: 50_000, bulk: 500_000 }
    for (const streamClass of streamClasses) {
      for (const n of range(50))
        from.mesh.send(to.peer, streamClass, numberedFrame(n, sizes[streamClass]))
    }
  }
  for (const [from, to] of [
    [a, b],
    [b, a],
    [c, b],
    [b, c]
  ] as const)
    load(from, to)
  await b.when(() => b.frames.length > 20)
  await b[Symbol.asyncDispose]()
  await Promise.all([a, c].map(node => node.when(() => !node.isConnected(b.peer))))
  load(a, c)
  await c.when(() => c.framesOf('bulk').length >= 50)
  expect(c.frames.filter(({ from }) => from === a.peer && true).length).toBeGreaterThanOrEqual(150)
  expect(a.isConnected(c.peer)).toBe(true)
})

test('a start is refused for bad options, a taken port, or when it is cancelled', async () => {
  await using stack = new AsyncDisposableStack()
  const a = stack.use(await TestNode.start(1, []))
  const code = (error: unknown): string => (error instanceof Fault ? error.code : String(error))
  const taken = a.mesh.addresses().map(address => address.replace(/\/p2p.*/, ''))
  await expect(TestNode.start(2, [], { listen: taken }).catch(code)).resolves.toBe('listen-failed')
  const observers = { observersMax: 10, connectionsMax: 11 }
  await expect(TestNode.start(2, [a.member], observers).catch(code)).resolves.toBe('mesh-option')
  const handlers = {
    onFrame: () => undefined,
    onPeer: () => undefined,
    onGossip: () => 'accept' as const
  }
  const needs = { privateKeySeed: seedOf(2), members: [], handlers }
  await expect(startMesh(options(), needs, AbortSignal.abort())).rejects.toThrow('aborted')
})
