import type { Write } from '@novacron/base'
import { type CommittedSubDag, indexKey, tables, transactionsOf } from '@novacron/consensus'
import {
  checkpointKey,
  Executor,
  encodeVote,
  executionTables,
  readExecuted,
  rowKeys
} from '@novacron/execution'
import { describe, expect, test } from 'vitest'
import { payloadOf } from '../src/commit-queue.ts'
import type { ReplicaEvent, ReplicaOptions } from '../src/index.ts'
import { Cluster, protocol } from './cluster.ts'
import { at, domain, hash, indexOf, replicaOf } from './fixtures.ts'
import { Host } from './host.ts'
import { MemoryStore } from './memory-store.ts'

/** Tables of the orderer that say nothing of how far the log is. */
const votes: readonly string[] = [tables.certificate, tables.header, tables.signed]

/** Keeps what a crash after each write would leave, once there is an own checkpoint. */
class Recorded extends MemoryStore {
  readonly crashes: MemoryStore[] = []

  override write(writes: readonly Write[]): void {
    super.write(writes)
    const says = writes.some(({ table }) => !votes.includes(table))
    if (says && this.rows(executionTables.executed).length > 0) {
      this.crashes.push(new MemoryStore(this))
    }
  }
}

/** Starts a replica by itself: it restores and runs again what its store has. */
function restart(seat: number, store: MemoryStore, settings: Cluster['settings']) {
  const host = new Host(seat, protocol, settings, store)
  const events: ReplicaEvent[] = [{ type: 'started' }]
  for (let event = events.shift(); event !== undefined; event = events.shift()) {
    for (const effect of host.replica.step(event, at(10_000))) {
      host.effects.push(effect)
      if (effect.type === 'persist') store.write(effect.writes)
      if (effect.type !== 'read') continue
      events.push({ type: 'read-done', token: effect.token, rows: store.rowsOf(effect) })
    }
  }
  return host
}

/** State and session root before the first and after each commit, from one executor that never stopped. */
function rootsOf(commits: readonly CommittedSubDag[], store: MemoryStore): string[] {
  const executor = new Executor({}, { hash, chain: domain.chain, members: [] })
  const root = () => {
    const { stateRoot, sessionRoot } = executor.roots()
    return `${stateRoot}/${sessionRoot}`
  }
  const roots = [root()]
  for (const subDag of commits) {
    const { index, digest, timestamp } = subDag
    const batches = payloadOf(subDag).map(batch =>
      transactionsOf(store.read(batch.digest) as Uint8Array)
    )
    executor.execute({ index, digest, timestamp, batches })
    roots.push(root())
  }
  return roots
}

/** A run of four with load, of which seat 1 is looked at. */
function ranCluster(options: Partial<ReplicaOptions> = {}) {
  const store = new Recorded()
  const cluster = new Cluster(options, [0, 2, 3])
  cluster.join(1, store)
  cluster.open().put(20, 15).runTo(1, 18)
  const host = cluster.at(1)
  const commits = host.executed.map(({ subDag }) => subDag)
  return { cluster, host, store, commits, roots: rootsOf(commits, store) }
}

/** One bucket or hash with each commit and each timer. */
const smallest = { sealBytesMin: 1, sealBytesMax: 1, sealDelayMs: 2 }

test('a crash in the middle of a checkpoint leaves the one before, and the same state is reached again', () => {
  const { cluster, store, roots } = ranCluster(smallest)
  const checkpoints = new Set<number>()
  let halfWritten = 0
  for (const crash of store.crashes) {
    const host = restart(1, crash, cluster.settings)
    const { index } = host.replica.executor
    expect(host.roots, `after commit ${index}`).toBe(roots[index])
    const executed = readExecuted(crash.rows(executionTables.executed)[0]?.value as Uint8Array)
    checkpoints.add(executed.checkpoint.index)
    if (crash.rows(executionTables.bucket).length > rowKeys(executed).length) halfWritten++
  }
  expect(checkpoints.size).toBeGreaterThan(1)
  expect(halfWritten).toBeGreaterThan(10)
})

