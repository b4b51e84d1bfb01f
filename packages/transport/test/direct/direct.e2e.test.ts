import { type StreamClass, streamClasses } from '@novacron/base'
import { expect, test } from 'vitest'
import {
  type AgreementTerms,
  answerBytes,
  offerBytes,
  sessionBytes,
  signingKeyOf,
  signTerms
} from '../../src/direct/agreement.ts'
import { ExactReader } from '../../src/direct/exact-reader.ts'
import { type MeshMember, peerIdOfSeed } from '../../src/index.ts'
import { directProtocol } from '../../src/protocol.ts'
import {
  chain,
  numberedFrame,
  numberOf,
  range,
  seedOf,
  startCommittee,
  TestNode
} from '../network.ts'
import { portOf, RawPeer } from '../raw-peer.ts'
import { Gate } from './gate.ts'

const direct = { enabled: true, handshakesMax: 64, backoffMinMs: 20, backoffMaxMs: 200 }
const fast = { direct, heartbeat: { intervalMs: 100, timeoutMs: 2_000 } }
const planeOf = (from: TestNode, to: TestNode): string | undefined =>
  from.mesh.peers().find(({ peer }) => peer === to.peer)?.plane

async function moved(a: TestNode, b: TestNode): Promise<void> {
  await expect.poll(() => [planeOf(a, b), planeOf(b, a)]).toEqual(['direct', 'direct'])
}

test('members move to direct sockets, and what they send meanwhile keeps its order', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = (await startCommittee(stack, [1, 2], fast)) as [TestNode, TestNode]
  const sent: Record<StreamClass, number> = { order: 0, sync: 0, bulk: 0 }
  const sendSome = (): void => {
    for (const streamClass of streamClasses) {
      for (const _ of range(4)) {
        const frame = numberedFrame(sent[streamClass]++, 5_000)
        expect(a.mesh.send(b.peer, streamClass, frame)).toBe(true)
        expect(b.mesh.send(a.peer, streamClass, frame)).toBe(true)
      }
    }
  }
  const sending = setInterval(sendSome, 2)
  await moved(a, b)
  sendSome()
  clearInterval(sending)
  for (const node of [a, b]) {
    for (const streamClass of streamClasses) {
      await node.when(() => node.framesOf(streamClass).length >= sent[streamClass])
      expect(node.framesOf(streamClass).map(numberOf), streamClass).toEqual(
        range(sent[streamClass])
      )
    }
  }
  const status = a.status(b.peer)
  expect(status.directSentBytes).toBeGreaterThan(0)
  expect(status.directSentBytes).toBeLessThan(status.sentBytes)
  expect(status.directReceivedBytes).toBeGreaterThan(0)
})

test('what is sent beside a vote waits neither for the next vote nor for a heartbeat', async () => {
  await using stack = new AsyncDisposableStack()
  const rare = { direct, heartbeat: { intervalMs: 600_000, timeoutMs: 1_200_000 } }
  const [a, b] = (await startCommittee(stack, [1, 2], rare)) as [TestNode, TestNode]
  await moved(a, b)
  for (const streamClass of streamClasses) a.mesh.send(b.peer, streamClass, numberedFrame(0, 500))
  await b.when(() => b.frames.length === streamClasses.length)
  expect(streamClasses.map(streamClass => b.framesOf(streamClass).length)).toEqual([1, 1, 1])
})

test('with a peer that has none of it frames stay on libp2p', async () => {
  await using stack = new AsyncDisposableStack()
  const second = { peer: peerIdOfSeed(seedOf(2)), addresses: [] }
  const first = { peer: peerIdOfSeed(seedOf(1)), addresses: [] }
  const off = stack.use(await TestNode.start(1, [first, second]))
  const on = stack.use(await TestNode.start(2, [off.member, second], fast))
  await on.connected(off)
  await on.when(() => on.eventsOf('direct-failed').length >= 2)
  expect([planeOf(on, off), planeOf(off, on)]).toEqual(['libp2p', 'libp2p'])
  expect(on.mesh.send(off.peer, 'bulk', numberedFrame(3, 100))).toBe(true)
  await off.when(() => off.frames.length === 1)
  const attempts = on.eventsOf('direct-failed').map(({ attempt }) => attempt)
  expect(attempts.slice(0, 2)).toEqual([0, 1])
})

