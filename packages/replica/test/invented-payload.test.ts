import type { Round, Verified } from '@novacron/base'
import { type BullsharkMessage, headerSigningBytes, makeHeader } from '@novacron/consensus'
import { expect, test } from 'vitest'
import type { ReplicaMessage } from '../src/index.ts'
import {
  at,
  digestOfText,
  domain,
  epoch,
  hash,
  openOf,
  peerAt,
  replicaOf,
  signerOf
} from './fixtures.ts'
import { bullshark, Host } from './host.ts'
import { Network } from './network.ts'

/** A header of seat 0 with invented parents that names 32 batches which nobody holds. */
function invented(round: number, salt: number, now: number): ReplicaMessage<BullsharkMessage> {
  const payload = Array.from({ length: 32 }, (_, i) => digestOfText(`${round}/${salt}/${i}`))
    .sort()
    .map(digest => ({ digest, sizeBytes: 1 }))
  const parents = [0, 1, 2].map(seat => ({
    author: replicaOf(seat),
    digest: digestOfText(`p${round}/${salt}/${seat}`)
  }))
  const fields = { epoch, round: round as Round, author: replicaOf(0), createdAt: at(now) }
  const header = makeHeader({ ...fields, payload, parents }, domain, hash)
  const signature = signerOf(0)(headerSigningBytes(header, domain))
  return { layer: 'order', message: { type: 'header', signed: { header, signature } } }
}

test('a member that signs headers for what nobody holds has little looked for, and keeps nobody from anything', () => {
  const protocol = bullshark()
  const net = new Network<BullsharkMessage>(protocol)
  for (const seat of [0, 1, 2, 3]) {
    net.start(new Host(seat, protocol, { mempool: { pullsMax: 200 } }))
  }
  net.run(2_000)
  const victim = net.at(1)
  let asked = 0
  let isLossy = false
  net.filter = (from, to, message) => {
    if (!('layer' in message) || message.layer !== 'mempool') return message
    const { message: inner } = message
    if (from === victim.peer && inner.type === 'pull-batches') asked += inner.digests.length
    const isLost = isLossy && inner.type === 'batch' && from === peerAt(2) && to === victim.peer
    return isLost ? undefined : message
  }
  const { round } = victim.replica.status().orderer
  for (let n = 0; n < 200; n++) {
    const message = invented(round + 1 + (n % 90), n, net.now)
    expect(victim.replica.screen(peerAt(0), message).type).toBe('accept')
    net.give(victim, {
      type: 'received',
      from: peerAt(0),
      message: message as Verified<ReplicaMessage<BullsharkMessage>>
    })
  }
  net.run(1_000)
  const pullsPerSecond = 1_000 / 60
  expect(asked).toBeLessThan(32 * pullsPerSecond)
  // A batch that is lost on its way and ordered is still found.
  isLossy = true
  net.submit(2, openOf(3))
  net.run(200)
  isLossy = false
  net.run(1_000)
  expect([1, 2, 3].map(seat => net.at(seat).replica.executor.sessionCount)).toEqual([1, 1, 1])
  const kinds = victim.effects.filter(e => e.type === 'publish' && e.message.topic === 'evidence')
  expect(kinds.length).toBeGreaterThan(0)
})
