import { emptyKey, endKey, indexKey, type Read, type Row, tables } from '@novacron/consensus'
import { executionTables, readExecuted, rowKeys } from '@novacron/execution'
import type { ReplicaEffect } from './effects.ts'
import { retainedKey } from './retention.ts'

/** What is held of a snapshot: two trees of 4,096 buckets, and some room. */
const partialRowsMax = 16_384
const checkpointRowsMax = 16

/** What the store gives back before the replica can begin. */
export interface RestoredRows {
  /** The row `executed`, and those of the table `bucket` that it refers to. */
  readonly state: readonly Row[]
  readonly retained: Uint8Array | undefined
  /** The newest checkpoint certificates and own votes. */
  readonly checkpoints: readonly Row[]
  /** What was fetched of a snapshot that was not complete. */
  readonly partial: readonly Row[]
  /** Encoded commits that lead to the restored checkpoint, ascending. */
  readonly window: readonly Uint8Array[]
}

const tokens = ['own/executed', 'own/meta', 'own/checkpoint', 'own/vote', 'own/partial'] as const
/** Follow from where the restored state stands, so they are read last. */
const lateTokens = ['own/state', 'own/window'] as const
type Token = (typeof tokens)[number] | (typeof lateTokens)[number]

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
        limit: partialRowsMax
      })
    ]
  }

  /**
   * Everything once the last read is in; undefined before, and for tokens of others.
   *
   * @throws {Fault<RestoreFault>} when the row `executed` cannot be read
   */
  onRead(token: string, rows: readonly Row[], out: ReplicaEffect[]): RestoredRows | undefined {
    if (isOneOf(lateTokens, token)) {
      this.#rows.set(token, rows)
      return lateTokens.every(name => this.#rows.has(name)) ? this.#finish() : undefined
    }
    if (!isOneOf(tokens, token)) return undefined
    this.#rows.set(token, rows)
    if (tokens.every(name => this.#rows.has(name))) out.push(...this.#readLate())
    return undefined
  }

  /** The rows of the last own checkpoint, and the commits before it. */
  #readLate(): readonly Read[] {
    const value = this.#of('own/executed')[0]?.value
    const executed = value === undefined ? undefined : readExecuted(value)
    const index = executed?.checkpoint.index ?? 0
    const from = indexKey(Math.max(0, index + 1 - this.#windowCommits))
    const range = {
      table: tables.commit,
      from,
      to: indexKey(index + 1),
      limit: this.#windowCommits
    }
    const keys = executed === undefined ? [] : rowKeys(executed)
    return [{ type: 'read', token: 'own/state', keys }, readRange('own/window', range)]
  }

  #finish(): RestoredRows {
    const valuesOf = (token: Token) =>
      this.#of(token).flatMap(row => (row.value === undefined ? [] : [row.value]))
    return {
      state: [...this.#of('own/executed'), ...this.#of('own/state')],
      retained: this.#of('own/meta')[0]?.value,
      checkpoints: [...this.#of('own/checkpoint'), ...this.#of('own/vote')],
      partial: this.#of('own/partial'),
      window: valuesOf('own/window')
    }
  }

  #of(token: Token): readonly Row[] {
    return this.#rows.get(token) ?? []
  }
}

function isOneOf(names: readonly string[], token: string): boolean {
  return names.includes(token)
}

function readRange(token: Token, range: NonNullable<Read['range']>): Read {
  return { type: 'read', token, range }
}

function newest(token: Token, table: string): Read {
  const range = { table, from: emptyKey, to: endKey, limit: checkpointRowsMax, reverse: true }
  return { type: 'read', token, range }
}
