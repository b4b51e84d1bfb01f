import {
  DelayEstimate,
  type Digest,
  type Millis,
  type PeerId,
  ReleasingMap,
  type ReplicaId,
  type Round
} from '@novacron/base'
import type { BatchReference } from '../dag/header.ts'
import { HeaderWants } from '../dag/header-wants.ts'
import type { NamedBy } from '../orderer.ts'
import { type Lane, laneOf } from './lane.ts'
import type { MempoolEffect } from './machine.ts'
import type { MempoolOptions } from './options.ts'
import { pullTimer } from './timers.ts'

interface Pull {
  holders: readonly PeerId[]
  /** Round of the newest vertex that names it: 0 when only headers do, without end when a commit does. */
  until: number
  attempts: number
  dueAt: number
  /** Who was asked, and when: an answer may come after another was asked as well. */
  readonly asked: Map<PeerId, number>
  /** Who sends it to everyone in turn with the rest of what it makes. */
  readonly author: ReplicaId | undefined
  readonly lane: Lane
  readonly wantedAt: number
}

/**
 * Payload of an author comes in order: while it comes, what is missing is on its way, and to ask for it would only make the
 * way longer for all. So many times the delay at most, since a liar may send everything but what it has named; less for what
 * others may already wait for. Over a line that is full it takes longer, for everything: what an author has been late with is
 * waited for once more, within the wider bounds.
 */
const patienceForHeader = { least: 20, most: 64 }
const patienceForOrdered = { least: 4, most: 32 }

/**
 * A peer whose answers took long is given as long before another is asked, up to so many times `pullRetryMs`: less for what
 * others may already wait for.
 */
const retryPatience = { forHeader: 16, forOrdered: 4 }

/** Who looks for batches, and where they are likely to be. */
export interface PullFor {
  readonly holders: readonly PeerId[]
  /** Left out for what is ordered. */
  readonly by?: NamedBy
}

/**
 * Batches that are named and not here: each asked from one peer at a time, another after a time-out. What a vertex names is
 * looked for until its round is collected unordered, what a header names until another of its author comes.
 */
