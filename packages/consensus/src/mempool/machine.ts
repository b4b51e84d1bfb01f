import {
  type BatchReader,
  type Broadcast,
  type CommitIndex,
  type Count,
  type Digest,
  type Epoch,
  Fault,
  type Hash,
  type Machine,
  type Millis,
  PeerBudgets,
  type PeerId,
  ReleasingMap,
  type ReplicaId,
  type Round,
  type Send,
  type SetTimer,
  unreachable,
  type Verified
} from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { BatchReference } from '../dag/header.ts'
import type { NamedBy, QueueGauge } from '../orderer.ts'
import { AdmissionWindow } from './admission.ts'
import { type Batch, type BatchHeader, batchHeaderBytes, readBatchHeader } from './batch.ts'
import { BatchMaker } from './batch-maker.ts'
import { laneOf } from './lane.ts'
import type { MempoolMessage } from './messages.ts'
import { checkMempoolOptions, defaultMempoolOptions, type MempoolOptions } from './options.ts'
import { BatchPulls } from './pulls.ts'

export type MempoolEvent =
  /** Whole envelopes back to back; admission has been asked before. */
  | { readonly type: 'submitted'; readonly region: Uint8Array; readonly count: number }
  | { readonly type: 'take'; readonly batchesMax: number; readonly bytesMax: number }
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Verified<MempoolMessage> }
  | {
      readonly type: 'wanted'
      readonly batches: readonly BatchReference[]
      readonly holders: readonly PeerId[]
      readonly by?: NamedBy
    }
  | { readonly type: 'collected'; readonly round: Round }
  | {
      readonly type: 'ordered'
      readonly index: CommitIndex
      readonly digests: readonly Digest[]
    }
  | { readonly type: 'requeue'; readonly batches: readonly BatchReference[] }
  | {
      readonly type: 'ship-batches'
      readonly batches: readonly BatchReference[]
      readonly to: readonly PeerId[]
    }
  | { readonly type: 'peers'; readonly peers: readonly PeerId[] }
  | { readonly type: 'timer-fired'; readonly timer: string }

export type MempoolEffect =
  | StoreBatch
  | DropBatches
  | Send<MempoolMessage>
  | Broadcast<MempoolMessage>
  | SetTimer
  | Count
  | { readonly type: 'penalize'; readonly peer: PeerId; readonly code: string }
  /** Transactions wait and nothing has said so since the last `take`. */
  | { readonly type: 'payload-waiting' }
  | { readonly type: 'payload-offered'; readonly batches: readonly BatchReference[] }
  | { readonly type: 'batches-stored'; readonly digests: readonly Digest[] }

/** Appends to the batch files at once; on disk with the next durable `persist`. */
export interface StoreBatch {
  readonly type: 'store-batch'
  readonly batch: Batch
}

export interface DropBatches {
  readonly type: 'drop-batches'
  readonly digests: readonly Digest[]
}

export interface MempoolNeeds {
  readonly committee: Committee
  readonly epoch: Epoch
  /** Undefined for an observer, which takes no transactions. */
  readonly self: ReplicaId | undefined
  readonly hash: Hash
  readonly batches: BatchReader
  /** Batches go where `ship-batches` says, and those of any member are taken from any other. */
  readonly isShipped?: boolean
  /** Asked anew before anything is dropped: is this batch named by what may still be ordered, or waits to be run? */
  readonly claims: () => (digest: Digest) => boolean
}

/** Looking for a batch costs something even when it is not here. */
const lookupBytes = 32
const servedPeersMax = 1_024

interface Unordered {
  readonly author: ReplicaId
  readonly sizeBytes: number
  /** When it was stored, or found to be named. */
  sinceIndex: CommitIndex
  readonly storedAt: Millis
}

/** A commit takes some rounds more or less; three times the least, and a quarter of a second, is a backlog. */
const admissionPatience = { patience: 3, slackMs: 250 }

/** Sealed batches that wait for a header, beyond which the open one waits until it is full. */
const earlySealQueueMax = 8

/** Looks for abandoned batches in the time after which they are dropped. */
const looksPerExpiry = 20

/**
 * Narwhal's worker: packs transactions into batches, spreads them, keeps those of others, and pulls what is named and not
 * here. It orders nothing.
 *
 * source: Danezis et al., "Narwhal and Tusk", arXiv 2105.11827, section 4.2
 */
export class Mempool implements Machine<MempoolEvent, MempoolEffect> {
  readonly #options: MempoolOptions
  readonly #needs: MempoolNeeds
  readonly #maker: BatchMaker | undefined
  readonly #window: AdmissionWindow
  readonly #pulls: BatchPulls
  /** Own sealed batches that no header names. */
  readonly #queue: BatchReference[] = []
  readonly #unordered = new ReleasingMap<Digest, Unordered>()
  readonly #unorderedBytes = new Map<ReplicaId, number>()
  readonly #served: PeerBudgets
  #lastIndex = 0 as CommitIndex
  #hasAnnounced = false

