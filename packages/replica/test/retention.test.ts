import { type Digest, emptyBytes } from '@novacron/base'
import {
  type BatchReference,
  type CommittedSubDag,
  encodeSubDag,
  indexKey,
  tables
} from '@novacron/consensus'
import { describe, expect, test } from 'vitest'
import type { ReplicaEffect } from '../src/effects.ts'
import { defaultReplicaOptions, type ReplicaOptions } from '../src/options.ts'
import { outcomeTable } from '../src/outcome.ts'
import { Retention, retainedKey } from '../src/retention.ts'
import { retentionRules } from '../src/rules.ts'
import { commitChain, digestOfText, domain, hash, indexOf, only } from './fixtures.ts'
import { MemoryStore } from './memory-store.ts'

const batchBytes = 100
const payloadAt = (index: number): BatchReference[] => [
  { digest: digestOfText(`batch ${index}`), sizeBytes: batchBytes }
]
const chain = commitChain(140, payloadAt)

/** Retention over a store that holds the commits, an outcome for each, and answers reads when told to. */
class Bench {
  readonly store: MemoryStore
  readonly retention: Retention
  dropped: string[] = []
  reads: Extract<ReplicaEffect, { type: 'read' }>[] = []
  moved: number[] = []
  unordered: ReadonlySet<Digest> = new Set()
  ordered = 0
  /** The oldest snapshot that is given away. */
  served: number | undefined

  constructor(options: Partial<ReplicaOptions>, store = new MemoryStore()) {
    this.store = store
    this.retention = new Retention(
      { ...defaultReplicaOptions, ...options },
      {
        domain,
        hash,
        rules: retentionRules,
        unorderedPayload: () => this.unordered,
        orderedIndex: () => indexOf(this.ordered),
        servedIndex: () => (this.served === undefined ? undefined : indexOf(this.served))
      }
    )
  }

  /** Executes commits, and takes an own checkpoint after the last. */
  execute(from: number, to: number): this {
    for (const commit of chain.slice(from - 1, to)) this.#record(commit)
    return this.checkpoint(to)
  }

  #record(commit: CommittedSubDag): void {
    const key = indexKey(commit.index)
    this.store.write([
      { type: 'put', table: tables.commit, key, value: encodeSubDag(commit) },
      { type: 'put', table: outcomeTable, key, value: emptyBytes }
    ])
    this.#collect(out => this.retention.onExecuted(commit.index, batchBytes, out))
  }

  /** Executed after the last own checkpoint. */
  executeMore(from: number, to: number): this {
    for (const commit of chain.slice(from - 1, to)) this.#record(commit)
    return this
  }

  /** Begun with the commit `index`; while it is made, those up to `to` are executed. */
  checkpoint(index: number, to = index): this {
    this.retention.onCheckpointBegun()
    this.executeMore(index + 1, to)
    this.store.write([this.retention.checkpointWrite()])
    return this.#collect(out => this.retention.onCheckpoint(indexOf(index), out))
  }

  certify(index: number): this {
    return this.#collect(out => this.retention.onCertified(indexOf(index), out))
  }

  /** Answers open reads until there are none. */
  settle(): this {
    for (let read = this.reads.shift(); read !== undefined; read = this.reads.shift()) {
      const { token } = read
      const rows = this.store.rowsOf(read)
      this.#collect(out => {
        const below = this.retention.onRead(token, rows, out)
        if (below !== undefined) this.moved.push(below)
      })
    }
    return this
  }

  restart(options: Partial<ReplicaOptions>, checkpoint: number): Bench {
    const bench = new Bench(options, new MemoryStore(this.store))
    const keys = [{ table: tables.meta, key: retainedKey }]
    const [row] = bench.store.rowsOf({ type: 'read', token: '', keys })
    bench.retention.restore(row?.value, indexOf(checkpoint))
    return bench
  }

  get outcomes(): number {
    return this.store.rows(outcomeTable).length
  }

  #collect(fill: (out: ReplicaEffect[]) => void): this {
    const out: ReplicaEffect[] = []
    fill(out)
    for (const [place, effect] of out.entries()) {
      if (effect.type === 'persist') {
        // Payload goes only behind a sync of what makes it superfluous.
        expect(effect.durable).toBe(out[place + 1]?.type === 'drop-batches')
        this.store.write(effect.writes)
      }
    }
    this.reads.push(...only(out, 'read'))
    this.dropped.push(...only(out, 'drop-batches').flatMap(({ digests }) => digests))
    return this
  }
}

