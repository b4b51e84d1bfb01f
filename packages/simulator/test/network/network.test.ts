import { Prng } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { EventQueue } from '../../src/event-queue.ts'
import {
  checkNetworkOptions,
  defaultNetworkOptions,
  Network,
  type NetworkOptions
} from '../../src/network/network.ts'

function setUp(options: Partial<NetworkOptions> = {}, places = 3) {
  const queue = new EventQueue()
  const arrived: { to: number; from: number; message: number; at: number }[] = []
  const links: string[] = []
  const network = new Network<number>(
    { ...defaultNetworkOptions, ...options },
    {
      places,
      queue,
      prng: new Prng(5),
      sizeOf: message => message,
      onMessage: (to, from, message) => arrived.push({ to, from, message, at: queue.now }),
      onLink: (at, peer, isConnected) => links.push(`${at}${isConnected ? '+' : '-'}${peer}`)
    }
  )
  const run = (forMs = 1_000) => {
    const until = queue.now + forMs
    while (queue.runNext(until)) {
      // Runs to the limit.
    }
  }
  for (let place = 0; place < places; place++) network.setUp(place, true)
  run()
  return { queue, network, arrived, links, run }
}

describe('the network', () => {
  test('connects whoever is up, and tells both ends', () => {
    const { links, network } = setUp()
    expect([...links].sort()).toEqual(['0+1', '0+2', '1+0', '1+2', '2+0', '2+1'])
    expect(network.isConnected(2, 0)).toBe(true)
  })

  test('keeps the order of each stream when it is asked to', () => {
    const { network, arrived, run } = setUp()
    for (let i = 0; i < 50; i++) network.send(0, 1, i % 2 === 0 ? 'order' : 'bulk', i)
    run()
    const messages = arrived.map(({ message }) => message)
    expect(messages.filter(m => m % 2 === 0)).toEqual(Array.from({ length: 25 }, (_, i) => 2 * i))
    expect(messages.filter(m => m % 2 === 1)).toEqual(
      Array.from({ length: 25 }, (_, i) => 2 * i + 1)
    )
    expect(messages).not.toEqual([...messages].sort((a, b) => a - b))
    expect(network.inFlight).toBe(0)
  })

  test('reorders, loses and doubles otherwise, until it is calmed', () => {
    const options = { isFifo: false, lossPercent: 20, duplicatePercent: 20 }
    const { network, arrived, run } = setUp(options)
    for (let i = 0; i < 500; i++) network.send(0, 1, 'order', i)
    run()
    const messages = arrived.map(({ message }) => message)
    const distinct = new Set(messages).size
    expect(messages).not.toEqual([...messages].sort((a, b) => a - b))
    expect(distinct).toBeGreaterThan(350)
    expect(distinct).toBeLessThan(450)
    expect(messages.length - distinct).toBeGreaterThan(40)
    network.calm()
    arrived.length = 0
    for (let i = 0; i < 100; i++) network.send(0, 1, 'order', i)
    run()
    expect(arrived).toHaveLength(100)
  })

  test('an interface is busy with what has arrived, not with what is still under way', () => {
    const far = { type: 'uniform', fromMs: 400, toMs: 400 } as const
    const { network, arrived, run, queue } = setUp({
      delay: { type: 'uniform', fromMs: 5, toMs: 5 },
      linkDelays: [{ from: 0, to: 2, delay: far }],
      nodeBytesPerSecond: 1_000
    })
    const from = queue.now
    network.send(0, 2, 'order', 10)
    network.send(1, 2, 'order', 20)
    network.send(1, 2, 'order', 30)
    run()
    expect(arrived.map(({ message, at }) => [message, at - from])).toEqual([
      [20, 45],
      [30, 85],
      [10, 420]
    ])
    expect(network.inFlight).toBe(0)
  })

  test('what a process had not sent when it ended takes nothing from the next one', () => {
    const { network, arrived, run, queue } = setUp({
      delay: { type: 'uniform', fromMs: 5, toMs: 5 },
      nodeBytesPerSecond: 1_000
    })
    network.send(0, 1, 'order', 900)
    network.setUp(0, false)
    network.setUp(0, true)
    run(50)
    const from = queue.now
    network.send(0, 1, 'order', 20)
    run()
    expect(arrived.map(({ message, at }) => [message, at - from])).toEqual([[20, 45]])
  })

  test('loses what is under way when a connection breaks, and tells both ends', () => {
    const { network, arrived, links, run } = setUp()
    links.length = 0
    network.send(0, 1, 'order', 1)
    network.block(0, 1, 'cut')
    network.send(0, 1, 'order', 2)
    network.send(0, 2, 'order', 3)
    run()
    expect(arrived.map(({ message }) => message)).toEqual([3])
    expect(links).toEqual(['0-1', '1-0'])
    network.unblock(0, 1, 'cut')
    run()
    network.send(0, 1, 'order', 4)
    run()
    expect(arrived.at(-1)?.message).toBe(4)
    expect(links.slice(2).sort()).toEqual(['0+1', '1+0'])
  })

  test('stays cut until the last reason is lifted', () => {
    const { network, run } = setUp()
    network.block(0, 1, 'first')
    network.block(1, 0, 'second')
    network.unblock(0, 1, 'first')
    run()
    expect(network.isConnected(0, 1)).toBe(false)
    network.unblock(0, 1, 'second')
    run()
    expect(network.isConnected(0, 1)).toBe(true)
  })

  test('a connection that is cut again while it is made does not come up', () => {
    const { network, links, run } = setUp()
    network.block(0, 1, 'cut')
    run()
    links.length = 0
    network.unblock(0, 1, 'cut')
    network.block(0, 1, 'again')
    run()
    expect(links).toEqual([])
  })

  test('swallows what a muted place sends, one way, while the connection looks well', () => {
    const { network, arrived, links, run } = setUp()
    links.length = 0
    network.mute(0, 1, 'one-way')
    network.send(0, 1, 'order', 1)
    network.send(1, 0, 'order', 2)
    run()
    expect(arrived.map(({ message }) => message)).toEqual([2])
    expect(links).toEqual([])
    network.unmute(0, 1, 'one-way')
    network.send(0, 1, 'order', 3)
    run()
    expect(arrived.at(-1)?.message).toBe(3)
  })

  test('a process that goes down is gone for its peers alone', () => {
    const { network, arrived, links, run } = setUp()
    links.length = 0
    network.send(0, 1, 'order', 1)
    network.setUp(1, false)
    run()
    expect(arrived).toEqual([])
    expect(links.sort()).toEqual(['0-1', '2-1'])
  })

  test('a place does not write to itself', () => {
    const { network, arrived, run } = setUp()
    network.send(1, 1, 'order', 1)
    run()
    expect(arrived).toEqual([])
  })

  test('loses and counts what goes beyond its bound', () => {
    const { network, arrived, run } = setUp({ inFlightMax: 10 })
    for (let i = 0; i < 12; i++) network.send(0, 1, 'order', i)
    expect(network.inFlight).toBe(10)
    expect(network.overflows).toBe(2)
    run()
    expect(arrived).toHaveLength(10)
  })

  test('refuses options that make no sense', () => {
    expect(() => checkNetworkOptions({ ...defaultNetworkOptions, lossPercent: 101 })).toThrow()
    expect(() => checkNetworkOptions({ ...defaultNetworkOptions, duplicatePercent: -1 })).toThrow()
    expect(() => checkNetworkOptions({ ...defaultNetworkOptions, inFlightMax: 0 })).toThrow()
  })
})
