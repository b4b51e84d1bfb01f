import type { CommitIndex, Verified } from '@novacron/base'
import type { BullsharkMessage } from '@novacron/consensus'
import { expect, test } from 'vitest'
import { type GossipMessage, headSigningBytes } from '../src/index.ts'
import { digestOfText, domain, epoch, peerAt, replicaOf, signerOf } from './fixtures.ts'
import { bullshark, Host } from './host.ts'
import { Network } from './network.ts'

test('a member that signs heads beyond the log causes a few questions, whoever passes them on', () => {
  const protocol = bullshark()
  const net = new Network<BullsharkMessage>(protocol)
  for (const seat of [0, 1, 2, 3]) net.start(new Host(seat, protocol))
  net.run(2_000)
  let asked = 0
  net.filter = (_from, _to, message) => {
    if ('layer' in message && message.layer === 'order' && message.message.type === 'catch-up') {
      asked++
    }
    return message
  }
  for (let n = 0; n < 40; n++) {
    const index = (1e12 + n) as CommitIndex
    const unsigned = { epoch, index, digest: digestOfText('x'), replica: replicaOf(0) }
    const signature = signerOf(0)(headSigningBytes(unsigned, domain))
    const message: GossipMessage = { topic: 'heads', head: { ...unsigned, signature } }
    for (const seat of [1, 2, 3]) {
      expect(net.at(seat).replica.screenGossip(message).type).toBe('accept')
      const from = peerAt(1 + (n % 3))
      net.give(net.at(seat), {
        type: 'gossiped',
        from,
        message: message as Verified<GossipMessage>
      })
    }
    net.run(250)
  }
  // Ten seconds: a handful of attempts at each of three members, each of a few replies from each of three peers.
  expect(asked).toBeLessThan(3 * 5 * 9)
  for (const seat of [1, 2, 3]) {
    const { orderer, executedIndex } = net.at(seat).replica.status()
    expect((orderer.knownIndex ?? 0) - executedIndex).toBeLessThan(20)
  }
})
