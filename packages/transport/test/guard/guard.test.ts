import type { PeerId } from '@novacron/base'
import { expect, test } from 'vitest'
import { TokenBucket } from '../../src/gossip/token-bucket.ts'
import { connectionGate } from '../../src/guard/gate.ts'
import { Penalties, peersPenalizedMax } from '../../src/guard/penalties.ts'
import { safeMuxer } from '../../src/guard/safe-muxer.ts'
import { outside } from '../../src/rethrow.ts'

const peer = 'peer-a' as PeerId
const penalty = { pointsMax: 100, halfLifeMs: 1000, refuseMs: 5000 }

test('penalties add up to a refusal, which ends', () => {
  const penalties = new Penalties(penalty)
  expect(penalties.add(peer, 'frame-too-large', 0)).toBe(false)
  expect([penalties.points(peer, 0), penalties.isRefused(peer, 0)]).toEqual([50, false])
  expect(penalties.add(peer, 'credit-exceeded', 0)).toBe(true)
  expect([penalties.isRefused(peer, 4999), penalties.isRefused(peer, 5000)]).toEqual([true, false])
  expect(penalties.add(peer, 'bad-vertex', 4000)).toBe(false)
  expect(penalties.isRefused(peer, 4999)).toBe(true)
})

test('penalties halve with time', () => {
  const penalties = new Penalties(penalty)
  for (let n = 0; n < 9; n++) penalties.add(peer, 'any', 0)
  expect(penalties.points(peer, 1000)).toBe(45)
  expect(penalties.add(peer, 'any', 1000)).toBe(false)
  expect(penalties.points('nobody' as PeerId, 0)).toBe(0)
})

test('only so many peers are remembered, the latest ones', () => {
  const penalties = new Penalties(penalty)
  for (let n = 0; n <= peersPenalizedMax; n++) penalties.add(`peer-${n}` as PeerId, 'any', 0)
  expect(penalties.points('peer-0' as PeerId, 0)).toBe(0)
  expect(penalties.points('peer-1' as PeerId, 0)).toBe(10)
})

test.each([
  {
    name: 'a member passes',
    trusted: true,
    refused: false,
    observers: 9,
    dial: true,
    inbound: true
  },
  {
    name: 'an observer passes while there is room',
    trusted: false,
    refused: false,
    observers: 1,
    dial: false,
    inbound: true
  },
  {
    name: 'an observer too many does not',
    trusted: false,
    refused: false,
    observers: 2,
    dial: false,
    inbound: false
  },
  {
    name: 'a penalized member does not',
    trusted: true,
    refused: true,
    observers: 0,
    dial: false,
    inbound: false
  }
])('$name', async ({ trusted, refused, observers, dial, inbound }) => {
  const codes: string[] = []
  const gate = connectionGate({
    isTrusted: () => trusted,
    isRefused: () => refused,
    observers: () => observers,
    observersMax: 2,
    onRefused: (_peer, code) => codes.push(code)
  })
  const id = { toString: () => peer } as never
  expect(await gate.denyDialPeer?.(id)).toBe(!dial)
  expect(await gate.denyOutboundEncryptedConnection?.(id, {} as never)).toBe(refused)
  expect(await gate.denyInboundEncryptedConnection?.(id, {} as never)).toBe(!inbound)
  expect(await gate.denyInboundUpgradedConnection?.(id, {} as never)).toBe(!inbound)
  expect(codes.length).toBe(inbound ? 0 : 2)
})

test('a bucket gives its burst at once and then its rate', () => {
  const bucket = new TokenBucket(10, 3, 0)
  expect([0, 0, 0, 0].map(now => bucket.take(now))).toEqual([true, true, true, false])
  expect([bucket.take(99), bucket.take(100), bucket.take(101)]).toEqual([false, true, false])
  expect([1, 2, 3, 4].map(() => bucket.take(60_000))).toEqual([true, true, true, false])
})

test.each([
  { writeStatus: 'writable', sent: 1, more: true },
  { writeStatus: 'closing', sent: 0, more: false },
  { writeStatus: 'closed', sent: 0, more: false }
])('a muxer on a connection that is $writeStatus', ({ writeStatus, sent, more }) => {
  const written: unknown[] = []
  const muxer = { send: (bytes: unknown) => written.push(bytes) > 0 }
  const factory = { protocol: '/x', createStreamMuxer: () => muxer }
  const safe = safeMuxer(() => factory as never)({})
  safe.createStreamMuxer({ writeStatus } as never)
  expect(muxer.send('bytes')).toBe(more)
  expect(written.length).toBe(sent)
})

test("a handler's mistake is thrown where nobody catches it", async () => {
  const handlers = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  try {
    const thrown = new Promise(resolve => process.once('uncaughtException', resolve))
    const mistake = new Error('our own')
    const result = outside(() => {
      throw mistake
    })
    expect(result).toBeUndefined()
    expect(await thrown).toBe(mistake)
  } finally {
    for (const handler of handlers) process.on('uncaughtException', handler)
  }
  expect(outside(() => 5)).toBe(5)
})
