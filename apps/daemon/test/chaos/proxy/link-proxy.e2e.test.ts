import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Flow, quietConditions, quietFlow } from '../../../src/chaos/proxy/conditions.ts'
import { LinkProxy, linkConnectionsMax } from '../../../src/chaos/proxy/link-proxy.ts'
import { pipeBytesMax } from '../../../src/chaos/proxy/pipe.ts'
import { dial, echo, serve } from '../loopback.ts'

const half = () => 0.5

const withFlow = (flow: Partial<Flow>) => ({
  ...quietConditions,
  forward: { ...quietFlow, ...flow }
})

describe('a link that nothing is wrong with', () => {
  test('carries bytes both ways, counts them, and passes the end on', async () => {
    const { target } = await serve(echo)
    await using link = await LinkProxy.listen(target, half)
    const client = dial(link.port)
    const sent = randomBytes(3 * pipeBytesMax)
    client.socket.end(sent)
    await client.ended
    expect(client.heard.equals(sent)).toBe(true)
    const { connections, forwardBytes, backwardBytes, swallowedBytes } = link.counts
    expect({ connections, forwardBytes, backwardBytes, swallowedBytes }).toEqual({
      connections: 1,
      forwardBytes: sent.length,
      backwardBytes: sent.length,
      swallowedBytes: 0
    })
    await client.closed
    await expect.poll(() => link.connections).toBe(0)
  })

  test('resets the dialer when nobody listens behind it, or when that side dies', async () => {
    const { target, sockets } = await serve()
    await using link = await LinkProxy.listen(target, half)
    const client = dial(link.port)
    await expect.poll(() => sockets.length).toBe(1)
    sockets[0]?.resetAndDestroy()
    await client.closed
    await using dead = await LinkProxy.listen({ host: '127.0.0.1', port: 1 }, half)
    const other = dial(dead.port)
    await other.closed
    expect(other.error).toBe('ECONNRESET')
  })

  test('tells the side that listens when the dialer is gone', async () => {
    const { target, sockets } = await serve()
    await using link = await LinkProxy.listen(target, half)
    const client = dial(link.port)
    await expect.poll(() => sockets.length).toBe(1)
    client.socket.resetAndDestroy()
    await expect.poll(() => sockets[0]?.destroyed).toBe(true)
    expect(link.connections).toBe(0)
  })
})

describe('a door', () => {
  test('that refuses resets those within and those who come, until it is open again', async () => {
    const { target } = await serve(echo)
    await using link = await LinkProxy.listen(target, half)
    const first = dial(link.port)
    first.socket.write('a')
    await expect.poll(() => first.heard.toString()).toBe('a')
    link.set({ ...quietConditions, door: 'refuse' })
    await first.closed
    expect(first.error).toBe('ECONNRESET')
    const second = dial(link.port)
    await second.closed
    expect(link.counts.refused).toBe(1)
    link.set(quietConditions)
    const third = dial(link.port)
    third.socket.write('b')
    await expect.poll(() => third.heard.toString()).toBe('b')
  })

  test('that is half-open accepts and never forwards; who came meanwhile is reset afterwards', async () => {
    const { target, sockets } = await serve(echo)
    await using link = await LinkProxy.listen(target, half)
    const before = dial(link.port)
    before.socket.write('a')
    await expect.poll(() => before.heard.toString()).toBe('a')
    link.set({ ...quietConditions, door: 'half-open' })
    const parked = dial(link.port)
    parked.socket.write('never')
    before.socket.write('b')
    await expect.poll(() => link.connections).toBe(2)
    await expect.poll(() => parked.socket.readyState).toBe('open')
    expect(sockets).toHaveLength(1)
    expect(before.heard.toString()).toBe('a')
    link.set(quietConditions)
    await parked.closed
    await expect.poll(() => before.heard.toString()).toBe('ab')
  })

  test('takes a bounded number of connections', async () => {
    const { target } = await serve(echo)
    await using link = await LinkProxy.listen(target, half)
    const clients = Array.from({ length: linkConnectionsMax }, () => dial(link.port))
    await expect.poll(() => link.counts.connections).toBe(linkConnectionsMax)
    const last = dial(link.port)
    await last.closed
    expect(link.counts.refused).toBe(1)
    for (const { socket } of clients) socket.destroy()
  })
})

describe('one direction', () => {
  test('that swallows loses bytes unnoticed, and ends the connection once it passes again', async () => {
    const { target, sockets } = await serve(socket => socket.write('hello'))
    await using link = await LinkProxy.listen(target, half)
    const client = dial(link.port)
    await expect.poll(() => client.heard.toString()).toBe('hello')
    link.set(withFlow({ mode: 'swallow' }))
    client.socket.write('lost')
    await expect.poll(() => link.counts.swallowedBytes).toBe(4)
    // The other direction is as it was.
    sockets[0]?.write(' again')
    await expect.poll(() => client.heard.toString()).toBe('hello again')
    expect(sockets[0]?.bytesRead).toBe(0)
    link.set(withFlow({ mode: 'swallow', delayMs: 1 }))
    expect(client.socket.destroyed).toBe(false)
    link.set(quietConditions)
    await client.closed
  })

  test('that holds keeps a bounded number of bytes, lets the sender block, and loses none', async () => {
    const { target } = await serve(echo)
    await using link = await LinkProxy.listen(target, half)
    link.set(withFlow({ mode: 'hold' }))
    const client = dial(link.port)
    const sent = randomBytes(16 * 1024 * 1024)
    client.socket.end(sent)
    await expect.poll(() => client.socket.bytesWritten).toBeGreaterThan(pipeBytesMax)
    // What neither we nor the system takes is still with the sender.
    await expect.poll(() => client.socket.writableLength).toBeGreaterThan(0)
    expect(link.counts.forwardBytes).toBe(0)
    link.set(quietConditions)
    await client.ended
    expect(client.heard.equals(sent)).toBe(true)
  })

  test('that is late and slow keeps the order, and takes as long as it says', async () => {
    const { target } = await serve(echo)
    const draws = [0.9, 0.1, 0.5]
    await using link = await LinkProxy.listen(target, () => draws.shift() ?? 0)
    link.set(withFlow({ delayMs: 40, jitterMs: 100, bytesPerSecond: 1_000_000 }))
    const client = dial(link.port)
    const startedAt = performance.now()
    const sent = randomBytes(100_000)
    client.socket.end(sent)
    await client.ended
    expect(client.heard.equals(sent)).toBe(true)
    // 100 ms for the bytes, and the delay of the first chunk at least.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(135)
  })

  test('that corrupts flips one bit of a chunk', async () => {
    const { target } = await serve(echo)
    await using link = await LinkProxy.listen(target, half)
    link.set(withFlow({ corruptChance: 1 }))
    const client = dial(link.port)
    client.socket.end(Buffer.alloc(9))
    await client.ended
    expect(client.heard).toEqual(Buffer.from([0, 0, 0, 0, 1 << 4, 0, 0, 0, 0]))
  })
})

test('disposing ends every connection, those that were parked included', async () => {
  const { target } = await serve(echo)
  const link = await LinkProxy.listen(target, half)
  const through = dial(link.port)
  through.socket.write('a')
  await expect.poll(() => through.heard.toString()).toBe('a')
  link.set({ ...quietConditions, door: 'half-open' })
  const parked = dial(link.port)
  await expect.poll(() => link.connections).toBe(2)
  await link[Symbol.asyncDispose]()
  await Promise.all([through.closed, parked.closed])
})
