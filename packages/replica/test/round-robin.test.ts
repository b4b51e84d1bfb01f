import type { Epoch } from '@novacron/base'
import { Bullshark } from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import { at, commitAfter, domain, four, hash, indexOf, only, openOf, signerOf } from './fixtures.ts'
import { Host, type Protocol } from './host.ts'
import { MemoryStore } from './memory-store.ts'
import { Network } from './network.ts'
import {
  type RoundRobinMessage,
  RoundRobinOrderer,
  roundRobinCodec
} from './round-robin-orderer.ts'

const protocol: Protocol<RoundRobinMessage> = {
  makeOrderer: needs => new RoundRobinOrderer(needs),
  codec: roundRobinCodec({ domain, hash })
}
const settings = { replica: { checkpointIntervalCommits: 5 } }
const seats = [0, 1, 2, 3]

function started(stores: readonly MemoryStore[] = []): Network<RoundRobinMessage> {
  const network = new Network(protocol)
  for (const seat of seats) network.start(new Host(seat, protocol, settings, stores[seat]))
  return network
}

describe('the same replica with another orderer', () => {
  test('executes what was submitted anywhere equally everywhere, and stops where it is told', () => {
    const network = started()
    network.run(20)
    for (const seat of seats) network.submit(seat, openOf(seat))
    for (const seat of seats) {
      network.give(network.at(seat), { type: 'stop-at', index: indexOf(23) })
    }
    network.run(2_000)
    const roots = new Set<string>()
    for (const seat of seats) {
      const host = network.at(seat)
      expect(host.executed.map(({ subDag }) => subDag.index)).toEqual(
        Array.from({ length: 23 }, (_, i) => i + 1)
      )
      expect(host.executed.every(({ finality }) => finality === 'final')).toBe(true)
      expect(host.replica.executor.sessionCount).toBe(4)
      expect(only(host.effects, 'stopped')).toEqual([{ type: 'stopped', index: 23 }])
      const status = host.replica.status()
      expect(status).toMatchObject({ state: 'stopped', executedIndex: 23, checkpointIndex: 20 })
      expect(status.orderer.protocol).toBe('round-robin')
      roots.add(`${status.executedDigest}/${host.roots}`)
    }
    expect(roots.size).toBe(1)
  })

  test('is restored from its own commits and goes on', () => {
    const network = started()
    network.run(20)
    network.submit(2, openOf(1))
    for (const seat of seats) {
      network.give(network.at(seat), { type: 'stop-at', index: indexOf(12) })
    }
    network.run(1_000)
    const before = network.at(0)
    const again = started(seats.map(seat => new MemoryStore(network.at(seat).store)))
    again.run(5)
    const host = again.at(0)
    again.run(1_000, () => host.replica.executor.index > 14)
    expect(host.executed[0]?.subDag.index).toBe(11)
    expect(host.executed[1]?.subDag.digest).toBe(before.replica.executor.digest)
    expect(host.executed[2]?.subDag.previous).toBe(before.replica.executor.digest)
    expect(host.replica.executor.sessionCount).toBe(1)
  })

  test.each([
    {
      name: 'round-robin',
      make: (needs: ConstructorParameters<typeof RoundRobinOrderer>[0]) =>
        new RoundRobinOrderer(needs)
    },
    {
      name: 'bullshark',
      make: (needs: ConstructorParameters<typeof RoundRobinOrderer>[0]) => new Bullshark({}, needs)
    }
  ])('$name ignores an event of another epoch', ({ make }) => {
    const committee = four
    const self = undefined
    const orderer = make({
      committee,
      domain,
      self,
      hash,
      sign: signerOf(0),
      hasBatch: () => true,
      sizeOfBatch: () => undefined,
      wasSignedLogPresent: true
    })
    const other = 1 as Epoch
    expect(orderer.step({ epoch: other, type: 'started' }, at(1))).toEqual([])
    expect(orderer.step({ epoch: other, type: 'hold', reason: 'x' }, at(1))).toEqual([])
    const commits = [commitAfter(undefined)]
    expect(orderer.step({ epoch: other, type: 'adopt', commits }, at(1))).toEqual([])
    expect(orderer.lastIndex).toBe(0)
    expect(orderer.status().phase).toBe('recovering')
    expect(orderer.step({ epoch: domain.epoch, type: 'started' }, at(1))).not.toEqual([])
  })
})
