import { type Millis, toHex, type Write } from '@novacron/base'
import {
  Executor,
  encodeEnvelope,
  encodeKvOperation,
  encodeSessionOpen,
  executionTables,
  kvApplication,
  restoreExecutor
} from '@novacron/execution'
import { describe, expect, test } from 'vitest'
import { Checkpointer, sealTimer } from '../src/checkpointer.ts'
import { defaultReplicaOptions, type ReplicaEffect, type ReplicaOptions } from '../src/index.ts'
import { at, domain, hash, indexOf, only } from './fixtures.ts'
import { MemoryStore } from './memory-store.ts'

const needs = { hash, chain: domain.chain }
const retained: Write = {
  type: 'put',
  table: 'meta',
  key: new Uint8Array(1),
  value: new Uint8Array()
}

/** An executor with a key for each number, its store, and whoever hears of checkpoints. */
class Bench {
  readonly executor = new Executor({}, needs)
  readonly store = new MemoryStore()
  readonly told: string[] = []
  readonly options: ReplicaOptions
  readonly checkpointer: Checkpointer
  /** In the commits since the last checkpoint began. */
  payloadBytes = 0
  #session = new Uint8Array()
  #sequence = 0

  constructor(options: Partial<ReplicaOptions>) {
    this.options = { ...defaultReplicaOptions, checkpointIntervalCommits: 10, ...options }
    const tell = (what: string) => (index: number) => void this.told.push(`${what} ${index}`)
    const payloadBytes = () => this.payloadBytes
    this.checkpointer = new Checkpointer(this.options, {
      epoch: domain.epoch,
      executor: () => this.executor,
      retention: {
        get bytesSinceBegun() {
          return payloadBytes()
        },
        onCheckpointBegun: () => tell('retention begun')(this.executor.index),
        checkpointWrite: () => retained,
        onCheckpoint: tell('retention')
      },
      sync: () => ({
        onCheckpointBegun: tell('sync begun'),
        onCheckpoint: executor => tell('sync')(executor.images.at(-1)?.checkpoint.index ?? 0)
      })
    })
  }

  /** Runs commits up to `index`, with so many keys in each. */
  runTo(index: number, keys = 1): ReplicaEffect[] {
    const out: ReplicaEffect[] = []
    while (this.executor.index < index) {
      this.#commit(keys)
      this.checkpointer.onExecuted(at(100), out)
    }
    return this.#keep(out)
  }

  timer(): ReplicaEffect[] {
    const out: ReplicaEffect[] = []
    this.checkpointer.onTimer(at(200), out)
    return this.#keep(out)
  }

  hurry(): ReplicaEffect[] {
    const out: ReplicaEffect[] = []
    this.checkpointer.hurry(at(300), out)
    return out
  }

  /** The store has written everything. */
  written(): boolean {
    return this.checkpointer.onRead('state-saved')
  }

  get stored(): number {
    const keys = [{ table: executionTables.executed, key: new Uint8Array() }]
    const rows = this.store.rowsOf({ type: 'read', token: '', keys })
    const all = [...rows, ...this.store.rows(executionTables.bucket)]
    return restoreExecutor({}, needs, all).index
  }

