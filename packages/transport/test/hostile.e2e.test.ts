import { yamux } from '@chainsafe/libp2p-yamux'
import { fromHex } from '@novacron/base'
import { expect, test } from 'vitest'
import { safeMuxer } from '../src/guard/safe-muxer.ts'
import { peerIdOfSeed } from '../src/index.ts'
import { creditRecord, heartbeatRecord } from '../src/wire/control.ts'
import { range, seedOf, startCommittee, TestNode } from './network.ts'
import { portOf, RawPeer, Relay } from './raw-peer.ts'

const frame = (length: number) => ({ kind: 'frame' as const, payload: new Uint8Array(length) })

/** The seeds' ids are ordered 2 < 1 < 4 < 3: both roles are tried. */
const pairs = [
  { name: 'deciding', self: 2, hostile: 3 },
  { name: 'following', self: 3, hostile: 2 }
]

async function memberAndHostile(
  stack: AsyncDisposableStack,
  { self, hostile }: { self: number; hostile: number },
  greet = true
): Promise<[TestNode, RawPeer]> {
  const members = [{ peer: peerIdOfSeed(seedOf(hostile)), addresses: [] }]
  const node = stack.use(await TestNode.start(self, members))
  const raw = stack.use(await RawPeer.dial(hostile, node.mesh.addresses()))
  if (greet) await raw.greet()
  if (greet) await node.when(() => node.isConnected(members[0]!.peer))
  return [node, raw]
}

test.each(pairs)(
  'the $name side refuses a length beyond the limit before it allocates anything',
  async pair => {
    await using stack = new AsyncDisposableStack()
    const [node, raw] = await memberAndHostile(stack, pair)
    const before = process.memoryUsage().arrayBuffers
    raw.writeBytes('order', fromHex('00ffffffff'))
    await raw.closed
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(256 * 1024 * 1024)
    expect(node.eventsOf('peer-penalized').map(({ code }) => code)).toEqual(['frame-too-large'])
    expect(node.eventsOf('connection-closed').map(({ code }) => code)).toEqual(['frame-too-large'])
  }
)

test.each([
  { code: 'unknown-record', bytes: '0900000000' },
  { code: 'bad-record', bytes: '0300000005' },
  { code: 'misplaced-record', bytes: '01000000100101010101010101000004000000100000' },
  { code: 'bad-record', bytes: '0200000009ff0000000000000000' },
  { code: 'bad-record', bytes: '0200000009000000000000000001' },
  { code: 'u64-unsafe', bytes: '020000000900ffffffffffffffff' }
])('the bytes $bytes are a $code', async ({ code, bytes }) => {
  await using stack = new AsyncDisposableStack()
  const [node, raw] = await memberAndHostile(stack, pairs[0]!)
  raw.writeBytes('order', fromHex(bytes))
  await raw.closed
  expect(node.eventsOf('peer-penalized').map(event => event.code)).toEqual([code])
})

test('control records have no place on the lower classes', async () => {
  await using stack = new AsyncDisposableStack()
  const [node, raw] = await memberAndHostile(stack, pairs[0]!)
  raw.write('bulk', heartbeatRecord('ping', 1))
  await raw.closed
  expect(node.eventsOf('connection-closed')[0]?.code).toBe('misplaced-record')
})

test('a peer that sends beyond its credit is cut off, and what it sent within is delivered', async () => {
  await using stack = new AsyncDisposableStack()
  const [node, raw] = await memberAndHostile(stack, pairs[0]!)
  node.onFrame = () => new Promise(() => undefined)
  const mib = 1024 * 1024
  for (const _ of range(5)) raw.write('order', frame(mib))
  await node.when(() => node.eventsOf('connection-closed').length === 1)
  expect(node.eventsOf('connection-closed')[0]?.code).toBe('credit-exceeded')
  expect(node.frames.map(one => one.frame.length)).toEqual([mib, mib, mib, mib])
})