export class BatchPulls {
  readonly #options: MempoolOptions
  readonly #copies: number
  readonly #pulls = new ReleasingMap<Digest, Pull>()
  readonly #headers = new HeaderWants()
  /** When a batch of an author came last. */
  readonly #heardAt = new Map<ReplicaId, number>()
  /** From being named to coming from the author itself; 0 for what comes before. */
  readonly #lateness = new Map<ReplicaId, DelayEstimate>()
  /** What an author had named by then has come, or comes no more by itself. */
  readonly #passedAt: Readonly<Record<Lane, Map<ReplicaId, number>>> = {
    order: new Map(),
    bulk: new Map()
  }
  /** From a question to its answer. */
  readonly #answers = new Map<PeerId, DelayEstimate>()
  #peers: readonly PeerId[] = []
  #isTimerSet = false

  /** copies: how many members an author sends a batch to. */
  constructor(options: MempoolOptions, copies: number) {
    this.#options = options
    this.#copies = copies
  }

  get size(): number {
    return this.#pulls.size
  }

  has(digest: Digest): boolean {
    return this.#pulls.has(digest)
  }

  setPeers(peers: readonly PeerId[]): void {
    this.#peers = peers
    // Observers come and go.
    for (const peer of this.#answers.keys()) if (!peers.includes(peer)) this.#answers.delete(peer)
  }

  /** False when there was no room for all. */
  want(batches: readonly BatchReference[], { holders, by }: PullFor, now: Millis): boolean {
    if (by?.type === 'header') {
      const digests = batches.map(({ digest }) => digest)
      this.#release(this.#headers.replace(by.author, by.round, digests))
    }
    const until = untilOf(by)
    for (const { digest, sizeBytes } of batches) {
      const known = this.#pulls.get(digest)
      if (known !== undefined) {
        // Whoever certified it holds it, and whoever signed a header need not.
        if (known.until === 0 && until > 0 && holders.length > 0) known.holders = holders
        known.until = Math.max(known.until, until)
        continue
      }
      if (this.#pulls.size >= this.#roomFor(by)) return false
      this.#pulls.set(digest, {
        holders,
        until,
        attempts: 0,
        dueAt: now + this.#options.pullDelayMs,
        asked: new Map(),
        author: by?.author,
        lane: this.#laneOf(sizeBytes),
        wantedAt: now
      })
    }
    return true
  }

  /** One commit is looked for at a time, so that its payload needs no bound. */
  #roomFor(by: NamedBy | undefined): number {
    const { pullsMax } = this.#options
    if (by === undefined) return Number.POSITIVE_INFINITY
    return by.type === 'header' ? Math.floor(pullsMax / 2) : pullsMax
  }

  /** No commit orders what lies at or below `round` any more: only what one has ordered before is still looked for. */
  collect(round: Round, claims: () => (digest: Digest) => boolean): void {
    this.#release(this.#headers.collect(round))
    let isClaimed: ((digest: Digest) => boolean) | undefined
    for (const [digest, pull] of this.#pulls) {
      if (pull.until === 0 || pull.until > round) continue
      isClaimed ??= claims()
      if (isClaimed(digest)) pull.until = Number.POSITIVE_INFINITY
      else if (this.#headers.has(digest)) pull.until = 0
      else this.#pulls.delete(digest)
    }
  }

  #release(digests: readonly Digest[]): void {
    for (const digest of digests) {
      if (this.#pulls.get(digest)?.until === 0) this.#pulls.delete(digest)
    }
  }

  done(digest: Digest): void {
    this.#pulls.delete(digest)
  }

  /** A batch has come: of its author, a member, from itself, or of anybody from whoever was asked. */
  heard(
    { digest, sizeBytes }: BatchReference,
    from: PeerId,
    author: ReplicaId | undefined,
    now: Millis
  ): void {
    const pull = this.#pulls.get(digest)
    const askedAt = pull?.asked.get(from)
    if (askedAt !== undefined) {
      const answerMsMax = retryPatience.forHeader * this.#options.pullRetryMs
      sampleOf(this.#answers, from, Math.min(now - askedAt, answerMsMax))
    }
    if (author === undefined) return
    this.#heardAt.set(author, now)
    // What it had to be asked for was not late: it had not been sent.
    if (pull !== undefined && this.#isPassed(pull)) return
    const lateMs = pull === undefined ? 0 : now - pull.wantedAt
    const lateMsMax = patienceForHeader.most * this.#options.pullDelayMs
    sampleOf(this.#lateness, author, Math.min(lateMs, lateMsMax))
    if (askedAt === undefined) this.#pass(author, this.#laneOf(sizeBytes), pull?.wantedAt ?? now)
  }

  /** Headers name batches in the order in which they were sent. */
  #pass(author: ReplicaId, lane: Lane, namedAt: number): void {
    const passed = this.#passedAt[lane]
    if (namedAt > (passed.get(author) ?? 0)) passed.set(author, namedAt)
  }

  /** Its author has sent what it made later: it was lost on its way, or never sent. */
  #isPassed({ author, lane, wantedAt }: Pull): boolean {
    return author !== undefined && wantedAt < (this.#passedAt[lane].get(author) ?? 0)
  }

  #laneOf(sizeBytes: number): Lane {
    return laneOf(sizeBytes, this.#copies, this.#options)
  }

  /** The first question waits for as long as the author goes on sending; those that follow do not. */
  #dueAt(pull: Pull): number {
    const { attempts, dueAt, author, wantedAt, until } = pull
    if (attempts > 0 || author === undefined || this.#isPassed(pull)) return dueAt
    const { pullDelayMs } = this.#options
    const { least, most } = until === 0 ? patienceForHeader : patienceForOrdered
    const lateMs = Math.min(this.#lateness.get(author)?.boundMs ?? 0, most * pullDelayMs)
    const quietAt = (this.#heardAt.get(author) ?? 0) + Math.max(pullDelayMs, lateMs)
    const patienceMs = Math.max(least * pullDelayMs, lateMs)
    return Math.max(dueAt, Math.min(quietAt, wantedAt + patienceMs))
  }

  #retryMs({ until }: Pull, peer: PeerId | undefined): number {
    const { pullRetryMs } = this.#options
    if (peer === undefined) return pullRetryMs
    const most = until === 0 ? retryPatience.forHeader : retryPatience.forOrdered
    const answerMs = Math.min(this.#answers.get(peer)?.boundMs ?? 0, most * pullRetryMs)
    return Math.max(pullRetryMs, answerMs)
  }

  onTimer(): void {
    this.#isTimerSet = false
  }

  /** Asks for everything that is due, and sets the timer for what is not. */
  advance(now: Millis, out: MempoolEffect[]): void {
    if (this.#isTimerSet || this.#pulls.size === 0) return
    const byPeer = new Map<PeerId, Digest[]>()
    for (const [digest, pull] of this.#pulls) {
      if (this.#dueAt(pull) > now) continue
      const peer = this.#nextPeer(pull)
      pull.attempts++
      pull.dueAt = now + this.#retryMs(pull, peer)
      if (peer === undefined) continue
      pull.asked.set(peer, now)
      const digests = byPeer.get(peer)
      if (digests === undefined) byPeer.set(peer, [digest])
      else digests.push(digest)
    }
    for (const [peer, digests] of byPeer) this.#ask(peer, digests, out)
    this.#isTimerSet = true
    const tickMs = Math.max(1, Math.min(this.#options.pullDelayMs, this.#options.pullRetryMs))
    out.push({ type: 'set-timer', timer: pullTimer, at: (now + tickMs) as Millis })
  }

  /** Those who certified it first, then everyone. */
  #nextPeer({ holders, attempts }: Pull): PeerId | undefined {
    if (attempts < holders.length) return holders[attempts]
    const others = this.#peers.length > 0 ? this.#peers : holders
    return others.length === 0 ? undefined : others[attempts % others.length]
  }

  #ask(peer: PeerId, digests: readonly Digest[], out: MempoolEffect[]): void {
    const { pullDigestsMax } = this.#options
    for (let start = 0; start < digests.length; start += pullDigestsMax) {
      const message = {
        type: 'pull-batches',
        digests: digests.slice(start, start + pullDigestsMax)
      } as const
      out.push({ type: 'send', to: peer, class: 'sync', message })
    }
  }
}

function untilOf(by: NamedBy | undefined): number {
  if (by === undefined) return Number.POSITIVE_INFINITY
  return by.type === 'vertex' ? by.round : 0
}

function sampleOf<Key>(estimates: Map<Key, DelayEstimate>, key: Key, ms: number): void {
  const estimate = estimates.get(key) ?? new DelayEstimate()
  estimate.sample(ms)
  estimates.set(key, estimate)
}
