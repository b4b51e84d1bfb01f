import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { executed, expectOneChain, get, logOf, patience, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'
import { Load } from './load.ts'

const never = new AbortController().signal

test('what is put on one node is read on another, byte for byte, and all have one chain', async () => {
  await using cluster = await TestCluster.make()
  const nodes = await cluster.startAll()
  const [first, second, third, fourth] = nodes as [(typeof nodes)[0], ...typeof nodes]
  const index = await put(first, 'a', '1')
  const payloads = [new Uint8Array(0), new Uint8Array(randomBytes(100_000)), Uint8Array.of(0, 255)]
  const receipts = []
  for (const payload of payloads) {
    receipts.push(
      await second?.submit(
        { application: 'log', payload, wait: 'committed', timeoutMs: 20_000 },
        never
      )
    )
  }
  const last = receipts.at(-1)?.index ?? 0
  expect(last).toBeGreaterThanOrEqual(index)
  await Promise.all(nodes.map(node => executed(node, last)))

  for (const node of nodes) expect(await get(node, 'a')).toBe('1')
  const logs = await Promise.all(nodes.map(node => logOf(node, last)))
  const told = logs[2]?.filter(entry => entry.application === 'log') ?? []
  expect(told.map(entry => Buffer.from(entry.payload))).toEqual(payloads.map(p => Buffer.from(p)))
  expect(
    told.map(({ session, sequence, index, ordinal }) => ({ session, sequence, index, ordinal }))
  ).toEqual(
    receipts.map(r => ({
      session: r?.session,
      sequence: r?.sequence,
      index: r?.index,
      ordinal: r?.ordinal
    }))
  )
  expect(told.every(entry => entry.applied)).toBe(true)
  for (const log of logs) expect(log).toEqual(logs[0])
  expect(await expectOneChain(nodes)).toBeGreaterThanOrEqual(last)
  expect(third?.status()).toMatchObject({ role: 'member', state: 'running', peersConnected: 3 })
  const named = { session: receipts[0]?.session ?? '', sequence: receipts[0]?.sequence ?? 0 }
  expect(await fourth?.transactionStatus(named)).toMatchObject({ state: 'committed', code: 'ok' })
})

test.each(['bullshark-turbo', 'bullshark'] as const)(
  '%s: with one of four stopped under load the rest go on; it comes back, catches up and agrees',
  patience,
  async protocol => {
    await using cluster = await TestCluster.make({ cluster: { protocol } })
    const [first] = await cluster.startAll()
    expect(first?.status().protocol).toBe(protocol)
    const rest = [1, 2, 3].map(member => cluster.node(member).control)
    const load = new Load('k', 8, () => rest)
    await load.grow(100)
    await cluster.stop(4)
    await load.grow(200)
    const back = await cluster.start(4)
    await load.grow(100)
    const behind = cluster.node(1).control.status().executedIndex
    await executed(back, behind)
    await load.stop()

    const last = cluster.node(1).control.status().executedIndex
    await executed(back, last)
    await expectOneChain([...rest, back])
    for (const [key, value] of load.acknowledged) expect(await get(back, key)).toBe(value)
    expect(cluster.logOf(1).filter(line => line.event === 'evidence')).toEqual([])
  }
)

test('all nodes are stopped and started again, one of them late, and go on with what they had', async () => {
  await using cluster = await TestCluster.make()
  let nodes = await cluster.startAll()
  const load = new Load('k', 4, () => nodes)
  await load.grow(60)
  await load.stop()
  await cluster.stopAll()
  nodes = await Promise.all([1, 2, 3].map(member => cluster.start(member)))
  await put(nodes[0] as (typeof nodes)[0], 'again', 'yes')
  const late = await cluster.start(4)
  const last = nodes[0]?.status().executedIndex ?? 0
  await Promise.all([...nodes, late].map(node => executed(node, last)))
  await expectOneChain([...nodes, late])
  for (const [key, value] of load.acknowledged) expect(await get(late, key)).toBe(value)
  expect(await get(late, 'again')).toBe('yes')
})