test('a large committee moves pair by pair, and a restarted member moves again', async () => {
  await using stack = new AsyncDisposableStack()
  const nodes = await startCommittee(stack, [1, 2, 3], fast)
  for (const a of nodes) for (const b of nodes) if (a !== b) await moved(a, b)
  const [first, second, third] = nodes as [TestNode, TestNode, TestNode]
  await third[Symbol.asyncDispose]()
  await first.when(() => !first.isConnected(third.peer))
  const members = [first.member, second.member, { peer: third.peer, addresses: [] }]
  const again = stack.use(await TestNode.start(3, members, fast))
  await moved(again, first)
  await moved(again, second)
})

test('when a socket breaks the link ends, and the next one begins on libp2p and moves again', async () => {
  await using stack = new AsyncDisposableStack()
  const peers = [1, 2].map(seed => ({ peer: peerIdOfSeed(seedOf(seed)), addresses: [] }))
  const first = stack.use(await TestNode.start(1, peers, fast))
  const gate = stack.use(await Gate.to(portOf(first.member.addresses[0] as string)))
  const place = [`/ip4/127.0.0.1/tcp/${gate.port}/p2p/${first.peer}`]
  const members = [{ peer: first.peer, addresses: place }, peers[1] as MeshMember]
  const second = stack.use(await TestNode.start(2, members, fast))
  await second.connected(first)
  await moved(first, second)
  // The first connection is libp2p's; the others are direct sockets, through the same address.
  expect(gate.connections).toBe(4)
  gate.breakLast()
  await second.when(() => second.states.some(({ state }) => state === 'disconnected'))
  const codes = [first, second].flatMap(node => node.eventsOf('connection-closed'))
  expect(codes.map(({ code }) => code)).toContain('direct-broken')
  await second.connected(first)
  await moved(first, second)
})

test('a socket that falls silent ends the link, although the others are heard', async () => {
  await using stack = new AsyncDisposableStack()
  const peers = [1, 2].map(seed => ({ peer: peerIdOfSeed(seedOf(seed)), addresses: [] }))
  const first = stack.use(await TestNode.start(1, peers, fast))
  const gate = stack.use(await Gate.to(portOf(first.member.addresses[0] as string)))
  const place = [`/ip4/127.0.0.1/tcp/${gate.port}/p2p/${first.peer}`]
  const members = [{ peer: first.peer, addresses: place }, peers[1] as MeshMember]
  const brief = { ...fast, heartbeat: { intervalMs: 100, timeoutMs: 400 } }
  const second = stack.use(await TestNode.start(2, members, brief))
  await second.connected(first)
  await moved(first, second)
  gate.silenceLast()
  await second.when(() =>
    second.eventsOf('connection-closed').some(({ code }) => code === 'silent')
  )
})

interface Liar {
  readonly raw: RawPeer
  readonly node: TestNode
  readonly terms: Omit<AgreementTerms, 'answer'>
  /** Proposes sockets as the protocol wants it, up to the answer. */
  propose(): Promise<{ reader: ExactReader; terms: AgreementTerms; send(bytes: Uint8Array): void }>
}