const digests = (from: number, to: number) =>
  chain.slice(from - 1, to).flatMap(commit => payloadAt(commit.index).map(({ digest }) => digest))

describe('retention by commits', () => {
  test('keeps all within the bound, and drops exactly the batches of what is beyond it', () => {
    const bench = new Bench({ retentionCommits: 10 }).execute(1, 11).certify(11).settle()
    expect(bench.reads).toEqual([])
    expect(bench.dropped).toEqual([])
    bench.execute(12, 20).certify(20).settle()
    expect(bench.retention.from).toBe(10)
    expect(bench.dropped).toEqual(digests(1, 9))
    expect(bench.moved).toEqual([10])
    expect(bench.outcomes).toBe(11)
    expect(bench.retention.retainedBytes).toBe(11 * batchBytes)
  })

  test('reads a piece at a time', () => {
    const bench = new Bench({ retentionCommits: 10, readCommitsMax: 4 }).execute(1, 30).certify(30)
    expect(bench.reads).toMatchObject([{ range: { from: indexKey(1), limit: 4 } }])
    bench.certify(30)
    expect(bench.reads).toHaveLength(1)
    bench.settle()
    expect(bench.moved).toEqual([5, 9, 13, 17, 20])
    expect(bench.dropped).toEqual(digests(1, 19))
  })

  test('starts in steps of a 64th, and then drops all that is over', () => {
    const bench = new Bench({ retentionCommits: 128, readCommitsMax: 2 })
      .execute(1, 131)
      .certify(131)
    expect(bench.reads).toEqual([])
    bench.execute(132, 132).certify(132).settle()
    expect(bench.moved).toEqual([3, 4])
    bench.execute(133, 134).certify(134)
    expect(bench.reads).toEqual([])
  })

  test('an older certificate takes nothing back', () => {
    const bench = new Bench({ retentionCommits: 1 }).execute(1, 20).certify(20).settle()
    bench.certify(15).settle()
    expect(bench.retention.from).toBe(19)
  })
})

describe('retention by bytes', () => {
  test('drops until the bytes are within the bound', () => {
    const retentionBytes = 5 * batchBytes
    const bench = new Bench({ retentionBytes }).execute(1, 5).certify(5).settle()
    expect(bench.dropped).toEqual([])
    bench.execute(6, 8).certify(8).settle()
    expect(bench.dropped).toEqual(digests(1, 3))
    expect(bench.retention.retainedBytes).toBe(retentionBytes)
  })

  test('starts in steps of a 64th', () => {
    const bench = new Bench({ retentionBytes: 64 * batchBytes }).execute(1, 65).certify(65).settle()
    expect(bench.reads).toEqual([])
    bench.execute(66, 66).certify(66).settle()
    expect(bench.dropped).toEqual(digests(1, 2))
  })

  test('drops nothing at or above the checkpoint, whatever the bytes', () => {
    const bench = new Bench({ retentionBytes: 1 }).execute(1, 10).certify(10).settle()
    expect(bench.dropped).toEqual(digests(1, 9))
    expect(bench.retention.from).toBe(10)
    expect(bench.retention.retainedBytes).toBe(batchBytes)
  })
})

describe('what others have signed and this node has not run', () => {
  test('stays until an own checkpoint covers it', () => {
    const bench = new Bench({ retentionCommits: 1 }).execute(1, 5).certify(20).settle()
    expect(bench.dropped).toEqual(digests(1, 3))
    bench.executeMore(6, 20)
    bench.certify(20).settle()
    expect(bench.dropped).toEqual(digests(1, 3))
    bench.checkpoint(20).settle()
    expect(bench.dropped).toEqual(digests(1, 18))
  })
})