test('frames before any hello, and answers to pings never sent, change nothing', async () => {
  await using stack = new AsyncDisposableStack()
  const [node, raw] = await memberAndHostile(stack, pairs[0]!)
  raw.write('order', heartbeatRecord('pong', 12345))
  raw.write('order', creditRecord({ streamClass: 'sync', totalBytes: 0 }), frame(3))
  await node.when(() => node.frames.length === 1)
  const [eager, early] = await memberAndHostile(stack, { self: 4, hostile: 3 }, false)
  await early.open('order')
  early.write('order', frame(1))
  await early.closed
  expect(eager.frames).toEqual([])
  expect(eager.eventsOf('connection-closed')[0]?.code).toBe('credit-exceeded')
})

test('a peer with a smaller limit or window than ours gets no more than it can take', async () => {
  await using stack = new AsyncDisposableStack()
  const [node, raw] = await memberAndHostile(stack, pairs[0]!)
  const { remotePeer } = raw.connection
  const self = peerIdOfSeed(seedOf(3))
  expect(remotePeer.toString()).toBe(node.peer)
  await node.when(() => node.isConnected(self))
  while (!node.mesh.send(self, 'bulk', new Uint8Array(1024))) await new Promise(setImmediate)
  expect(node.mesh.send(self, 'bulk', new Uint8Array(1025))).toBe(false)
  for (const _ of range(10)) node.mesh.send(self, 'bulk', new Uint8Array(1024))
  await new Promise(setImmediate)
  expect(node.status(self).inFlightBytes.bulk).toBeLessThanOrEqual(4096)
  expect(node.status(self).queuedBytes.bulk).toBeGreaterThanOrEqual(7 * 1024)
})

test('a peer that misbehaves again is refused for a while, and only it', async () => {
  await using stack = new AsyncDisposableStack()
  const members = [1, 3].map(seed => ({ peer: peerIdOfSeed(seedOf(seed)), addresses: [] }))
  const node = stack.use(
    await TestNode.start(2, members, {
      penalty: { pointsMax: 95, halfLifeMs: 60_000, refuseMs: 60_000 }
    })
  )
  for (const _ of range(2)) {
    await using raw = await RawPeer.dial(3, node.mesh.addresses())
    await raw.greet()
    raw.writeBytes('order', fromHex('00ffffffff'))
    await raw.closed
  }
  expect(node.eventsOf('peer-refused')).toHaveLength(1)
  expect(node.status(members[1]!.peer)).toMatchObject({ state: 'refused' })
  expect(node.status(members[1]!.peer).penaltyPoints).toBeGreaterThan(90)
  const again = await RawPeer.dial(3, node.mesh.addresses()).catch(() => undefined)
  if (again !== undefined) await again.closed
  await again?.[Symbol.asyncDispose]()
  expect(node.eventsOf('connection-refused').map(({ code }) => code)).toContain('penalized')
  await using other = await RawPeer.dial(1, node.mesh.addresses())
  await other.greet()
  await node.when(() => node.isConnected(members[0]!.peer))
})

test('penalizing a connected peer often enough disconnects it', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2])) as [TestNode, TestNode]
  for (const _ of range(9)) a.mesh.penalize(b.peer, 'bad-vertex')
  expect(a.isConnected(b.peer)).toBe(true)
  a.mesh.penalize(b.peer, 'bad-vertex')
  a.mesh.penalize(b.peer, 'bad-vertex')
  expect(a.isConnected(b.peer)).toBe(false)
  expect(a.status(b.peer).state).toBe('refused')
  await b.when(() => !b.isConnected(a.peer))
})

