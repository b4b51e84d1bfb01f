import {
  ascii,
  type CommitIndex,
  type Digest,
  type Hash,
  Reader,
  type Write,
  Writer
} from '@novacron/base'
import {
  type CommittedSubDag,
  decodeSubDag,
  emptyKey,
  indexKey,
  payloadBytesOf,
  type Row,
  type SigningDomain,
  tables
} from '@novacron/consensus'
import { digestsOf, payloadOf } from './commit-queue.ts'
import type { ReplicaEffect } from './effects.ts'
import type { ReplicaOptions } from './options.ts'
import { outcomeTable } from './outcome.ts'
import type { RetentionRules } from './rules.ts'

/** Where pruning has got to: everything below is dropped. */
export const retainedKey: Uint8Array = ascii('retained-from')
const token = 'retention'

export interface RetentionNeeds {
  readonly domain: SigningDomain
  readonly hash: Hash
  readonly rules: RetentionRules
  readonly unorderedPayload: () => ReadonlySet<Digest>
  /** Index of the last commit that is ordered, run or not. */
  readonly orderedIndex: () => CommitIndex
  /** The oldest snapshot that is given away; undefined when there is none. */
  readonly servedIndex: () => CommitIndex | undefined
}

/**
 * Of what is to be kept, so much more has to come together before pruning starts: each start reads commits ahead and passes over
 * all that the database has not yet forgotten, which with every single commit would cost more than running it.
 */
const stepShare = 1 / 64
/** Own checkpoints by which a snapshot may be behind before it keeps nothing any more: a newer one may never come about. */
const servedLagCheckpoints = 2

/**
 * Drops payload and outcomes below a certified checkpoint once there are more commits or bytes than are to be kept. Reads
 * the commit records a piece at a time, since they say which batches go. What the own last checkpoint does not cover stays,
 * whatever others have signed: it is to be run here.
 */
export class Retention {
  readonly #options: ReplicaOptions
  readonly #needs: RetentionNeeds
  #from = 1 as CommitIndex
  /** Below it all batches are dropped; behind `#from` only after a snapshot, until the commits it replaced are swept. */
  #sweptTo = 1
  #bytes = 0
  /** Payload of commits after the own last checkpoint: a restart runs and counts these again. */
  #bytesToReplay = 0
  /** The same for the checkpoint that has begun last, in the making or not. */
  #bytesSinceBegun = 0
  #certified = 0
  #checkpoint = 0
  /** From the own checkpoint before that. */
  #checkpointCommits = 0
  #executed = 0
  /** The newest commit that names a batch, for those named since the start: one given back may be ordered twice. */
  readonly #namedBy = new Map<Digest, CommitIndex>()
  /** The first commit that was ordered since the start; those before it are named only as they are run. */
  #deliveredFrom: number | undefined
  /** Batches whose commit is gone and that may be ordered again, with that commit. */
  readonly #claimed = new Map<Digest, number>()
  /** End of the range that is being read. */
  #readingTo: number | undefined
  /** What is over has not all been dropped since pruning started. */
  #isPruning = false

  constructor(options: ReplicaOptions, needs: RetentionNeeds) {
    this.#options = options
    this.#needs = needs
  }

  /** Lowest commit whose payload is kept. */
  get from(): CommitIndex {
    return this.#from
  }

  get retainedBytes(): number {
    return this.#bytes
  }

  /** Payload of the commits since the last checkpoint began. */
  get bytesSinceBegun(): number {
    return this.#bytesSinceBegun
  }

  /** `checkpoint` is the own last one, from which the executor was restored. */
  restore(value: Uint8Array | undefined, checkpoint: CommitIndex): void {
    this.#checkpoint = checkpoint
    this.#executed = checkpoint
    if (value === undefined) return
    const { from, bytes, sweptTo } = decodeRetained(value)
    this.#from = from
    this.#bytes = bytes
    this.#sweptTo = sweptTo
  }

