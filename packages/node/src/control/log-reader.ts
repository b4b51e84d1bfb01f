import type { BatchReader, CommitIndex, Hash } from '@novacron/base'
import { toHex } from '@novacron/base'
import {
  type CommittedSubDag,
  decodeSubDag,
  indexKey,
  type SigningDomain,
  tables,
  transactionsOf
} from '@novacron/consensus'
import { EnvelopeCursor, type OrdinalRange } from '@novacron/execution'
import { decodeOutcome, outcomeTable } from '@novacron/replica'
import { apiFault } from '../api/faults.ts'
import type {
  CommitName,
  CommitPage,
  LogEntry,
  LogPage,
  LogPosition,
  LogRange
} from '../api/node-control.ts'
import { logBytesMax } from '../api/options.ts'
import { unlessDiskFull } from '../driver/disk-full.ts'
import type { Store } from '../store/store.ts'

export interface LogReaderNeeds {
  readonly store: Store
  readonly batches: BatchReader
  readonly domain: SigningDomain
  readonly hash: Hash
  readonly transactionBytesMax: number
  /** Names of applications by their byte. */
  readonly applicationNames: ReadonlyMap<number, string>
  readonly executedIndex: () => CommitIndex
  readonly retainedFrom: () => CommitIndex
}

/** Commits read from the store at once. */
const pageCommits = 64
/** Commits without transactions that one call passes over before it answers with where it stands. */
const emptyCommitsMax = 4_096

/** Reads the agreed log back from the store. */
export class LogReader {
  readonly #needs: LogReaderNeeds

  constructor(needs: LogReaderNeeds) {
    this.#needs = needs
  }

  /** @throws {Fault<ApiFacts>} pruned */
  async range({ from, limit }: LogRange): Promise<LogPage> {
    const page = new PageBuilder(from, limit)
    const lowest = this.#refusePruned(from.index)
    const start = Math.max(1, from.index)
    for (let index = start; index - start < emptyCommitsMax; index += pageCommits) {
      const commits = await this.#commits(index, pageCommits)
      for (const commit of commits) {
        await this.#addEntries(commit, page)
        if (page.isFull) return page.finish(lowest)
      }
      if (commits.length < pageCommits) break
    }
    return page.finish(lowest)
  }

  /** The digest chain. @throws {Fault<ApiFacts>} pruned */
  async commits({ from, limit }: { from: number; limit: number }): Promise<CommitPage> {
    const lowest = this.#refusePruned(from)
    const start = Math.max(1, from)
    const commits = await this.#commits(start, limit)
    const names = commits.map(({ index, digest }): CommitName => ({ index, digest }))
    return { commits: names, next: start + names.length, lowest }
  }

  #refusePruned(from: number): number {
    const lowest = this.#needs.retainedFrom()
    if (from < lowest && from > 0) throw apiFault({ code: 'pruned', lowest })
    if (from === 0 && lowest > 1) throw apiFault({ code: 'pruned', lowest })
    return lowest
  }

  async #commits(from: number, limit: number): Promise<CommittedSubDag[]> {
    const { store, domain, hash, executedIndex } = this.#needs
    const upTo = Math.min(from + limit, executedIndex() + 1)
    if (from >= upTo) return []
    // While the disk is full, what is on it is still read; the log then ends before what is not.
    await unlessDiskFull(store.settle())
    const commits: CommittedSubDag[] = []
    const range = { from: indexKey(from), to: indexKey(upTo), limit }
    for await (const [, value] of store.range(tables.commit, range)) {
      const commit = decodeSubDag(value, domain, hash)
      if (commit.index !== from + commits.length) break
      commits.push(commit)
    }
    return commits
  }

  async #addEntries(commit: CommittedSubDag, page: PageBuilder): Promise<void> {
    const payload = commit.vertices.flatMap(vertex => vertex.payload)
    if (payload.length > 0) {
      const outcome = await this.#needs.store.get(outcomeTable, indexKey(commit.index))
      const applied =
        outcome === undefined ? [] : decodeOutcome(commit.index, outcome).appliedRanges
      this.#walk(commit, applied, page)
    }
    if (!page.isFull) page.passCommit(commit.index)
  }

  #walk(commit: CommittedSubDag, applied: readonly OrdinalRange[], page: PageBuilder): void {
    const { batches, transactionBytesMax, applicationNames } = this.#needs
    let ordinal = 0
    for (const { digest } of commit.vertices.flatMap(vertex => vertex.payload)) {
      if (page.isFull) return
      const batch = batches.read(digest)
      if (batch === undefined) throw apiFault({ code: 'pruned', lowest: commit.index + 1 })
      const cursor = new EnvelopeCursor(transactionsOf(batch), transactionBytesMax)
      for (; cursor.next(); ordinal++) {
        if (!page.wants(commit.index, ordinal)) continue
        if (page.isFull) return
        page.add({
          index: commit.index,
          ordinal,
          digest: commit.digest,
          session: toHex(cursor.session()),
          sequence: cursor.sequence,
          application:
            applicationNames.get(cursor.application) ?? `application-${cursor.application}`,
          payload: cursor.payload().slice(),
          applied: applied.some(range => ordinal >= range.first && ordinal <= range.last)
        })
      }
    }
  }
}

class PageBuilder {
  readonly #from: LogPosition
  readonly #limit: number
  readonly #entries: LogEntry[] = []
  #bytes = 0
  #next: LogPosition

  constructor(from: LogPosition, limit: number) {
    this.#from = from
    this.#limit = limit
    this.#next = from
  }

  get isFull(): boolean {
    return this.#entries.length >= this.#limit || this.#bytes >= logBytesMax
  }

  wants(index: number, ordinal: number): boolean {
    return index > this.#from.index || ordinal >= this.#from.ordinal
  }

  add(entry: LogEntry): void {
    this.#entries.push(entry)
    this.#bytes += entry.payload.length
    this.#next = { index: entry.index, ordinal: entry.ordinal + 1 }
  }

  passCommit(index: number): void {
    this.#next = { index: index + 1, ordinal: 0 }
  }

  finish(lowest: number): LogPage {
    return { entries: this.#entries, next: this.#next, lowest }
  }
}
