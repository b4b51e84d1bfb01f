import { emptyKey, endKey, indexKey, type Read, type Row, tables } from '@novacron/consensus'
import { decodeCheckpoint, executionTables } from '@novacron/execution'
import type { ReplicaEffect } from './effects.ts'
import { retainedKey } from './retention.ts'

/** Two trees of 4,096 buckets, and some room. */
const bucketRowsMax = 16_384
const checkpointRowsMax = 16

/** What the store gives back before the replica can begin. */
export interface RestoredRows {
  /** Tables `bucket` and `executed`. */
  readonly state: readonly Row[]
  readonly retained: Uint8Array | undefined
  /** The newest checkpoint certificates and own votes. */
  readonly checkpoints: readonly Row[]
  /** What was fetched of a snapshot that was not complete. */
  readonly partial: readonly Row[]
  /** Encoded commits that lead to the restored checkpoint, ascending. */
  readonly window: readonly Uint8Array[]
}

const tokens = [
  'own/state',
  'own/executed',
  'own/meta',
  'own/checkpoint',
  'own/vote',
  'own/partial'
] as const
const windowToken = 'own/window'
type Token = (typeof tokens)[number]

/** Reads the replica's own tables, before the orderer reads its own. */
export class ReplicaRestorer {
  readonly #windowCommits: number
  readonly #rows = new Map<string, readonly Row[]>()

  constructor(windowCommits: number) {
    this.#windowCommits = windowCommits
  }

  start(): readonly Read[] {
    const all = { from: emptyKey, to: endKey }
    return [
      readRange('own/state', { table: executionTables.bucket, ...all, limit: bucketRowsMax }),
      {
        type: 'read',
        token: 'own/executed',
        keys: [{ table: executionTables.executed, key: emptyKey }]
      },
      { type: 'read', token: 'own/meta', keys: [{ table: tables.meta, key: retainedKey }] },
      newest('own/checkpoint', executionTables.checkpoint),
      newest('own/vote', executionTables.checkpointVote),
      readRange('own/partial', {
        table: executionTables.snapshotPartial,
        ...all,
        limit: bucketRowsMax
      })
    ]
  }

  /** Everything once the last read is in; undefined before, and for tokens of others. */
  onRead(token: string, rows: readonly Row[], out: ReplicaEffect[]): RestoredRows | undefined {
    if (token === windowToken) return this.#finish(rows)
    if (!(tokens as readonly string[]).includes(token)) return undefined
    this.#rows.set(token, rows)
    if (tokens.every(name => this.#rows.has(name))) out.push(this.#readWindow())
    return undefined
  }

  /** The commits before the restored state: they follow from where it stands, so they are read last. */
  #readWindow(): Read {
    const executed = this.#of('own/executed')[0]?.value
    const index = executed === undefined ? 0 : decodeCheckpoint(executed).index
    const from = indexKey(Math.max(0, index + 1 - this.#windowCommits))
    const range = {
      table: tables.commit,
      from,
      to: indexKey(index + 1),
      limit: this.#windowCommits
    }
    return { type: 'read', token: windowToken, range }
  }

  #finish(rows: readonly Row[]): RestoredRows {
    return {
      state: [...this.#of('own/state'), ...this.#of('own/executed')],
      retained: this.#of('own/meta')[0]?.value,
      checkpoints: [...this.#of('own/checkpoint'), ...this.#of('own/vote')],
      partial: this.#of('own/partial'),
      window: rows.flatMap(row => (row.value === undefined ? [] : [row.value]))
    }
  }

  #of(token: Token): readonly Row[] {
    return this.#rows.get(token) ?? []
  }
}

function readRange(token: Token, range: NonNullable<Read['range']>): Read {
  return { type: 'read', token, range }
}

function newest(token: Token, table: string): Read {
  const range = { table, from: emptyKey, to: endKey, limit: checkpointRowsMax, reverse: true }
  return { type: 'read', token, range }
}