  constructor(options: Partial<MempoolOptions>, needs: MempoolNeeds) {
    this.#options = { ...defaultMempoolOptions, ...options }
    checkMempoolOptions(this.#options)
    this.#needs = needs
    this.#pulls = new BatchPulls(this.#options, needs.committee.size - 1)
    this.#served = new PeerBudgets({
      peerBytesPerSecond: this.#options.pullBytesPerSecond,
      allBytesPerSecond: this.#options.pullBytesPerSecond * (needs.committee.size + 1),
      peersMax: servedPeersMax
    })
    const { pendingBytesMin, pendingBytesStart, pendingBytesMax } = this.#options
    this.#window = new AdmissionWindow({
      bytesMin: Math.min(pendingBytesMin, pendingBytesMax),
      bytesStart: pendingBytesStart,
      bytesMax: pendingBytesMax,
      ...admissionPatience
    })
    if (needs.self !== undefined) {
      this.#maker = new BatchMaker(this.#options.batchBytesMax, {
        epoch: needs.epoch,
        author: needs.self,
        hash: needs.hash
      })
    }
  }

  /** Own bytes that are accepted and not committed. */
  get pendingBytes(): number {
    const { self } = this.#needs
    const sealed = self === undefined ? 0 : (this.#unorderedBytes.get(self) ?? 0)
    return sealed + (this.#maker?.openBytes ?? 0)
  }

  /** Own batches that no header names yet. */
  get queuedPayload(): readonly Digest[] {
    return this.#queue.map(({ digest }) => digest)
  }

  get unorderedCount(): number {
    return this.#unordered.size
  }

  get pullCount(): number {
    return this.#pulls.size
  }

  queues(): readonly QueueGauge[] {
    const { pendingBytesMax, pullsMax } = this.#options
    // What is admitted last may begin a batch, and that has a header.
    const bytesMax = pendingBytesMax + batchHeaderBytes
    return [
      { name: 'pending bytes', value: this.pendingBytes, max: bytesMax },
      { name: 'batches that are pulled', value: this.pullCount, max: pullsMax }
    ]
  }

  /** May `bytes` more be submitted, after `waitingBytes` that are about to be? A clear no is better than a queue without end. */
  admits(bytes: number, waitingBytes = 0): boolean {
    if (this.#maker === undefined) return false
    const pendingBytes = this.pendingBytes + waitingBytes
    const { bytes: windowBytes } = this.#window
    // What is larger than the window goes once half of that is free: somebody may always have a little under way.
    const goesAlone = bytes > windowBytes && pendingBytes <= windowBytes / 2
    return pendingBytes + bytes <= (goesAlone ? this.#options.pendingBytesMax : windowBytes)
  }

  step(event: MempoolEvent, now: Millis): readonly MempoolEffect[] {
    const out: MempoolEffect[] = []
    switch (event.type) {
      case 'submitted':
        this.#onSubmitted(event.region, event.count, now, out)
        break
      case 'take':
        this.#onTake(event.batchesMax, event.bytesMax, now, out)
        break
      case 'received':
        this.#onMessage(event.from, event.message, now, out)
        break
      case 'wanted': {
        const missing = event.batches.filter(({ digest }) => !this.#needs.batches.has(digest))
        if (!this.#pulls.want(missing, event, now)) {
          out.push({ type: 'count', name: 'batch_pull_overflow', by: 1 })
        }
        break
      }
      case 'collected':
        this.#pulls.collect(event.round, this.#needs.claims)
        break
      case 'ordered':
        this.#onOrdered(event.index, event.digests, now, out)
        break
      case 'requeue':
        this.#onRequeue(event.batches, out)
        break
      case 'ship-batches':
        this.#onShip(event.batches, event.to, out)
        break
      case 'peers':
        this.#pulls.setPeers(event.peers)
        break
      case 'timer-fired':
        this.#pulls.onTimer()
        break
      default:
        return unreachable(event)
    }
    this.#pulls.advance(now, out)
    return out
  }

  #onSubmitted(region: Uint8Array, count: number, now: Millis, out: MempoolEffect[]): void {
    const maker = this.#maker
    if (maker === undefined) return this.#announce(out)
    const full = maker.append(region, count, now)
    if (full !== undefined) this.#spread(full, now, out)
    const { earlySealBytesMin, sealDelayMs } = this.#options
    // It will take its time: the sooner it is on its way, the sooner a header that names it gets votes.
    const isLarge = maker.openBytes > earlySealBytesMin
    // A header names so many batches at most: while it does not come, they had better grow.
    const isSoonNamed = this.#queue.length < earlySealQueueMax
    if (isLarge && isSoonNamed && now - maker.openedAt >= sealDelayMs) {
      this.#spread(maker.seal(now) as Batch, now, out)
    }
    this.#announce(out)
  }

  #onTake(batchesMax: number, bytesMax: number, now: Millis, out: MempoolEffect[]): void {
    const sealed = this.#maker?.seal(now)
    if (sealed !== undefined) this.#spread(sealed, now, out)
    const batches: BatchReference[] = []
    let bytes = 0
    while (batches.length < batchesMax && this.#queue[0] !== undefined) {
      bytes += this.#queue[0].sizeBytes
      if (batches.length > 0 && bytes > bytesMax) break
      batches.push(this.#queue.shift() as BatchReference)
    }
    this.#hasAnnounced = false
    out.push({ type: 'payload-offered', batches })
    if (this.#queue.length > 0) this.#announce(out)
  }

  #spread(batch: Batch, now: Millis, out: MempoolEffect[]): void {
    this.#store(batch, this.#needs.self as ReplicaId, now, out)
    this.#queue.push(referenceOf(batch))
    out.push({ type: 'count', name: 'batch_sealed', by: 1 })
    out.push({ type: 'count', name: 'batch_sealed_bytes', by: batch.bytes.length })
    if (this.#needs.isShipped === true) return
    const lane = laneOf(batch.bytes.length, this.#needs.committee.size - 1, this.#options)
    out.push({ type: 'broadcast', class: lane, message: { type: 'batch', batch } })
  }

  #onShip(batches: readonly BatchReference[], to: readonly PeerId[], out: MempoolEffect[]): void {
    const isToAll = to.length === this.#needs.committee.size - 1
    for (const { digest } of batches) {
      const bytes = this.#needs.batches.read(digest)
      // Pruned or damaged: whoever misses it looks for it elsewhere.
      if (bytes === undefined) continue
      const message = { type: 'batch', batch: { digest, bytes } } as const
      if (isToAll) out.push({ type: 'broadcast', class: 'bulk', message })
      else for (const peer of to) out.push({ type: 'send', to: peer, class: 'bulk', message })
    }
  }

  #announce(out: MempoolEffect[]): void {
    if (this.#hasAnnounced) return
    this.#hasAnnounced = true
    out.push({ type: 'payload-waiting' })
  }

  #onMessage(from: PeerId, message: MempoolMessage, now: Millis, out: MempoolEffect[]): void {
    if (message.type === 'batch') this.#onBatch(from, message.batch, now, out)
    else this.#onPull(from, message.digests, now, out)
  }

  #onBatch(from: PeerId, batch: Batch, now: Millis, out: MempoolEffect[]): void {
    const isWanted = this.#pulls.has(batch.digest)
    const header = this.#screenBatch(from, batch, isWanted)
    if (typeof header === 'string') {
      out.push({ type: 'count', name: header, by: 1 })
      if (header === 'batch_rejected') out.push({ type: 'penalize', peer: from, code: header })
      return
    }
    const sender = this.#needs.committee.replicaOf(from)
    const isOwn = sender === header.author || this.#needs.isShipped === true
    const isFresh = !this.#needs.batches.has(batch.digest)
    // What is here already was asked for, of two.
    if (isFresh) this.#pulls.heard(referenceOf(batch), from, isOwn ? sender : undefined, now)
    this.#pulls.done(batch.digest)
    if (isFresh) this.#store(batch, header.author, now, out)
    // Even when it was here already: whoever waits for it must hear of it.
    out.push({ type: 'batches-stored', digests: [batch.digest] })
  }

  #screenBatch(from: PeerId, batch: Batch, isWanted: boolean): BatchHeader | string {
    const { committee, epoch } = this.#needs
    let header: BatchHeader
    try {
      header = readBatchHeader(batch.bytes)
    } catch (error) {
      if (error instanceof Fault) return 'batch_rejected'
      throw error
    }
    if (isWanted) return committee.has(header.author) ? header : 'batch_rejected'
    if (header.epoch !== epoch) return 'batch_ignored'
    const sender = committee.replicaOf(from)
    const isByMembers = sender !== undefined && committee.has(header.author)
    const isTrusted = this.#needs.isShipped === true && isByMembers
    if (sender !== header.author && !isTrusted) return 'batch_ignored'
    const held = this.#unorderedBytes.get(header.author) ?? 0
    const wouldHold = held + batch.bytes.length
    return wouldHold > this.#options.unorderedBytesPerAuthorMax ? 'batch_over_quota' : header
  }

  #store(batch: Batch, author: ReplicaId, now: Millis, out: MempoolEffect[]): void {
    out.push({ type: 'store-batch', batch })
    const sizeBytes = batch.bytes.length
    const sinceIndex = this.#lastIndex
    this.#unordered.set(batch.digest, { author, sizeBytes, sinceIndex, storedAt: now })
    this.#unorderedBytes.set(author, (this.#unorderedBytes.get(author) ?? 0) + sizeBytes)
  }

  /** Reading costs as much as sending: who has cost enough gets nothing, and asks another. */
  #onPull(from: PeerId, digests: readonly Digest[], now: Millis, out: MempoolEffect[]): void {
    if (this.#served.isSpent(from, now)) {
      out.push({ type: 'count', name: 'batch_pull_refused', by: 1 })
      return
    }
    const { pullDigestsMax, pullAnswerBytesMax, observerAnswerBytesMax } = this.#options
    const isMember = this.#needs.committee.replicaOf(from) !== undefined
    const bytesMax = isMember ? pullAnswerBytesMax : observerAnswerBytesMax
    let bytes = 0
    for (const digest of digests.slice(0, pullDigestsMax)) {
      const stored = this.#needs.batches.read(digest)
      if (stored === undefined) continue
      bytes += stored.length
      const message = { type: 'batch', batch: { digest, bytes: stored } } as const
      out.push({ type: 'send', to: from, class: 'bulk', message })
      if (bytes > bytesMax) break
    }
    this.#served.spend(from, bytes + digests.length * lookupBytes, now)
  }

  #onOrdered(
    index: CommitIndex,
    digests: readonly Digest[],
    now: Millis,
    out: MempoolEffect[]
  ): void {
    // Since a restart nothing has said how far the log is.
    if (this.#lastIndex === 0)
      for (const batch of this.#unordered.values()) batch.sinceIndex = index
    this.#lastIndex = index
    for (const digest of digests) {
      this.#pulls.done(digest)
      const entry = this.#forget(digest)
      if (entry === undefined || entry.author !== this.#needs.self) continue
      const { sizeBytes, storedAt } = entry
      this.#window.onCommitted(sizeBytes, now - storedAt, this.pendingBytes, now)
    }
    this.#unqueue(digests)
    const lookEvery = Math.max(1, Math.floor(this.#options.unorderedCommitsMax / looksPerExpiry))
    if (index % lookEvery === 0) this.#dropExpired(out)
  }

  /** A batch that was given back may have been ordered after all. */
  #unqueue(digests: readonly Digest[]): void {
    for (let at = this.#queue.length - 1; at >= 0; at--) {
      const { digest } = this.#queue[at] as BatchReference
      if (digests.includes(digest)) this.#queue.splice(at, 1)
    }
  }

  /**
   * What was stored long ago and never ordered is somebody's abandoned batch, unless a header names it by now.
   *
   * Why nothing that a commit names is lost: a commit orders certified vertices alone, and each has the votes of more honest
   * members than none. Those held its payload when they voted, and it is claimed there from the vote until the vertex is run,
   * or lies below garbage collection, where no commit orders it any more. An own batch never expires: its transactions were
   * accepted, so it is proposed until it is ordered.
   */
  #dropExpired(out: MempoolEffect[]): void {
    const oldest = this.#lastIndex - this.#options.unorderedCommitsMax
    const old = [...this.#unordered].filter(
      ([, { author, sinceIndex }]) => sinceIndex < oldest && author !== this.#needs.self
    )
    if (old.length === 0) return
    const isClaimed = this.#needs.claims()
    const expired: Digest[] = []
    for (const [digest, entry] of old) {
      if (isClaimed(digest)) entry.sinceIndex = this.#lastIndex
      else expired.push(digest)
    }
    if (expired.length === 0) return
    for (const digest of expired) this.#forget(digest)
    out.push({ type: 'count', name: 'batch_expired', by: expired.length })
    out.push({ type: 'drop-batches', digests: expired })
  }

  #forget(digest: Digest): Unordered | undefined {
    const entry = this.#unordered.get(digest)
    if (entry === undefined) return undefined
    this.#unordered.delete(digest)
    const held = this.#unorderedBytes.get(entry.author) ?? 0
    this.#unorderedBytes.set(entry.author, held - entry.sizeBytes)
    return entry
  }

  /** To the front: these are the oldest. */
  #onRequeue(batches: readonly BatchReference[], out: MempoolEffect[]): void {
    // After a crash two of the own headers may name one batch, and both may be given back.
    const queued = new Set(this.#queue.map(batch => batch.digest))
    // One whose bytes a crash has taken was never in a header that left, and one that names it gets no vote.
    const fresh = batches.filter(
      ({ digest }) => !queued.has(digest) && this.#needs.batches.has(digest)
    )
    this.#queue.unshift(...fresh)
    out.push({ type: 'count', name: 'batch_requeued', by: fresh.length })
    this.#announce(out)
  }
}

function referenceOf({ digest, bytes }: Batch): BatchReference {
  return { digest, sizeBytes: bytes.length }
}
