import type { Digest, Millis, PeerId, ReplicaId, Round } from '@novacron/base'
import type { BatchReference } from '../dag/header.ts'
import { HeaderWants } from '../dag/header-wants.ts'
import type { NamedBy } from '../orderer.ts'
import type { MempoolEffect } from './machine.ts'
import type { MempoolOptions } from './options.ts'
import { pullTimer } from './timers.ts'

interface Pull {
  holders: readonly PeerId[]
  /** Round of the newest vertex that names it: 0 when only headers do, without end when a commit does. */
  until: number
  attempts: number
  dueAt: number
  /** Who sends it to everyone in turn with the rest of what it makes. */
  readonly author: ReplicaId | undefined
  readonly wantedAt: number
}

/**
 * Payload of an author comes in order: while it comes, what is missing is on its way, and to ask for it would only make the
 * way longer for all. So many times the delay at most, since a liar may send everything but what it has named; less for what
 * others may already wait for.
 */
const patienceForHeader = 20
const patienceForOrdered = 4

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
  readonly #pulls = new Map<Digest, Pull>()
  readonly #headers = new HeaderWants()
  /** When a batch of an author came last. */
  readonly #heardAt = new Map<ReplicaId, number>()
  #peers: readonly PeerId[] = []
  #isTimerSet = false

  constructor(options: MempoolOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#pulls.size
  }

  has(digest: Digest): boolean {
    return this.#pulls.has(digest)
  }

  setPeers(peers: readonly PeerId[]): void {
    this.#peers = peers
  }

  /** False when there was no room for all. */
  want(batches: readonly BatchReference[], { holders, by }: PullFor, now: Millis): boolean {
    const digests = batches.map(({ digest }) => digest)
    if (by?.type === 'header') {
      this.#release(this.#headers.replace(by.author, by.round, digests))
    }
    const until = untilOf(by)
    for (const digest of digests) {
      const known = this.#pulls.get(digest)
      if (known !== undefined) {
        // Whoever certified it holds it, and whoever signed a header need not.
        if (known.until === 0 && until > 0 && holders.length > 0) known.holders = holders
        known.until = Math.max(known.until, until)
        continue
      }
      if (this.#pulls.size >= this.#roomFor(by)) return false
      const dueAt = now + this.#options.pullDelayMs
      const author = by?.author
      this.#pulls.set(digest, { holders, until, attempts: 0, dueAt, author, wantedAt: now })
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

  /** A batch of `author`, a member, has come from itself. */
  heard(author: ReplicaId, now: Millis): void {
    this.#heardAt.set(author, now)
  }

  /** The first question waits for as long as the author goes on sending; those that follow do not. */
  #dueAt({ attempts, dueAt, author, wantedAt, until }: Pull): number {
    if (attempts > 0 || author === undefined) return dueAt
    const { pullDelayMs } = this.#options
    const patience = until === 0 ? patienceForHeader : patienceForOrdered
    const quietAt = (this.#heardAt.get(author) ?? 0) + pullDelayMs
    return Math.max(dueAt, Math.min(quietAt, wantedAt + patience * pullDelayMs))
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
      pull.dueAt = now + this.#options.pullRetryMs
      if (peer === undefined) continue
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