describe('a snapshot that is given away', () => {
  const options = { retentionCommits: 1, checkpointIntervalCommits: 10 }

  test('keeps what follows it, for who takes it', () => {
    const bench = new Bench(options)
    bench.served = 10
    bench.execute(1, 20).certify(20).settle()
    expect(bench.dropped).toEqual(digests(1, 8))
    bench.served = 20
    bench.execute(21, 30).certify(30).settle()
    expect(bench.dropped).toEqual(digests(1, 18))
  })

  test('keeps what follows it although checkpoints have become rare', () => {
    const bench = new Bench(options)
    bench.served = 80
    bench.execute(1, 80).execute(81, 160).certify(160).settle()
    expect(bench.dropped).toEqual(digests(1, 78))
  })

  test('keeps nothing any more when no newer one comes about', () => {
    const bench = new Bench(options)
    bench.served = 10
    bench.execute(1, 30).certify(30).settle()
    expect(bench.dropped).toEqual(digests(1, 8))
    bench.execute(31, 40).certify(40).settle()
    expect(bench.dropped).toEqual(digests(1, 38))
  })
})

describe('a restart', () => {
  test('goes on from the stored place', () => {
    const options = { retentionCommits: 10 }
    const bench = new Bench(options).execute(1, 20).certify(20).settle()
    const again = bench.restart(options, 20)
    expect(again.retention.from).toBe(10)
    expect(again.retention.retainedBytes).toBe(11 * batchBytes)
    again.execute(21, 22).certify(22).settle()
    expect(again.dropped).toEqual(digests(10, 11))
  })

  test('counts once what is run again', () => {
    const options = { retentionCommits: 10 }
    const bench = new Bench(options).execute(1, 20).executeMore(21, 25).certify(20).settle()
    expect(bench.retention.retainedBytes).toBe(16 * batchBytes)
    const again = bench.restart(options, 20)
    expect(again.retention.retainedBytes).toBe(11 * batchBytes)
    expect(again.executeMore(21, 25).retention.retainedBytes).toBe(16 * batchBytes)
  })

  test('counts once what was run while the checkpoint before the restart was made', () => {
    const options = { retentionCommits: 10 }
    const bench = new Bench(options).executeMore(1, 20).checkpoint(20, 23).certify(20).settle()
    expect(bench.retention.retainedBytes).toBe(14 * batchBytes)
    const again = bench.restart(options, 20)
    expect(again.executeMore(21, 23).retention.retainedBytes).toBe(14 * batchBytes)
    bench.executeMore(24, 40).certify(20).settle()
    expect(bench.retention.retainedBytes).toBe(31 * batchBytes)
  })

  test('of an empty store begins at the first commit', () => {
    const bench = new Bench({}).restart({}, 0)
    expect(bench.retention.from).toBe(1)
    expect(bench.retention.retainedBytes).toBe(0)
  })
})

describe('a snapshot', () => {
  test('leaves nothing below it readable, and sweeps away what it replaced', () => {
    const bench = new Bench({ retentionCommits: 10, readCommitsMax: 4 }).execute(1, 6)
    bench.store.write([bench.retention.adopt(indexOf(40))])
    expect(bench.retention.from).toBe(41)
    bench.execute(41, 45).certify(40).settle()
    expect(bench.dropped).toEqual(digests(1, 6))
    expect(bench.moved).toEqual([])
    expect(bench.retention.from).toBe(41)
    expect(bench.retention.retainedBytes).toBe(5 * batchBytes)
    bench.execute(46, 55).certify(55).settle()
    expect(bench.dropped).toEqual([...digests(1, 6), ...digests(41, 44)])
  })

  test('goes on sweeping after a restart', () => {
    const bench = new Bench({ readCommitsMax: 4 }).execute(1, 6)
    bench.store.write([bench.retention.adopt(indexOf(40))])
    const again = bench.restart({ readCommitsMax: 4 }, 40).certify(40).settle()
    expect(again.retention.from).toBe(41)
    expect(again.dropped).toEqual(digests(1, 6))
  })

  test('while commits are read does not bring the place back', () => {
    const bench = new Bench({ retentionCommits: 2 }).execute(1, 10).certify(10)
    bench.store.write([bench.retention.adopt(indexOf(40))])
    bench.settle()
    expect(bench.retention.from).toBe(41)
    expect(bench.dropped).toEqual(digests(1, 10))
    expect(bench.moved).toEqual([])
  })
})