/** A member that goes through everything by hand. */
async function liar(stack: AsyncDisposableStack): Promise<Liar> {
  const peer = peerIdOfSeed(seedOf(9))
  const slow = { ...direct, backoffMinMs: 60_000, backoffMaxMs: 60_000 }
  const node = stack.use(
    await TestNode.start(1, [{ peer, addresses: [] }], { ...fast, direct: slow })
  )
  const raw = stack.use(await RawPeer.dial(9, node.mesh.addresses()))
  await raw.greet()
  await node.when(() => node.isConnected(peer))
  const terms = { chain, dialer: peer, listener: node.peer, offer: new Uint8Array(offerBytes) }
  const propose: Liar['propose'] = async () => {
    const stream = await raw.connection.newStream(directProtocol(chain))
    const reader = new ExactReader(stream, AbortSignal.timeout(5_000))
    stream.send(terms.offer)
    const answer = (await reader.read(answerBytes)).slice(0, offerBytes + sessionBytes)
    return { reader, terms: { ...terms, answer }, send: bytes => void stream.send(bytes) }
  }
  return { raw, node, terms, propose }
}

const key = (seed: number): ReturnType<typeof signingKeyOf> => signingKeyOf(seedOf(seed))
type Lie = (terms: AgreementTerms, earlier: Uint8Array) => Uint8Array

test.each<{ name: string; lie: Lie }>([
  { name: 'signed by another key', lie: terms => signTerms(terms, 'dialer', key(8)) },
  { name: 'signed in the other role', lie: terms => signTerms(terms, 'listener', key(9)) },
  {
    name: 'signed for another chain',
    lie: terms => signTerms({ ...terms, chain: 'd00d'.padEnd(64, '0') }, 'dialer', key(9))
  },
  {
    name: 'signed for another listener',
    lie: terms => signTerms({ ...terms, listener: terms.dialer }, 'dialer', key(9))
  },
  {
    name: 'of another certificate',
    lie: terms =>
      signTerms({ ...terms, offer: new Uint8Array(offerBytes).fill(1) }, 'dialer', key(9))
  },
  { name: 'that was right an attempt ago', lie: (_terms, earlier) => earlier }
])('an announcement $name is refused, and the link stays on libp2p', async ({ lie }) => {
  await using stack = new AsyncDisposableStack()
  const { node, propose } = await liar(stack)
  const first = await propose()
  const earlier = signTerms(first.terms, 'dialer', key(9))
  first.send(new Uint8Array(64))
  await expect(first.reader.read(1)).rejects.toThrow('stream ended')
  await node.when(() => node.eventsOf('direct-failed').length === 1)
  const second = await propose()
  second.send(lie(second.terms, earlier))
  await expect(second.reader.read(1)).rejects.toThrow('stream ended')
  await node.when(() => node.eventsOf('direct-failed').length === 2)
  expect(node.eventsOf('direct-failed').at(-1)?.error).toContain('wrong signature')
  expect(node.mesh.peers()[0]).toMatchObject({ state: 'connected', plane: 'libp2p' })
})

test('an honest announcement is welcome, and without sockets after it nothing changes', async () => {
  await using stack = new AsyncDisposableStack()
  const { node, propose } = await liar(stack)
  const { reader, terms, send } = await propose()
  send(signTerms(terms, 'dialer', key(9)))
  expect(await reader.read(1)).toEqual(new Uint8Array([1]))
  // One proposal at a time.
  await expect(propose()).rejects.toThrow(/stream/)
  send(new Uint8Array(2_000))
  await node.when(() => node.eventsOf('direct-failed').length === 1)
  expect(node.mesh.peers()[0]).toMatchObject({ state: 'connected', plane: 'libp2p' })
})

test('an observer is not offered sockets', async () => {
  await using stack = new AsyncDisposableStack()
  const node = stack.use(await TestNode.start(1, [], fast))
  const raw = stack.use(await RawPeer.dial(9, node.mesh.addresses()))
  await raw.greet()
  await node.when(() => node.isConnected(peerIdOfSeed(seedOf(9))))
  const stream = await raw.connection.newStream(directProtocol(chain))
  await expect.poll(() => stream.status).not.toBe('open')
})
