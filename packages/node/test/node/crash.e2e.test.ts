import { expect, onTestFinished, test } from 'vitest'
import type { JsonLogEntry } from '../../src/api/method-types.ts'
import type { PersistPoint } from '../../src/store/level-store.ts'
import { patience } from './agreement.ts'
import { TestCluster } from './cluster.ts'
import { type CrashPlan, NodeProcess } from './node-process.ts'
import type { Acknowledged } from './session-load.ts'
import { SessionLoad } from './session-load.ts'
import { headersSignedTwice } from './signed-twice.ts'

const cluster = { gcDepthRounds: 1_000 }
const points: readonly PersistPoint[] = [
  'batch-append',
  'segments-sync',
  'journal-append',
  'flush-done',
  'database-batch'
]

/** Four nodes, each in its own process. */
class Processes {
  readonly cluster: TestCluster
  readonly nodes: NodeProcess[]
  #isOver = false

  constructor(made: TestCluster) {
    this.cluster = made
    this.nodes = made.members.map(({ paths }) => new NodeProcess(paths.directory))
    onTestFinished(async () => {
      this.#isOver = true
      await this.end('SIGKILL')
      await made[Symbol.asyncDispose]()
    })
  }

  async started(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.started))
  }

  async start(seat: number, plan?: CrashPlan): Promise<void> {
    if (this.#isOver) throw new Error('the test is over')
    const node = new NodeProcess((this.nodes[seat] as NodeProcess).directory, plan)
    this.nodes[seat] = node
    await node.started
  }

  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<readonly string[]> {
    return Promise.all(this.nodes.map(node => node.kill(signal)))
  }
}

/** The whole log of a node, once it has come to `index`. */
async function logOf(node: NodeProcess, index: number): Promise<JsonLogEntry[]> {
  await expect
    .poll(async () => (await node.client.call('node.status', {})).executedIndex)
    .toBeGreaterThanOrEqual(index)
  const entries: JsonLogEntry[] = []
  for (let from = { index: 1, ordinal: 0 }; from.index <= index; ) {
    const params = { from: from.index, fromOrdinal: from.ordinal, limit: 1_000 }
    const page = await node.client.call('log.range', params)
    entries.push(...page.entries.filter(entry => entry.index <= index))
    if (page.entries.length === 0 && page.next.index <= from.index) break
    from = page.next
  }
  return entries
}

async function expectNothingLost(
  { nodes }: Processes,
  acknowledged: readonly Acknowledged[]
): Promise<void> {
  const statuses = await Promise.all(nodes.map(node => node.client.call('node.status', {})))
  const last = Math.max(...statuses.map(status => status.executedIndex))
  const logs = await Promise.all(nodes.map(node => logOf(node, last)))
  for (const log of logs) expect(log).toEqual(logs[0])
  const applied = new Map<string, string[]>()
  for (const { session, sequence, payload, applied: isApplied } of logs[0] ?? []) {
    if (!isApplied || sequence === 0) continue
    const name = `${session}/${sequence}`
    applied.set(name, [...(applied.get(name) ?? []), payload])
  }
  for (const { session, sequence, payload } of acknowledged) {
    expect(applied.get(`${session}/${sequence}`)).toEqual([payload])
  }
  expect([...applied.values()].every(payloads => payloads.length === 1)).toBe(true)
}

async function expectNothingSignedTwice({ cluster: made, nodes }: Processes): Promise<void> {
  const directories = nodes.map(node => node.directory)
  const { headers, conflicts } = await headersSignedTwice(directories, made.genesis)
  expect(headers).toBeGreaterThan(100)
  expect(conflicts).toEqual([])
  for (const member of [1, 2, 3, 4]) {
    expect(made.logOf(member).filter(line => line.event === 'evidence')).toEqual([])
  }
}

test(
  'ten crashes, two before each kind of persistence point: nothing is signed twice, lost or run twice',
  patience,
  async () => {
    const processes = new Processes(await TestCluster.make({ cluster }))
    await processes.started()
    const load = new SessionLoad(6, () => processes.nodes)
    await load.grow(20)
    for (const [i, point] of points.entries()) {
      const seat = i % 4
      // Once under load, and once while it comes back.
      // Segments are written once in a while under a load as small as this.
      const isRare = point === 'segments-sync'
      const k = isRare ? 1 : 1 + 7 * i
      const underLoad = (processes.nodes[seat] as NodeProcess).crashAt({ point, k })
      expect(await underLoad, `${point} under load`).toBe('SIGKILL')
      const again = processes.start(seat, { point, k: isRare ? 1 : 1 + i })
      await again.catch(() => undefined)
      const { ended } = processes.nodes[seat] as NodeProcess
      expect(await ended, `${point} at the start`).toBe('SIGKILL')
      await processes.start(seat)
    }
    await load.grow(20)
    await load.stop()
    await expectNothingLost(processes, load.acknowledged)
    expect(await processes.end('SIGTERM')).toEqual(['0', '0', '0', '0'])
    await expectNothingSignedTwice(processes)
  }
)

test.each(['bullshark-turbo', 'bullshark'] as const)(
  '%s: all four are killed at once and started again: nothing that was acknowledged is lost',
  patience,
  async protocol => {
    const processes = new Processes(await TestCluster.make({ cluster: { ...cluster, protocol } }))
    await processes.started()
    const load = new SessionLoad(6, () => processes.nodes)
    await load.grow(100)
    expect(await processes.end('SIGKILL')).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL'])
    await Promise.all([0, 1, 2, 3].map(seat => processes.start(seat)))
    await load.grow(30)
    await load.stop()
    await expectNothingLost(processes, load.acknowledged)
    expect(await processes.end('SIGTERM')).toEqual(['0', '0', '0', '0'])
    await expectNothingSignedTwice(processes)
  }
)