test('reads of others, and answers that nobody asked for, change nothing', () => {
  const bench = new Bench({ retentionCommits: 1 }).execute(1, 10)
  const out: ReplicaEffect[] = []
  const rows = bench.store.rows(tables.commit)
  expect(bench.retention.onRead('retention', rows, out)).toBeUndefined()
  bench.certify(10)
  expect(bench.retention.onRead('replay', rows, out)).toBeUndefined()
  const gone = [{ table: tables.commit, key: indexKey(1), value: undefined }]
  expect(bench.retention.onRead('retention', gone, out)).toBeUndefined()
  expect(out).toEqual([])
  expect(bench.retention.from).toBe(1)
})

describe('a batch that may be ordered again', () => {
  test('stays when its commit goes, until nothing names it any more', () => {
    const bench = new Bench({ retentionCommits: 1 })
    bench.unordered = new Set(digests(3, 4))
    bench.execute(1, 20).certify(20).settle()
    expect(bench.retention.from).toBe(19)
    expect(bench.dropped).toEqual([...digests(1, 2), ...digests(5, 18)])
    bench.unordered = new Set(digests(4, 4))
    bench.execute(21, 22).certify(22).settle()
    expect(bench.dropped.slice(16)).toEqual([...digests(3, 3), ...digests(19, 20)])
    bench.unordered = new Set()
    bench.execute(23, 24).certify(24).settle()
    expect(bench.dropped.slice(19)).toEqual([...digests(4, 4), ...digests(21, 22)])
  })

  test('goes with the later commit once that has ordered it', () => {
    const bench = new Bench({ retentionCommits: 1 })
    bench.unordered = new Set(digests(3, 3))
    bench.execute(1, 20).certify(20).settle()
    const again = commitChain(30, index => payloadAt(index === 21 ? 3 : index))[20]
    bench.retention.onNamed(again as CommittedSubDag)
    bench.unordered = new Set()
    bench.execute(21, 21).certify(21).settle()
    expect(bench.dropped).not.toContain(digests(3, 3)[0])
  })
})

test('claimed is what may be ordered, what was and waits to be run, and all that nobody has read yet', () => {
  const bench = new Bench({})
  bench.unordered = new Set(digests(9, 9))
  bench.retention.onDelivered(chain[0] as CommittedSubDag)
  bench.retention.onDelivered(chain[1] as CommittedSubDag)
  bench.execute(1, 1)
  const asked = () =>
    [1, 2, 3, 9].filter(index => bench.retention.claims()(digests(index, index)[0] as Digest))
  expect(asked()).toEqual([2, 9])
  bench.execute(2, 2)
  expect(asked()).toEqual([9])
  const restarted = bench.restart({}, 2)
  restarted.ordered = 2
  const isClaimed = () => restarted.retention.claims()(digests(3, 3)[0] as Digest)
  expect(isClaimed()).toBe(false)
  restarted.ordered = 4
  expect(isClaimed()).toBe(true)
  restarted.execute(3, 3)
  restarted.retention.onDelivered(chain[4] as CommittedSubDag)
  restarted.ordered = 5
  expect(isClaimed()).toBe(true)
  restarted.execute(4, 4)
  expect(isClaimed()).toBe(false)
})

test('nothing is dropped while commits wait unread that may name it', () => {
  const bench = new Bench({ retentionCommits: 1 })
  bench.ordered = 30
  bench.execute(1, 20).certify(20).settle()
  expect([bench.retention.from, bench.dropped]).toEqual([19, []])
  bench.execute(21, 30).certify(30).settle()
  expect(bench.dropped).toEqual(digests(1, 28))
})