describe('a crash', () => {
  const { cluster, store, commits, roots } = ranCluster()

  test('after any write leaves a store from which the same state is reached again', () => {
    expect(store.crashes.length).toBeGreaterThan(30)
    const reached = new Set<number>()
    for (const crash of store.crashes) {
      const lastStored = crash.rows(tables.commit).length
      const host = restart(1, crash, cluster.settings)
      const { index } = host.replica.executor
      // What certificates allow is ordered again, so it may come further than the commits that were written.
      expect(index).toBeGreaterThanOrEqual(lastStored)
      expect(host.roots, `after commit ${index}`).toBe(roots[index])
      reached.add(index)
    }
    expect(reached.size).toBeGreaterThan(10)
  })

  test('is told about the commits after the last own checkpoint once more', () => {
    const host = restart(1, new MemoryStore(store), cluster.settings)
    const { index } = host.replica.executor
    const checkpoint = index - (index % 5)
    expect(host.executed.map(({ subDag }) => subDag.index)).toEqual(
      Array.from({ length: index - checkpoint }, (_, i) => checkpoint + 1 + i)
    )
    expect(host.executed.every(({ finality }) => finality === 'final')).toBe(true)
    expect(host.replica.status().checkpointIndex).toBeGreaterThanOrEqual(checkpoint - 5)
    expect(roots[index]).toBe(host.roots)
    expect(host.replica.executor.digest).toBe(commits[index - 1]?.digest)
  })

  test('that lost commit records below the executed state is made good by the orderer', () => {
    const copy = new MemoryStore(store)
    const range = { from: indexKey(13), to: indexKey(1_000) }
    copy.write([{ type: 'delete-range', table: tables.commit, ...range }])
    const executed = { type: 'read', token: '', keys: [] } as const
    expect(copy.rowsOf(executed)).toEqual([])
    const host = restart(1, copy, cluster.settings)
    const { index } = host.replica.executor
    expect(index).toBeGreaterThanOrEqual(15)
    expect(host.replica.orderer.lastIndex).toBeGreaterThanOrEqual(index)
    expect(host.roots).toBe(roots[index])
  })

  test('that damaged an own vote stops the node; so does a damaged state', () => {
    for (const table of [executionTables.checkpointVote, executionTables.executed]) {
      const copy = new MemoryStore(store)
      const [row] = copy.rows(table)
      const key = row?.key ?? indexKey(1)
      copy.write([{ type: 'put', table, key, value: new Uint8Array(3) }])
      expect(() => restart(1, copy, cluster.settings), table).toThrow()
    }
  })

  test('after which the state is not the one that was signed stops signing, and says so', () => {
    const copy = new MemoryStore(store)
    const table = executionTables.checkpointVote
    const keys = [{ table: executionTables.executed, key: new Uint8Array() }]
    const [executed] = copy.rowsOf({ type: 'read', token: '', keys })
    const { checkpoint } = readExecuted(executed?.value as Uint8Array)
    const other = { ...checkpoint, stateRoot: checkpoint.sessionRoot }
    const vote = { checkpoint: other, replica: replicaOf(1), signature: new Uint8Array(64) }
    const all = { from: new Uint8Array(), to: new Uint8Array(9).fill(0xff) }
    copy.write([
      { type: 'delete-range', table: executionTables.checkpoint, ...all },
      { type: 'put', table, key: checkpointKey(checkpoint.index), value: encodeVote(vote) }
    ])
    const { replica } = restart(1, copy, cluster.settings)
    expect(replica.status().state).toBe('diverged')
    expect(replica.status().reasons).toContain(
      `signing is held: the state after commit ${checkpoint.index} is not what was signed here before`
    )
  })

  test('of all leaves a network that goes on from where it was', () => {
    const again = new Cluster()
    for (const seat of [0, 1, 2, 3]) {
      again.stop(again.at(seat))
      again.join(seat, new MemoryStore(cluster.at(seat).store))
    }
    again.runTo(1, indexOf(commits.length + 10))
    const [first] = again.at(1).executed
    expect(first?.subDag.digest).toBe(commits[(first?.subDag.index ?? 0) - 1]?.digest)
  })
})
