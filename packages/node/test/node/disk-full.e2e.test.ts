import { readFileSync, writeFileSync } from 'node:fs'
import { ascii, Fault } from '@novacron/base'
import { expect, test } from 'vitest'
import { dataPathsOf } from '../../src/config/data-paths.ts'
import type { Control } from '../../src/control/control.ts'
import { failingFiles } from '../store/failing-files.ts'
import { executed, expectOneChain, logOf, patience, put } from './agreement.ts'
import { TestCluster } from './cluster.ts'

const never = new AbortController().signal
const quota = 16 * 1024 * 1024

function setQuota(directory: string, diskBytes: number): void {
  const { config } = dataPathsOf(directory)
  const options = JSON.parse(readFileSync(config, 'utf8'))
  writeFileSync(config, JSON.stringify({ ...options, limits: { diskBytes } }))
}

test(
  'a node whose disk is full says so while the rest go on, and with more room has lost nothing',
  patience,
  async () => {
    await using cluster = await TestCluster.make()
    setQuota(cluster.directory(4), quota)
    await cluster.startAll()
    const rest = [1, 2, 3].map(member => cluster.node(member).control)
    const full = cluster.node(4).control
    const submit = async (size: number) => {
      const payload = new Uint8Array(size)
      const request = { application: 'log', payload, wait: 'committed', timeoutMs: 20_000 } as const
      for (;;) {
        try {
          return (await rest[0]?.submit(request, never)) ?? { state: 'accepted' as const }
        } catch (error) {
          // While commits are slow nodes take in less.
          if (!(error instanceof Fault) || error.facts.code !== 'busy') throw error
          await new Promise(resolve => setTimeout(resolve, error.facts.retryAfterMs))
        }
      }
    }
    const receipts = []
    while (full.status().state !== 'disk-full' && receipts.length < 400) {
      receipts.push(...(await Promise.all(Array.from({ length: 8 }, () => submit(100_000)))))
    }
    expect(full.status().state).toBe('disk-full')
    for (let i = 0; i < 20; i++) receipts.push(await submit(100_000))
    expect(full.status()).toMatchObject({ state: 'disk-full' })
    expect(full.status().reasons.join()).toContain('the disk is full')
    await expect(
      full.submit(
        { application: 'log', payload: new Uint8Array(1), wait: 'none', timeoutMs: 1_000 },
        never
      )
    ).rejects.toMatchObject({ facts: { code: 'not-ready', state: 'disk-full' } })
    expect(full.offer(new Uint8Array(60), 1).accepted).toBe(false)
    // What is on the disk is still read.
    const page = await full.logRange({ from: { index: 1, ordinal: 0 }, limit: 1 })
    expect(page.entries).toHaveLength(1)

    await cluster.stop(4)
    setQuota(cluster.directory(4), 64 * quota)
    const back = await cluster.start(4)
    const last = rest[0]?.status().executedIndex ?? 0
    await executed(back, last)
    expect(back.status().state).toBe('running')
    await expectOneChain([...rest, back])
    const ours = (await logOf(back, last)).filter(entry => entry.application === 'log')
    expect(ours.map(({ session, sequence }) => `${session}/${sequence}`).sort()).toEqual(
      receipts
        .map(receipt => ('session' in receipt ? `${receipt.session}/${receipt.sequence}` : ''))
        .sort()
    )
    expect(cluster.logOf(4).map(line => line.event)).toContain('store-trouble')
  }
)

test(
  'a node whose disk is full for long takes nothing in, and goes on by itself when there is room',
  patience,
  async () => {
    await using cluster = await TestCluster.make()
    const files = failingFiles()
    const nodes = await Promise.all([1, 2, 3].map(member => cluster.start(member)))
    const full = await cluster.start(4, { store: { files } })
    const [writer] = nodes as [Control]
    await executed(full, await put(writer, 'before', 'x'))
    files.setFreeBytes(0)
    await put(writer, 'trigger', 'x')
    await expect.poll(() => full.status().state).toBe('disk-full')
    const { executedIndex } = full.status()
    let last = 0
    for (let i = 0; i < 15; i++) last = await put(writer, `key-${i}`, 'x'.repeat(20_000))
    expect(full.status()).toMatchObject({ state: 'disk-full', executedIndex })
    expect(full.status().reasons).toContain(
      'nothing is taken from peers or run until the disk has room'
    )
    files.setFreeBytes(2 ** 40)
    await executed(full, last)
    expect(full.status().state).toBe('running')
    await expectOneChain([...nodes, full])
  }
)

test(
  'when all disks are full everything waits, and with more room everything that was acknowledged is there',
  patience,
  async () => {
    await using cluster = await TestCluster.make()
    for (const { paths } of cluster.members) setQuota(paths.directory, quota)
    let nodes = await cluster.startAll()
    const acknowledged: number[] = []
    const fill = async (sequence: number): Promise<void> => {
      const node = nodes[sequence % 4] as Control
      const operation = {
        type: 'put',
        key: ascii(`k${sequence}`),
        value: new Uint8Array(100_000)
      } as const
      const request = { application: 'kv', operation, wait: 'committed', timeoutMs: 3_000 } as const
      await node.submit(request, never)
      acknowledged.push(sequence)
    }
    const isFull = () => nodes.some(node => node.status().state === 'disk-full')
    for (let i = 0; !isFull(); i += 4) {
      // Those that come too late are not acknowledged, and may be there or not.
      await Promise.allSettled([i, i + 1, i + 2, i + 3].map(fill))
    }
    expect(acknowledged.length).toBeGreaterThan(50)
    await cluster.stopAll()
    for (const { paths } of cluster.members) setQuota(paths.directory, 64 * quota)
    nodes = await cluster.startAll()
    const last = await put(nodes[0] as Control, 'room', 'again')
    await Promise.all(nodes.map(node => executed(node, last)))
    await expectOneChain(nodes)
    for (const node of nodes) {
      for (const sequence of acknowledged) {
        expect((await node.kvGet(ascii(`k${sequence}`))).value).toHaveLength(100_000)
      }
    }
  }
)