  /** A snapshot replaced everything up to `index`. */
  adopt(index: CommitIndex): Write {
    this.#from = (index + 1) as CommitIndex
    this.#bytes = 0
    this.#checkpoint = index
    this.#executed = index
    this.#bytesSinceBegun = 0
    return this.checkpointWrite()
  }

  /** The commit was ordered just now. */
  onDelivered(subDag: CommittedSubDag): void {
    this.#deliveredFrom ??= subDag.index
    this.onNamed(subDag)
  }

  /** Asks of a batch: does something that may still be ordered, or waits to be run, name it? */
  claims(): (digest: Digest) => boolean {
    const unordered = this.#needs.unorderedPayload()
    const isUnread = this.#isUnread()
    return digest =>
      isUnread || unordered.has(digest) || (this.#namedBy.get(digest) ?? 0) > this.#executed
  }

  /** After a restart commits wait in the store to be run again: nobody knows yet what they name. */
  #isUnread(): boolean {
    const from = this.#deliveredFrom ?? this.#needs.orderedIndex() + 1
    return this.#executed + 1 < from
  }

  /** The commit was ordered, or read back to be run. */
  onNamed(subDag: CommittedSubDag): void {
    for (const digest of digestsOf(subDag)) {
      const known = this.#namedBy.get(digest) ?? 0
      if (subDag.index > known) this.#namedBy.set(digest, subDag.index)
    }
  }

  onExecuted(index: CommitIndex, payloadBytes: number, out: ReplicaEffect[]): void {
    this.#executed = index
    this.#bytes += payloadBytes
    this.#bytesToReplay += payloadBytes
    this.#bytesSinceBegun += payloadBytes
    this.#maybeRead(out)
  }

  /** A quorum holds the state after `index`: what lies below may go, as far as retention asks. */
  onCertified(index: CommitIndex, out: ReplicaEffect[]): void {
    this.#certified = Math.max(this.#certified, index)
    this.#maybeRead(out)
  }

  /** The last commit is the one of a checkpoint, which will be stored while further ones are run. */
  onCheckpointBegun(): void {
    this.#bytesSinceBegun = 0
  }

  /** The own state after `index` is stored. */
  onCheckpoint(index: CommitIndex, out: ReplicaEffect[]): void {
    this.#checkpointCommits = index - this.#checkpoint
    this.#checkpoint = index
    this.#maybeRead(out)
  }

