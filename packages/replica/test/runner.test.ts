import { emptyBytes } from '@novacron/base'
import {
  type Batch,
  type CommittedSubDag,
  encodeSubDag,
  indexKey,
  type Row,
  tables
} from '@novacron/consensus'
import { Executor } from '@novacron/execution'
import { describe, expect, test } from 'vitest'
import { digestsOf, payloadOf } from '../src/commit-queue.ts'
import type { ReplicaEffect } from '../src/effects.ts'
import { Runner, runTimer } from '../src/runner.ts'
import { at, batch, commitChain, domain, hash, indexOf, openOf, referenceOf } from './fixtures.ts'
import { MemoryStore } from './memory-store.ts'

const batches = Array.from({ length: 12 }, (_, i) => batch(openOf(i), i))
const chain = commitChain(12, index => [referenceOf(batches[index - 1] as Batch)])
const at0 = at(50)

class Bench {
  readonly store = new MemoryStore()
  readonly executor = new Executor({}, { hash, chain: domain.chain })
  readonly runner: Runner
  readonly told: number[] = []

  constructor(options: { executeCommitsPerStep?: number; readCommitsMax?: number } = {}) {
    const { executor, store } = this
    this.runner = new Runner(
      { executeCommitsPerStep: 4, readCommitsMax: 8, ...options },
      { executor, batches: store, domain, hash }
    )
  }

  hold(...indexes: number[]): this {
    for (const { digest, bytes } of indexes.map(index => batches[index - 1] as Batch)) {
      this.store.batches.set(digest, bytes)
    }
    return this
  }

  deliver(...indexes: number[]): this {
    for (const index of indexes) this.runner.onDelivered(commit(index), 'final')
    return this
  }

  run(lastIndex: number = Number.POSITIVE_INFINITY): ReplicaEffect[] {
    const out: ReplicaEffect[] = []
    this.runner.run(
      at0,
      () => lastIndex,
      out,
      ({ subDag, outcome }) => {
        expect(outcome.index).toBe(subDag.index)
        expect(this.executor.index).toBe(subDag.index)
        this.told.push(subDag.index)
      }
    )
    return out
  }

  replay(ordered: number): ReplicaEffect[] {
    const out: ReplicaEffect[] = []
    this.runner.replay(indexOf(ordered), out)
    return out
  }
}

const commit = (index: number) => chain[index - 1] as CommittedSubDag
const rowOf = (index: number): Row => ({
  table: tables.commit,
  key: indexKey(index),
  value: encodeSubDag(commit(index))
})
const all = Array.from({ length: 12 }, (_, i) => i + 1)

describe('live commits', () => {
  test('run in order, and each is told before the next', () => {
    const bench = new Bench().hold(...all).deliver(1, 2, 3)
    expect(bench.run()).toEqual([])
    expect(bench.told).toEqual([1, 2, 3])
    expect(bench.executor.sessionCount).toBe(3)
    expect(bench.executor.digest).toBe(commit(3).digest)
  })

  test('that the executor has are skipped', () => {
    const bench = new Bench().hold(...all).deliver(1, 2)
    bench.run()
    bench.deliver(1, 2, 3)
    expect(bench.runner.queueLength).toBe(1)
    bench.run()
    expect(bench.told).toEqual([1, 2, 3])
  })

  test('that do not follow are left to replay', () => {
    const bench = new Bench().hold(...all).deliver(1, 3)
    bench.run()
    expect(bench.told).toEqual([1])
    const range = { table: tables.commit, from: indexKey(2), to: indexKey(10), limit: 8 }
    expect(bench.replay(3)).toEqual([{ type: 'read', token: 'replay', range }])
    expect(bench.replay(3)).toEqual([])
    expect(bench.runner.onRead('replay', [rowOf(2), rowOf(3)])).toBe(true)
    bench.run()
    expect(bench.told).toEqual([1, 2, 3])
    expect(bench.replay(3)).toEqual([])
  })

  test('queue up to the bound while payload is missing; the rest comes from the store', () => {
    const bench = new Bench({ readCommitsMax: 3 }).deliver(1, 2, 3, 4, 5)
    expect(bench.runner.queueLength).toBe(3)
    expect(bench.replay(5)).toEqual([])
    bench.hold(1)
    bench.run()
    expect(bench.replay(5)).toMatchObject([{ range: { from: indexKey(4) } }])
    expect(bench.runner.queueLengthMax).toBe(5)
  })
})