  #commit(keys: number): void {
    const index = indexOf(this.executor.index + 1)
    const commit = (batch: Uint8Array) =>
      this.executor.execute({ index, digest: domain.chain, timestamp: 0, batches: [batch] })
    if (index === 1) {
      const { runs } = commit(encodeSessionOpen({ nonce: new Uint8Array(16) }))
      this.#session = runs[0]?.value as Uint8Array<ArrayBuffer>
      return
    }
    const puts = Array.from({ length: keys }, (_, n) => {
      const key = new Uint8Array([this.#sequence >>> 8, this.#sequence & 0xff])
      const payload = encodeKvOperation({ type: 'put', key, value: new Uint8Array(100).fill(n) })
      const [session, sequence] = [this.#session, ++this.#sequence]
      return encodeEnvelope({ application: kvApplication, session, sequence, payload })
    })
    commit(new Uint8Array(Buffer.concat(puts)))
  }

  #keep(out: ReplicaEffect[]): ReplicaEffect[] {
    for (const effect of only(out, 'persist')) this.store.write(effect.writes)
    return out
  }
}

const timersOf = (out: readonly ReplicaEffect[]): Millis[] =>
  only(out, 'set-timer').map(({ timer, at }) => {
    expect(timer).toBe(sealTimer)
    return at
  })

describe('a checkpoint', () => {
  test('begins with the commit that ends an interval, and is told of when it is complete', () => {
    const bench = new Bench({ sealBytesMin: 1_000_000, sealBytesMax: 1_000_000 })
    expect(bench.runTo(9)).toEqual([])
    expect(timersOf(bench.runTo(10))).toEqual([at(100 + bench.options.sealDelayMs)])
    expect(bench.told).toEqual(['retention begun 10', 'sync begun 10'])
    const out = bench.runTo(11)
    expect(out.map(({ type }) => type)).toEqual(['persist', 'read'])
    expect(only(out, 'persist')[0]?.writes.slice(-2)).toMatchObject([
      { table: executionTables.executed },
      retained
    ])
    expect(bench.told.slice(2)).toEqual(['sync 10', 'retention 10'])
    expect(bench.stored).toBe(10)
  })

  test('goes on with each commit and each timer, and is in the store only when it is whole', () => {
    const bench = new Bench({ sealBytesMin: 1, sealBytesMax: 1 })
    bench.runTo(10, 3)
    const rows: number[] = []
    const count = () => rows.push(bench.store.rows(executionTables.bucket).length)
    count()
    bench.runTo(11)
    count()
    bench.runTo(12)
    count()
    expect(timersOf(bench.timer())).toEqual([at(200 + bench.options.sealDelayMs)])
    count()
    expect(rows).toEqual([0, 1, 2, 3])
    expect(bench.stored).toBe(0)
    // Nothing is run any more, and it ends all the same.
    let timers = 0
    while (timersOf(bench.timer()).length > 0) timers++
    expect(timers).toBeGreaterThan(20)
    expect(bench.stored).toBe(10)
    expect(bench.executor.isSealing).toBe(false)
  })

  test('is paced to be whole after half an interval, within bounds', () => {
    const commitsOf = (options: Partial<ReplicaOptions>) => {
      const bench = new Bench({ checkpointIntervalCommits: 40, ...options })
      bench.runTo(40, 20)
      let commits = 0
      while (bench.executor.isSealing && commits < 39) bench.runTo(40 + ++commits, 0)
      return commits
    }
    const paced = commitsOf({ sealBytesMin: 1 })
    expect(paced).toBeGreaterThan(10)
    expect(paced).toBeLessThanOrEqual(20)
    expect(commitsOf({ sealBytesMin: 1_000_000, sealBytesMax: 1_000_000 })).toBeLessThan(4)
    expect(commitsOf({ sealBytesMin: 1_000_000, sealBytesMax: 20_000 })).toBeGreaterThan(30)
  })
})

describe('a checkpoint of more than the log has carried since the last one', () => {
  const small = { sealBytesMin: 1_000_000, sealBytesMax: 1_000_000, checkpointBytesMin: 1 }
  const begun = ({ told }: Bench) => told.filter(text => text.startsWith('retention begun'))

  test('waits for the end of the interval in which the log has', () => {
    const bench = new Bench(small)
    bench.runTo(29, 3)
    expect(begun(bench)).toEqual([])
    bench.payloadBytes = 1_000_000
    bench.runTo(30)
    expect(begun(bench)).toEqual(['retention begun 30'])
  })

  test('waits for eight intervals at most, counted from the last one', () => {
    const bench = new Bench(small)
    bench.runTo(79)
    expect(begun(bench)).toEqual([])
    bench.runTo(81)
    expect(bench.written()).toBe(true)
    bench.runTo(159)
    expect(begun(bench)).toEqual(['retention begun 80'])
    bench.runTo(160)
    expect(begun(bench)).toEqual(['retention begun 80', 'retention begun 160'])
  })

  test('does not wait where it is small', () => {
    const bench = new Bench({ ...small, checkpointBytesMin: 1_000_000 })
    bench.runTo(10)
    expect(begun(bench)).toEqual(['retention begun 10'])
  })
})

describe('commits', () => {
  test('stop before the next checkpoint until this one is whole and written', () => {
    const bench = new Bench({ sealBytesMin: 1, sealBytesMax: 1 })
    const { checkpointer } = bench
    expect(checkpointer.runnableIndex).toBe(Number.POSITIVE_INFINITY)
    bench.runTo(10, 5)
    expect(checkpointer.runnableIndex).toBe(19)
    bench.runTo(19)
    expect([bench.executor.isSealing, checkpointer.runnableIndex]).toEqual([true, 19])
    while (bench.executor.isSealing) {
      // Without a pause, once for each piece.
      expect(timersOf(bench.hurry())).toEqual([at(300)])
      expect(bench.hurry()).toEqual([])
      bench.timer()
    }
    expect(bench.hurry()).toEqual([])
    expect([bench.stored, checkpointer.runnableIndex]).toEqual([10, 19])
    expect(checkpointer.onRead('another')).toBe(false)
    expect(checkpointer.runnableIndex).toBe(19)
    expect(bench.written()).toBe(true)
    expect(checkpointer.runnableIndex).toBe(Number.POSITIVE_INFINITY)
    bench.runTo(20)
    expect(bench.told.slice(-2)).toEqual(['retention begun 20', 'sync begun 20'])
  })

  test('stop for a snapshot that is on its way to the disk as well', () => {
    const bench = new Bench({})
    bench.runTo(3)
    const out: ReplicaEffect[] = []
    bench.checkpointer.onSaved(out)
    bench.checkpointer.onSaved(out)
    expect(only(out, 'read')).toHaveLength(2)
    bench.written()
    expect(bench.checkpointer.runnableIndex).toBe(9)
    bench.written()
    expect(bench.checkpointer.runnableIndex).toBe(Number.POSITIVE_INFINITY)
  })
})

test('rows that the store has not written are bounded', () => {
  const bench = new Bench({ sealBytesMin: 1, sealBytesMax: 1, unwrittenBytesMax: 300 })
  bench.runTo(10, 8)
  const read = () => only(bench.timer(), 'read').length
  let pieces = 1
  while (read() === 0) pieces++
  expect(pieces).toBeGreaterThan(2)
  expect(pieces).toBeLessThan(6)
  const before = bench.store.rows(executionTables.bucket).map(({ key }) => toHex(key))
  for (let i = 0; i < 5; i++) expect(only(bench.timer(), 'persist')).toEqual([])
  expect(bench.hurry()).toEqual([])
  bench.written()
  expect(only(bench.timer(), 'persist')).toHaveLength(1)
  expect(bench.store.rows(executionTables.bucket)).toHaveLength(before.length + 1)
})