  /** Returns the index below which everything is dropped now, when it moved. */
  onRead(name: string, rows: readonly Row[], out: ReplicaEffect[]): CommitIndex | undefined {
    const readingTo = this.#readingTo
    if (name !== token || readingTo === undefined) return undefined
    this.#readingTo = undefined
    const { from: fromBefore } = this
    const sweptBefore = this.#sweptTo
    const candidates = new Map(this.#claimed)
    for (const { value } of rows) if (value === undefined || !this.#drop(value, candidates)) break
    // Where no records are left there is nothing to drop either.
    const isAllRead = rows.length < this.#options.readCommitsMax
    if (isAllRead) this.#sweptTo = Math.max(this.#sweptTo, Math.min(readingTo, this.#from))
    if (this.#sweptTo === sweptBefore) return undefined
    const digests = this.#droppable(candidates)
    const range = { from: emptyKey, to: indexKey(this.#from) }
    const writes: Write[] = [{ type: 'delete-range', table: outcomeTable, ...range }, this.#write()]
    // On the disk before the payload goes: the state that makes it superfluous was written without a sync of its own.
    out.push({ type: 'persist', durable: digests.length > 0, writes })
    if (digests.length > 0) out.push({ type: 'drop-batches', digests })
    this.#maybeRead(out)
    return this.#from === fromBefore ? undefined : this.#from
  }

  /** Where pruning stands, to be stored with the own checkpoint that has begun last. */
  checkpointWrite(): Write {
    this.#bytesToReplay = this.#bytesSinceBegun
    return this.#write()
  }

  /** Adds the batches that go with this commit; false when it is to be kept. */
  #drop(record: Uint8Array, candidates: Map<Digest, number>): boolean {
    const subDag = decodeSubDag(record, this.#needs.domain, this.#needs.hash)
    const isKept = subDag.index >= this.#from
    if (isKept && !this.#isOver()) return false
    for (const digest of digestsOf(subDag)) candidates.set(digest, subDag.index)
    this.#sweptTo = subDag.index + 1
    if (isKept) {
      const bytes = payloadBytesOf(payloadOf(subDag))
      this.#bytes = Math.max(this.#bytesToReplay, this.#bytes - bytes)
      this.#from = this.#sweptTo as CommitIndex
    }
    return true
  }

  /** Batches that nothing names any more; what an unordered vertex names is looked at again the next time. */
  #droppable(candidates: ReadonlyMap<Digest, number>): Digest[] {
    const unordered = this.#needs.unorderedPayload()
    const isUnread = this.#isUnread()
    const droppable: Digest[] = []
    this.#claimed.clear()
    for (const [digest, index] of candidates) {
      const namedBy = this.#namedBy.get(digest) ?? 0
      const isUnordered = isUnread || unordered.has(digest)
      if (this.#needs.rules.isDroppable({ index, namedBy, isUnordered })) {
        droppable.push(digest)
        this.#namedBy.delete(digest)
      } else if (namedBy <= index) {
        this.#claimed.set(digest, index)
      }
    }
    return droppable
  }

  get #target(): number {
    return this.#needs.rules.droppableBelow({
      certified: this.#certified,
      checkpoint: this.#checkpoint,
      executed: this.#executed,
      served: this.#servedIndex
    })
  }

  /** Infinite where no snapshot keeps anything. */
  get #servedIndex(): number {
    const served = this.#needs.servedIndex()
    const { checkpointIntervalCommits } = this.#options
    const lagMax =
      servedLagCheckpoints * Math.max(checkpointIntervalCommits, this.#checkpointCommits)
    const isKept = served !== undefined && this.#checkpoint - served <= lagMax
    return isKept ? served : Number.POSITIVE_INFINITY
  }

  #isOver(slackShare = 0): boolean {
    const { retentionCommits, retentionBytes } = this.#options
    const commitsMax = retentionCommits + Math.floor(slackShare * retentionCommits)
    const bytesMax = retentionBytes + Math.floor(slackShare * retentionBytes)
    return this.#target - this.#from > commitsMax || this.#bytes > bytesMax
  }

  #maybeRead(out: ReplicaEffect[]): void {
    if (this.#readingTo !== undefined) return
    const isToSweep = this.#sweptTo < this.#from
    this.#isPruning = this.#from < this.#target && this.#isOver(this.#isPruning ? 0 : stepShare)
    if (!isToSweep && !this.#isPruning) return
    this.#readingTo = this.#isPruning ? this.#target : this.#from
    const range = {
      table: tables.commit,
      from: indexKey(this.#sweptTo),
      to: indexKey(this.#readingTo),
      limit: this.#options.readCommitsMax
    }
    out.push({ type: 'read', token, range })
  }

  #write(): Write {
    const bytes = this.#bytes - this.#bytesToReplay
    const value = encodeRetained({ from: this.#from, bytes, sweptTo: this.#sweptTo })
    return { type: 'put', table: tables.meta, key: retainedKey, value }
  }
}

/** What a restart must know of what is kept. */
interface Retained {
  readonly from: CommitIndex
  readonly bytes: number
  readonly sweptTo: number
}

export function encodeRetained({ from, bytes, sweptTo }: Retained): Uint8Array {
  return new Writer(24).u64(from).u64(bytes).u64(sweptTo).finish()
}

/** @throws {Fault<DecodeFault>} */
export function decodeRetained(value: Uint8Array): Retained {
  const reader = new Reader(value)
  const from = reader.u64() as CommitIndex
  const retained = { from, bytes: reader.u64(), sweptTo: reader.u64() }
  reader.end()
  return retained
}
