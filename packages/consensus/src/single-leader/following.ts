import type { CommitIndex, Millis, PeerId, ReplicaId, Round, Write } from '@novacron/base'
import type { BatchReference } from '../dag/header.ts'
import type { Entry } from './entry.ts'
import type { Append, Appended } from './messages.ts'
import { deleteEntries, type Out, putEntry, type SingleLeaderParts } from './parts.ts'

type Answer = Pick<Appended, 'answer' | 'index'>

/** One term of one follower: entries wait for their payload, then they are stored and answered for. */
export class Following {
  readonly #parts: SingleLeaderParts
  /** They follow the log and one another; the first lacks payload. */
  #pending: Entry[] = []
  /** Up to it the own log is the leader's. */
  #verified: number
  #leaderCommit = 0
  #firstPendingSince: Millis = 0 as Millis

  constructor(parts: SingleLeaderParts, commitIndex: number) {
    this.#parts = parts
    this.#verified = commitIndex
  }

  get committable(): number {
    return Math.min(this.#leaderCommit, this.#verified)
  }

  get pending(): readonly Entry[] {
    return this.#pending
  }

  onAppend(append: Append, commitIndex: number, now: Millis, out: Out): Answer {
    const { log, options } = this.#parts
    const { previousIndex, previousTerm, entries } = append
    const lastIndex = log.lastIndex + this.#pending.length
    if (previousIndex > lastIndex) return { answer: 'gap', index: lastIndex as CommitIndex }
    // What is committed here is so everywhere: it need not be compared.
    const isSame = previousIndex <= commitIndex || this.#termAt(previousIndex) === previousTerm
    if (!isSame) return { answer: 'gap', index: this.#before(previousIndex, commitIndex) }
    this.#leaderCommit = Math.max(this.#leaderCommit, append.commitIndex)
    const writes: Write[] = []
    for (const entry of entries) {
      if (entry.index <= commitIndex || this.#termAt(entry.index) === entry.term) continue
      this.#truncate(entry.index, writes)
      if (this.#pending.length >= options.logEntriesMax) break
      if (this.#pending.length === 0) this.#firstPendingSince = now
      this.#pending.push(entry)
    }
    const same = Math.min(previousIndex + entries.length, log.lastIndex)
    this.#verified = Math.max(this.#verified, same)
    this.admit(now, out, writes)
    return this.answer
  }

  get answer(): Answer {
    return { answer: 'match', index: this.#verified as CommitIndex }
  }

  /** Stores what is complete; true when that moved the log. */
  admit(now: Millis, out: Out, writes: Write[] = []): boolean {
    const { log, hasBatch } = this.#parts
    const before = log.lastIndex
    let count = 0
    for (const entry of this.#pending) {
      if (!entry.payload.every(({ digest }) => hasBatch(digest))) break
      log.append(entry)
      writes.push(putEntry(this.#parts, entry))
      count++
    }
    if (count > 0) {
      this.#pending.splice(0, count)
      this.#firstPendingSince = now
      this.#verified = log.lastIndex
    }
    // A promise: the answer says that entries and payload are on disk.
    if (writes.length > 0) out.push({ type: 'persist', durable: true, writes })
    return log.lastIndex > before
  }

  /** Payload that should have come by now. */
  pullLate(leader: PeerId, now: Millis, out: Out): void {
    const { committee, hasBatch, options } = this.#parts
    const [first] = this.#pending
    if (first === undefined || now - this.#firstPendingSince < options.resendMs) return
    this.#firstPendingSince = now
    const named: readonly BatchReference[] = this.#pending.flatMap(({ payload }) => payload)
    const batches = named.filter(({ digest }) => !hasBatch(digest))
    const author = committee.replicaOf(leader) as ReplicaId
    const round = (this.#parts.log.lastIndex + this.#pending.length) as Round
    const by = { type: 'vertex', author, round } as const
    out.push({ type: 'want-batches', batches, holders: [leader], by })
  }

  #termAt(index: number): number | undefined {
    const { log } = this.#parts
    return index > log.lastIndex
      ? this.#pending[index - log.lastIndex - 1]?.term
      : log.termAt(index)
  }

  /** Where to look next: below all entries of the term that differs. */
  #before(index: number, commitIndex: number): CommitIndex {
    const term = this.#termAt(index)
    let at = index
    while (at > commitIndex && this.#termAt(at) === term) at--
    return at as CommitIndex
  }

  /** Drops what another leader has put at `from` and behind. */
  #truncate(from: number, writes: Write[]): void {
    const { log } = this.#parts
    if (from <= log.lastIndex) {
      log.truncateAfter(from - 1)
      this.#pending = []
      writes.push(deleteEntries(this.#parts, from))
    } else {
      this.#pending.length = Math.min(this.#pending.length, from - log.lastIndex - 1)
    }
  }
}