test('strangers come in as observers up to their number, with their own limits; then no more', async () => {
  await using stack = new AsyncDisposableStack()
  const node = stack.use(await TestNode.start(2, [], { observersMax: 1 }))
  const first = stack.use(await RawPeer.dial(3, node.mesh.addresses()))
  await first.greet()
  const observer = peerIdOfSeed(seedOf(3))
  await node.when(() => node.isConnected(observer))
  expect(node.status(observer)).toMatchObject({ member: false, state: 'connected' })
  const second = await RawPeer.dial(4, node.mesh.addresses()).catch(() => undefined)
  await second?.closed
  await second?.[Symbol.asyncDispose]()
  await node.when(() => node.eventsOf('connection-refused').length > 0)
  expect(node.eventsOf('connection-refused')[0]).toEqual({
    type: 'connection-refused',
    peer: peerIdOfSeed(seedOf(4)),
    code: 'observers-full'
  })
  expect(node.isConnected(observer)).toBe(true)
  first.write('order', frame(64 * 1024 + 1))
  await first.closed
  expect(node.eventsOf('connection-closed')[0]?.code).toBe('frame-too-large')
})

test('a connection without all three streams in time is given up', async () => {
  await using stack = new AsyncDisposableStack()
  const heartbeat = { intervalMs: 50, timeoutMs: 5000 }
  // Long enough for the upgrade of the connection, which the same time bounds.
  const node = stack.use(await TestNode.start(2, [], { handshakeTimeoutMs: 4_000, heartbeat }))
  const raw = stack.use(await RawPeer.dial(3, node.mesh.addresses()))
  await raw.open('order')
  await raw.closed
  expect(node.eventsOf('connection-closed')[0]?.code).toBe('handshake-timeout')
  expect(node.states).toEqual([])
})

test('a node of another chain is no peer', async () => {
  await using stack = new AsyncDisposableStack()
  const ours = stack.use(await TestNode.start(2, []))
  const other = stack.use(await TestNode.start(3, [], { chain: 'beef'.repeat(16) }))
  other.mesh.keepConnected(ours.member)
  await other.when(() => other.eventsOf('connection-closed').length >= 2)
  expect(other.eventsOf('connection-closed')[0]?.code).toBe('streams-refused')
  expect(ours.states).toEqual([])
})

test('a dead link that nothing closes is noticed by its silence, and replaced', async () => {
  await using stack = new AsyncDisposableStack()
  const heartbeat = { intervalMs: 100, timeoutMs: 3_000 }
  const b = stack.use(await TestNode.start(2, [], { heartbeat }))
  const relay = stack.use(await Relay.to(portOf(b.mesh.addresses()[0]!)))
  const a = stack.use(await TestNode.start(1, [], { heartbeat, dialTimeoutMs: 1_000 }))
  a.mesh.keepConnected({ peer: b.peer, addresses: [`/ip4/127.0.0.1/tcp/${relay.port}`] })
  await Promise.all([a.connected(b), b.connected(a)])
  relay.cut()
  await Promise.all(
    [a, b].map(node => node.when(() => node.eventsOf('connection-closed').length > 0))
  )
  for (const node of [a, b]) expect(node.eventsOf('connection-closed')[0]?.code).toBe('silent')
  a.mesh.keepConnected(b.member)
  await Promise.all([a.connected(b), b.connected(a)])
})

test('a connection that closes while a stream is being opened does not end the process', async () => {
  await using stack = new AsyncDisposableStack()
  const node = stack.use(await TestNode.start(2, []))
  const thrown: unknown[] = []
  const handlers = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', error => thrown.push(error))
  const open = async (raw: RawPeer): Promise<unknown> => {
    // Yamux knows the round trip by then, and so wants to enlarge the window of the stream that has just been aborted.
    await raw.open('order')
    const opening = raw.connection.newStream('/any/1').catch(error => error)
    raw.connection.abort(new Error('gone'))
    const failed = await opening
    await new Promise(setImmediate)
    return failed
  }
  try {
    const guarded = stack.use(await RawPeer.dial(3, node.mesh.addresses(), safeMuxer(yamux())))
    expect(await open(guarded)).toBeInstanceOf(Error)
    expect(thrown).toEqual([])
    // When this fails, yamux has been mended and the guard can go.
    const bare = stack.use(await RawPeer.dial(3, node.mesh.addresses(), yamux()))
    expect(await open(bare)).toBeInstanceOf(Error)
    expect(String(thrown[0])).toContain('Cannot write to a stream that is closed')
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const handler of handlers) process.on('uncaughtException', handler)
  }
})
