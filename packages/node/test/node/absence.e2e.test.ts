import { rmSync } from 'node:fs'
import { ascii } from '@novacron/base'
import { defaultMempoolOptions } from '@novacron/consensus'
import { expect, test } from 'vitest'
import { lacksQuorum } from '../../src/api/node-report.ts'
import { dataPathsOf } from '../../src/config/data-paths.ts'
import type { Control } from '../../src/control/control.ts'
import { executed, expectOneChain, get, patience, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'
import { Load } from './load.ts'

const pruning = { checkpointIntervalCommits: 160, retentionCommitsMin: 160, gcDepthRounds: 10 }
const options = { retention: { commits: 160, bytes: 1_048_576 } }

/** More than a member orders and has not run when it stops. */
const unrunCommitsMax = 10

/** `first` has pruned what comes after `index`. */
async function pruned(first: Control, index: number): Promise<void> {
  const lowest = async () => {
    const { executedIndex } = first.status()
    return (await first.commits({ from: executedIndex, limit: 1 })).lowest
  }
  await expect.poll(lowest).toBeGreaterThan(index + unrunCommitsMax)
}

test.each([
  { name: 'keeps its data', isWiped: false },
  { name: 'was wiped', isWiped: true }
])(
  'a member that was away beyond what is kept, and $name, comes back by snapshot and takes part',
  patience,
  async ({ isWiped }) => {
    await using cluster = await TestCluster.make({ cluster: pruning, options })
    await cluster.startAll()
    const rest = [1, 2, 3].map(member => cluster.node(member).control)
    const [first] = rest as [Control, ...Control[]]
    const load = new Load('k', 6, () => rest)
    await load.grow(40)
    const leaving = cluster.node(4).control
    await cluster.stop(4)
    // Asked after the stop: until its end it runs what the others order.
    const left = leaving.status().executedIndex
    // Of all: whoever still had it would give it back commit by commit.
    await Promise.all(rest.map(node => pruned(node, left)))
    if (isWiped) {
      const { database, batches, signedLog } = dataPathsOf(cluster.directory(4))
      for (const path of [database, batches, signedLog]) rmSync(path, { recursive: true })
    }
    const back = await cluster.start(4)
    await executed(back, first.status().executedIndex)
    const { round } = first.status()
    await expect.poll(() => first.consensusStatus().members[3]?.round ?? 0).toBeGreaterThan(round)
    await load.stop()
    const last = await put(back, 'through it', 'yes')
    await Promise.all(rest.map(node => executed(node, last)))
    await expectOneChain([...rest, back])
    for (const [key, value] of load.acknowledged) expect(await get(back, key)).toBe(value)
    expect(cluster.logOf(4).map(line => line.event)).toContain('snapshot-adopted')
    for (const member of [1, 2, 3]) {
      expect(cluster.logOf(member).filter(line => line.event === 'evidence')).toEqual([])
    }
  }
)

test('two of four wait for a third and say so; when it comes they go on, and the last joins late', async () => {
  await using cluster = await TestCluster.make()
  const [first, second] = await Promise.all([cluster.start(1), cluster.start(2)])
  const waiting = first.submit(
    {
      application: 'kv',
      operation: { type: 'put', key: ascii('early'), value: ascii('bird') },
      wait: 'committed',
      timeoutMs: 60_000
    },
    new AbortController().signal
  )
  // Its peer may know of the connection before it does.
  await expect
    .poll(() => first.status().reasons)
    .toContain('no quorum: not connected to node-3, node-4')
  expect(first.status().executedIndex).toBe(0)
  expect(lacksQuorum(first.status())).toBe(true)
  const third = await cluster.start(3)
  expect(await waiting).toMatchObject({ code: 'ok' })
  const last = await put(third, 'k', 'v')
  const fourth = await cluster.start(4)
  await executed(fourth, last)
  expect(await get(fourth, 'early')).toBe('bird')
  await expectOneChain([first, second, third, fourth])
})

test('a node that reaches nobody takes what it has room for, then tells clients to wait', async () => {
  // It has seen no commit, by which it would know that it may take more.
  const roomBytes = defaultMempoolOptions.pendingBytesStart
  await using cluster = await TestCluster.make()
  const alone = await cluster.start(1)
  await expect.poll(() => alone.status().state).toBe('recovering')
  const submit = (sequence: number) =>
    alone.submit(
      {
        application: 'log',
        payload: new Uint8Array(Math.floor(roomBytes / 10.5)),
        session: '0'.repeat(32),
        sequence,
        wait: 'none',
        timeoutMs: 1_000
      },
      new AbortController().signal
    )
  for (let sequence = 1; sequence <= 10; sequence++) await submit(sequence)
  await expect(submit(11)).rejects.toMatchObject({ facts: { code: 'busy' } })
  expect(alone.offer(new Uint8Array(Math.floor(roomBytes / 10.5)), 1).accepted).toBe(false)
})