describe('replay', () => {
  test('ends at the first record that is missing or does not follow', () => {
    const bench = new Bench().hold(...all)
    bench.runner.onRead('replay', [rowOf(1), { ...rowOf(2), value: undefined }, rowOf(3)])
    expect(bench.runner.queueLength).toBe(1)
    bench.runner.onRead('replay', [rowOf(2), rowOf(4)])
    expect(bench.runner.queueLength).toBe(2)
  })

  test('of a record that the store has lost is asked for once, and waits for a snapshot', () => {
    const bench = new Bench().hold(...all)
    expect(bench.replay(3)).toHaveLength(1)
    expect(bench.runner.isRecordLost).toBe(false)
    bench.runner.onRead('replay', [rowOf(2), rowOf(3)])
    expect(bench.runner.isRecordLost).toBe(true)
    expect(bench.replay(3)).toEqual([])
    // Ordered again, from its vertices, it comes alive.
    bench.deliver(1)
    expect(bench.runner.isRecordLost).toBe(false)
    bench.run()
    expect(bench.replay(3)).toHaveLength(1)
    bench.runner.onRead('replay', [rowOf(2), rowOf(3)])
    bench.run()
    expect(bench.told).toEqual([1, 2, 3])
  })

  test('that is overtaken by a live commit loses nothing', () => {
    const bench = new Bench().hold(...all)
    bench.replay(2)
    bench.deliver(1)
    bench.runner.onRead('replay', [])
    expect(bench.runner.isRecordLost).toBe(false)
    expect(bench.replay(2)).toHaveLength(1)
  })

  test('of a snapshot’s predecessor is harmless', () => {
    const bench = new Bench().hold(...all)
    bench.runner.onRead('replay', [rowOf(7), rowOf(8)])
    expect(bench.runner.queueLength).toBe(0)
  })

  test('leaves the tokens of others alone', () => {
    const bench = new Bench()
    expect(bench.runner.onRead('retention', [rowOf(1)])).toBe(false)
    expect(bench.runner.queueLength).toBe(0)
  })
})

describe('payload', () => {
  test('of the next commit is asked for, and holds up what follows', () => {
    const bench = new Bench().hold(2, 3).deliver(1, 2, 3)
    expect(bench.run()).toEqual([])
    expect(bench.told).toEqual([])
    expect(bench.runner.missing()).toEqual(payloadOf(commit(1)))
    expect(digestsOf(commit(1))).toEqual([batches[0]?.digest])
    bench.hold(1)
    expect(bench.runner.missing()).toEqual([])
    bench.run()
    expect(bench.told).toEqual([1, 2, 3])
    expect(bench.runner.missing()).toEqual([])
  })

  test('that is there and cannot be read counts as missing', () => {
    const bench = new Bench().deliver(1)
    bench.store.has = () => true
    bench.run()
    expect(bench.told).toEqual([])
  })

  test('may be empty', () => {
    const bench = new Bench()
    const [empty] = commitChain(1, () => [referenceOf(batch(emptyBytes))])
    bench.store.batches.set(batch(emptyBytes).digest, batch(emptyBytes).bytes)
    bench.runner.onDelivered(empty as CommittedSubDag, 'tentative')
    bench.run()
    expect(bench.executor.index).toBe(1)
  })
})

describe('a step', () => {
  test('runs at most so many commits, then asks once to go on', () => {
    const bench = new Bench({ executeCommitsPerStep: 2 }).hold(...all).deliver(1, 2, 3, 4, 5)
    expect(bench.run()).toEqual([{ type: 'set-timer', timer: runTimer, at: at0 }])
    expect(bench.told).toEqual([1, 2])
    expect(bench.run()).toEqual([])
    bench.runner.onTimer()
    expect(bench.run()).toEqual([])
    expect(bench.told).toEqual([1, 2, 3, 4, 5])
  })

  test('that ends exactly at the bound needs no other', () => {
    const bench = new Bench({ executeCommitsPerStep: 2 }).hold(...all).deliver(1, 2)
    expect(bench.run()).toEqual([])
    expect(bench.told).toEqual([1, 2])
  })

  test('runs nothing beyond the commit that is given, and goes on once it may', () => {
    const bench = new Bench().hold(...all).deliver(1, 2, 3)
    expect(bench.run(2)).toEqual([])
    expect(bench.told).toEqual([1, 2])
    bench.run()
    expect(bench.told).toEqual([1, 2, 3])
  })
})
