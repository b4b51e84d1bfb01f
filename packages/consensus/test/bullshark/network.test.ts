import { describe, expect, test } from 'vitest'
import { batch } from '../fixtures.ts'
import { Network } from './network.ts'
import { Seat } from './seat.ts'

/** Every log is the beginning of the longest one. */
function expectAgreement(network: Network, shortest: number): void {
  const logs = network.digests
  const [longest] = [...logs].sort((a, b) => b.length - a.length)
  for (const [index, log] of logs.entries()) {
    expect(log, `replica ${index}`).toEqual(longest!.slice(0, log.length))
    expect(log.length, `replica ${index}`).toBeGreaterThanOrEqual(shortest)
  }
}

const options = { gcDepthRounds: 10 }

describe('four replicas and links of 5 ms', () => {
  test('agree, order what waits within a few rounds, and turn slowly when nothing does', () => {
    const network = new Network(4, { options })
    network.run(3_000)
    const idle = network.seats[0]!.delivered.length
    expect(idle).toBeGreaterThan(3)
    for (let i = 0; i < 20; i++) {
      network.seats[i % 4]!.payload.push(batch(`b${i}`))
      network.give(i % 4, { type: 'payload-waiting' })
      network.run(50)
    }
    network.run(300)
    expectAgreement(network, idle + 10)
    const ordered = network.seats[0]!.delivered.flatMap(subDag =>
      subDag.vertices.flatMap(vertex => vertex.payload.map(entry => entry.digest))
    )
    expect(new Set(ordered)).toEqual(
      new Set(Array.from({ length: 20 }, (_, i) => batch(`b${i}`).digest))
    )
    expect(ordered).toHaveLength(20)
  })

  test('go on without one, which catches up when it is back with its store', () => {
    const network = new Network(4, { options })
    network.run(1_000)
    const { store, delivered } = network.stop(3)
    network.run(12_000)
    expect(network.seats[0]!.delivered.length).toBeGreaterThan(delivered.length + 10)
    const back = network.start(3, new Seat(3, { options, store }))
    const known = delivered.length
    network.run(3_000)
    expect(back.machine.status().reasons).toEqual([])
    const whole = network.digests[0]!
    expect(back.delivered.map(d => d.digest)).toEqual(
      whole.slice(known, known + back.delivered.length)
    )
    expect(known + back.delivered.length).toBeGreaterThan(whole.length - 3)
    expect(back.lastIndex).toBeGreaterThan(10)
  })

  test('stand still without a quorum, say so, and go on when it is back', () => {
    const network = new Network(4, { options })
    network.run(1_000)
    const stores = [2, 3].map(index => network.stop(index).store)
    network.run(500)
    const stuck = network.seats[0]!.delivered.length
    network.run(3_000)
    expect(network.seats[0]!.delivered.length).toBe(stuck)
    expect(network.seats[0]!.machine.status().reasons[0]).toBe(
      'no quorum: not connected to peer-2, peer-3'
    )
    for (const [at, index] of [2, 3].entries()) {
      network.start(index, new Seat(index, { options, store: stores[at]! }))
    }
    network.run(3_000)
    expect(network.seats[0]!.delivered.length).toBeGreaterThan(stuck + 3)
  })
})
