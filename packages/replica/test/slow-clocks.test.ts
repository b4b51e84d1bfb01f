import type { Millis } from '@novacron/base'
import type { BullsharkMessage } from '@novacron/consensus'
import { expect, test } from 'vitest'
import type { ReplicaEffect, ReplicaEvent } from '../src/index.ts'
import { at } from './fixtures.ts'
import { bullshark, Host } from './host.ts'
import { Network } from './network.ts'

const slowMs = 2_000

/** Gives the replica a clock that is slow, and translates the timers that it sets by it. */
function slowDown({ replica }: Host<BullsharkMessage>): void {
  const step = replica.step.bind(replica)
  const slowStep = (event: ReplicaEvent, now: Millis): readonly ReplicaEffect[] =>
    step(event, at(now - slowMs)).map(effect =>
      effect.type === 'set-timer' ? { ...effect, at: at(effect.at + slowMs) } : effect
    )
  Object.assign(replica, { step: slowStep })
}

test.each([{ slow: [3] }, { slow: [2, 3] }])(
  'the log goes on with slow clocks at $slow, which say so',
  ({ slow }) => {
    const protocol = bullshark()
    const net = new Network<BullsharkMessage>(protocol)
    net.now = 1_000_000
    for (const seat of [0, 1, 2, 3]) {
      const host = new Host(seat, protocol)
      if (slow.includes(seat)) slowDown(host)
      net.start(host)
    }
    net.run(20_000)
    const before = net.at(0).replica.executor.index
    net.run(20_000)
    for (const seat of [0, 1, 2, 3]) {
      expect(net.at(seat).replica.executor.index).toBeGreaterThan(before + 3)
    }
    const told = slow.flatMap(seat => net.at(seat).replica.status().reasons)
    expect(told.some(reason => reason.startsWith('headers of peer-0 are '))).toBe(true)
  }
)
