import { expect, test } from 'vitest'
import { LinkGrid } from '../../../src/chaos/proxy/link-grid.ts'
import { burstMs } from '../../../src/chaos/proxy/token-bucket.ts'
import { dial, echo, serve } from '../loopback.ts'

async function grid(size: number) {
  const servers = await Promise.all(Array.from({ length: size }, () => serve(echo)))
  const targets = servers.map(({ target }) => target)
  return LinkGrid.open(targets, () => 0.5)
}

/** True when bytes come back through the link. */
async function passes(links: LinkGrid, from: number, to: number): Promise<boolean> {
  const client = dial(links.port(from, to))
  client.socket.write('x')
  await Promise.race([client.closed, expect.poll(() => client.heard.length).toBe(1)])
  client.socket.destroy()
  return client.heard.length === 1
}

test('each way of dialing is a link of its own, and its traffic is counted', async () => {
  await using links = await grid(3)
  expect(await passes(links, 0, 1)).toBe(true)
  const ports = links.traffic().map(({ from, to }) => links.port(from, to))
  expect(new Set(ports).size).toBe(6)
  await expect
    .poll(() => links.traffic().filter(({ bytes }) => bytes > 0))
    .toEqual([{ from: 0, to: 1, bytes: 2 }])
  expect(() => links.link(1, 1)).toThrow('no link from 1 to 1')
})

test('a partition cuts the pairs between groups, and only these', async () => {
  await using links = await grid(4)
  links.partition([
    [0, 1, 2],
    [2, 3]
  ])
  const cut = links
    .traffic()
    .filter(({ from, to }) => links.link(from, to).conditions.door === 'refuse')
    .map(({ from, to }) => `${from}${to}`)
  expect(cut).toEqual(['03', '13', '30', '31'])
  expect(await passes(links, 0, 3)).toBe(false)
  expect(await passes(links, 2, 3)).toBe(true)
  links.heal(0, 3)
  expect(await passes(links, 0, 3)).toBe(true)
  expect(await passes(links, 1, 3)).toBe(false)
  links.healAll()
  expect(await passes(links, 1, 3)).toBe(true)
})

test('bytes from one to another are treated the same whoever dialed', async () => {
  await using links = await grid(2)
  links.shape(0, 1, { mode: 'swallow' })
  expect(links.link(0, 1).conditions.forward.mode).toBe('swallow')
  expect(links.link(0, 1).conditions.backward.mode).toBe('pass')
  expect(links.link(1, 0).conditions.forward.mode).toBe('pass')
  expect(links.link(1, 0).conditions.backward.mode).toBe('swallow')
  links.shapeAll({ delayMs: 7 })
  for (const [from, to] of [
    [0, 1],
    [1, 0]
  ] as const) {
    const { forward, backward } = links.link(from, to).conditions
    expect([forward.delayMs, backward.delayMs]).toEqual([7, 7])
  }
  links.halfOpen(0, 1)
  expect(links.link(1, 0).conditions.door).toBe('half-open')
})

test('a limit of each node is shared by all of its links', async () => {
  await using links = await grid(3)
  links.limitEach(100_000)
  const clients = [1, 2].map(to => dial(links.port(0, to)))
  const startedAt = performance.now()
  for (const { socket } of clients) socket.write(Buffer.alloc(10_000))
  for (const client of clients) await expect.poll(() => client.heard.length).toBe(10_000)
  // 20 kB leave one node and come back to it: 200 ms each way, the second way overlapping the first.
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(200)
})

test('a rate from one to another is shared by all connections, whoever dialed', async () => {
  await using links = await grid(2)
  links.shape(0, 1, { bytesPerSecond: 100_000 })
  // Two of the first send to the second, and on one that the second dialed the first sends back what it hears.
  const clients = [links.port(0, 1), links.port(0, 1), links.port(1, 0)].map(dial)
  const startedAt = performance.now()
  for (const { socket } of clients) socket.write(Buffer.alloc(10_000))
  for (const client of clients) await expect.poll(() => client.heard.length).toBe(10_000)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(300 - burstMs)
  // The other way has no limit, and does not wait for what the limited way has let in.
  expect(links.link(0, 1).counts.backwardBytes).toBe(20_000)
})

test('nobody waits any more once the rate is taken away', async () => {
  await using links = await grid(2)
  links.shape(0, 1, { bytesPerSecond: 1_000 })
  const clients = [1, 2, 3].map(() => dial(links.port(0, 1)))
  // Minutes, at that rate.
  for (const { socket } of clients) socket.write(Buffer.alloc(100_000))
  await expect.poll(() => links.link(0, 1).counts.connections).toBe(3)
  links.healAll()
  for (const client of clients) await expect.poll(() => client.heard.length).toBe(100_000)
})
