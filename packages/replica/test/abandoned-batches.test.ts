import type { Verified } from '@novacron/base'
import { type Batch, type BullsharkMessage, batchOf } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import type { GossipMessage, ReplicaMessage } from '../src/index.ts'
import { hash, openOf, peerAt } from './fixtures.ts'
import { bullshark, Host } from './host.ts'
import { Network } from './network.ts'

/** After so many commits a batch that nothing has ordered may be dropped: a look at each. */
const unorderedCommitsMax = 20

class Four extends Network<BullsharkMessage> {
  constructor() {
    const protocol = bullshark({ idleHeaderDelayMs: 20 })
    super(protocol)
    for (const seat of [0, 1, 2, 3]) {
      this.start(new Host(seat, protocol, { mempool: { unorderedCommitsMax } }))
    }
  }

  indexOf(seat: number): number {
    return this.at(seat).replica.executor.index
  }

  runTo(index: number): void {
    expect(this.run(60_000, () => this.indexOf(1) >= index)).toBe(true)
  }

  /** Seat 0 loses or finds its links. */
  link(type: 'peer-disconnected' | 'peer-connected'): void {
    for (const seat of [1, 2, 3]) {
      this.give(this.at(0), { type, peer: peerAt(seat) })
      this.give(this.at(seat), { type, peer: peerAt(0) })
    }
  }
}

function isBatch(message: ReplicaMessage<BullsharkMessage> | GossipMessage): boolean {
  return 'layer' in message && message.layer === 'mempool' && message.message.type === 'batch'
}

/** Seat 0 gives its batch to all long before a header names it, and to nobody afterwards. */
function nameLate(submitAt: number, early?: Batch): { readonly made?: Batch; readonly net: Four } {
  const net = new Four()
  net.filter = (from, _to, message) =>
    from === peerAt(0) && isBatch(message) ? undefined : message
  net.runTo(10)
  for (const seat of early === undefined ? [] : [1, 2, 3]) {
    const message = { layer: 'mempool', message: { type: 'batch', batch: early } }
    net.give(net.at(seat), {
      type: 'received',
      from: peerAt(0),
      message: message as unknown as Verified<ReplicaMessage<BullsharkMessage>>
    })
  }
  net.runTo(submitAt)
  net.submit(0, openOf(7))
  net.run(40)
  const [bytes] = net.at(0).store.batches.values()
  return bytes === undefined ? { net } : { net, made: batchOf(bytes, hash) }
}

describe('a batch that was never named', () => {
  test.each([29, 30, 31])(
    'stays with those who vote for a header that names it after all, at commit %i',
    submitAt => {
      const { made } = nameLate(submitAt)
      const { net } = nameLate(submitAt, made as Batch)
      const before = net.indexOf(1)
      net.run(1_500)
      // Where the others have dropped it nobody can vote for seat 0, which names it again and again, and leads in vain.
      for (const seat of [0, 1, 2, 3]) expect(net.indexOf(seat)).toBeGreaterThan(before + 12)
    }
  )

  test('of a member that was cut off for long is run when it is back', () => {
    const net = new Four()
    let passes: 'all' | 'batches' | 'nothing' = 'all'
    net.filter = (from, to, message) => {
      if (passes === 'all' || (from !== peerAt(0) && to !== peerAt(0))) return message
      return passes === 'batches' && isBatch(message) ? message : undefined
    }
    net.runTo(10)
    passes = 'batches'
    net.submit(0, openOf(9))
    net.run(300)
    expect([0, 1, 2, 3].map(seat => net.at(seat).store.batches.size)).toEqual([1, 1, 1, 1])
    passes = 'nothing'
    net.link('peer-disconnected')
    net.runTo(60)
    expect([0, 1, 2, 3].map(seat => net.at(seat).store.batches.size)).toEqual([1, 0, 0, 0])
    passes = 'all'
    net.link('peer-connected')
    net.run(4_000)
    expect([0, 1, 2, 3].map(seat => net.at(seat).replica.executor.sessionCount)).toEqual([
      1, 1, 1, 1
    ])
    expect(net.at(0).replica.status().pendingBytes).toBe(0)
  })
})
