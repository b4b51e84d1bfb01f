import { type CommitIndex, Reader, type Round } from '@novacron/base'
import { type Certificate, readCertificate } from '../dag/certificate.ts'
import { readSignedHeader, type SignedHeader } from '../dag/header.ts'
import { type CommittedSubDag, decodeSubDag } from '../dag/sub-dag.ts'
import type { Row } from '../orderer.ts'
import { emptyKey, endKey, indexKey, roundKey, tables } from '../tables.ts'
import { type Committer, commitWindow } from './committer.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'
import { lowestIndexKey, readLowestIndex } from './pruner.ts'
import type { SignedRecord } from './signed-record.ts'

export interface Restored {
  readonly lowestIndex: CommitIndex
  /** Above the garbage-collection round, ascending by round. */
  readonly certificates: readonly Certificate[]
  /** Headers proposed or voted for above the garbage-collection round. */
  readonly headers: readonly SignedHeader[]
}

/** Rows of one restore read: the window of rounds above the last anchor's garbage collection. */
const restoreRowsMax = 200_000

/** Reads the protocol's state back, in steps, before anything else happens. */
export class Restorer {
  readonly #parts: BullsharkParts
  #lowestIndex = 1 as CommitIndex
  #certificates: readonly Certificate[] = []

  constructor(parts: BullsharkParts) {
    this.#parts = parts
  }

  /** One read after the other: the driver may answer them in any order. */
  start(out: BullsharkEffect[]): void {
    out.push({
      type: 'read',
      token: 'restore/meta',
      keys: [{ table: tables.meta, key: lowestIndexKey }]
    })
  }

  /** Returns everything once the last of the reads is in. */
  onRead(
    token: string,
    rows: readonly Row[],
    committer: Committer,
    record: SignedRecord,
    out: BullsharkEffect[]
  ): Restored | undefined {
    const { domain, hash, dag } = this.#parts
    const values = rows.flatMap(row => (row.value === undefined ? [] : [row.value]))
    switch (token) {
      case 'restore/meta':
        this.#lowestIndex = readLowestIndex(rows[0]?.value)
        out.push({
          type: 'read',
          token: 'restore/signed',
          range: { table: tables.signed, from: emptyKey, to: endKey, limit: restoreRowsMax }
        })
        return undefined
      case 'restore/signed':
        record.restore(rows, domain, hash, this.#parts.rules)
        this.#readCommits(endKey, out)
        return undefined
      case 'restore/commits': {
        const commits = values.map(value => decodeSubDag(value, domain, hash)).reverse()
        const gap = commits.findIndex((commit, at) => at > 0 && !follows(commits[at - 1], commit))
        if (gap > 0) {
          this.#readCommits(indexKey(endBelow(commits[gap - 1], commits[gap])), out)
          return undefined
        }
        const kept = this.#isWhole(commits) ? commits : []
        if (kept.length < commits.length) out.push(lostLog(commits))
        committer.restore(kept)
        this.#readRounds('restore/certificates', tables.certificate, dag.gcRound, out)
        return undefined
      }
      case 'restore/certificates':
        this.#certificates = values.map(value => readCertificate(new Reader(value), domain, hash))
        this.#readRounds('restore/headers', tables.header, dag.gcRound, out)
        return undefined
      case 'restore/headers': {
        const headers = values
          .map(value => readSignedHeader(new Reader(value), domain, hash))
          // Own payload is proposed again, sent or not.
          .filter(signed => signed.header.author === this.#parts.self || record.covers(signed))
        return { lowestIndex: this.#lowestIndex, certificates: this.#certificates, headers }
      }
      default:
        return undefined
    }
  }

  /**
   * Do they tell everything that was ordered above garbage collection, and who leads? With less, others would order more or
   * less than the next commit of this log.
   */
  #isWhole(commits: readonly CommittedSubDag[]): boolean {
    const { options, committee } = this.#parts
    const needed = Math.min(commitWindow(options, committee.size), commits.at(-1)?.index ?? 0)
    return commits.length >= needed
  }

  #readCommits(to: Uint8Array, out: BullsharkEffect[]): void {
    const { options, committee } = this.#parts
    const limit = commitWindow(options, committee.size)
    const range = { table: tables.commit, from: emptyKey, to, limit, reverse: true }
    out.push({ type: 'read', token: 'restore/commits', range })
  }

  #readRounds(token: string, table: string, above: Round, out: BullsharkEffect[]): void {
    const { epoch } = this.#parts.domain
    const from = roundKey(epoch, (above + 1) as Round)
    const to = roundKey(epoch, Number.MAX_SAFE_INTEGER as Round)
    out.push({ type: 'read', token, range: { table, from, to, limit: restoreRowsMax } })
  }
}

/** A record that was lost leaves a gap: the log goes on below it, and the rest is ordered again from its vertices. */
function follows(before: CommittedSubDag | undefined, commit: CommittedSubDag): boolean {
  return (
    before !== undefined && before.digest === commit.previous && before.index + 1 === commit.index
  )
}

/** What is left is too little to go on from: as with an empty store, the others have the log, or a snapshot. */
function lostLog(commits: readonly CommittedSubDag[]): BullsharkEffect {
  const facts = { lastIndex: commits.at(-1)?.index ?? 0, records: commits.length }
  return { type: 'note', level: 'warn', event: 'log-records-lost', facts }
}

/** Where the log ends: behind `before`, or with neighbours that do not fit below both, since either may be damaged. */
function endBelow(
  before: CommittedSubDag | undefined,
  commit: CommittedSubDag | undefined
): number {
  const index = before?.index ?? 0
  return index + 1 === commit?.index ? index : index + 1
}
