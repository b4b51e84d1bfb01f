import { type CommitIndex, type Millis, type PeerId, Reader, type Round } from '@novacron/base'
import { type Certificate, readCertificate } from '../dag/certificate.ts'
import { type CommittedSubDag, decodeSubDag } from '../dag/sub-dag.ts'
import type { Row } from '../orderer.ts'
import { indexKey, roundKey, tables } from '../tables.ts'
import type { BullsharkMessage } from './messages.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'
import { Patience } from './patience.ts'
import { byRoundAndAuthor } from './rules.ts'
import { Rumours } from './rumours.ts'

type CaughtUp = Extract<BullsharkMessage, { type: 'caught-up' }>
type CatchUpRequest = Extract<BullsharkMessage, { type: 'catch-up' }>

/** So many replies for each peer that do not reach what a member spoke of, and it is no longer the target. */
const denialsPerPeer = 3

interface Request {
  readonly at: Millis
  readonly fromIndex: CommitIndex
  readonly fromRound: Round
}

/**
 * Fetches the certificates of missed commits: one request at a time, another peer after a time-out. The wait doubles with each
 * time-out, and a reply that comes late still counts: over a slow line no reply would come in time, from any peer.
 */
export class CatchUp {
  readonly #parts: BullsharkParts
  #target = 0
  #inFlight: Request | undefined
  /** Whoever was asked for what `#inFlight` asks for, and has not replied. */
  readonly #asked = new Map<PeerId, Request>()
  readonly #patience: Patience
  #rotation = 0
  #wanted = false
  #fruitless = 0
  /** Where to go on inside one large commit; 0 lets the server decide. */
  #fromRound = 0 as Round
  #isThorough = false
  /** Whose word the target is, unless it was learnt in another way. */
  #claim: { readonly by: PeerId; readonly index: number } | undefined
  #denials = 0
  #hintedAt = Number.NEGATIVE_INFINITY
  readonly #rumours: Rumours

  constructor(parts: BullsharkParts) {
    this.#parts = parts
    this.#patience = new Patience(parts.options.catchUpRetryMs)
    this.#rumours = new Rumours(parts.options.catchUpRetryMs)
  }

  get isActive(): boolean {
    return this.#wanted || this.#inFlight !== undefined
  }

  get targetIndex(): number {
    return this.#target
  }

  /** Someone has more than we have. */
  want(index: number): void {
    this.#wanted = true
    if (index > this.#target) this.#target = index
  }

  /** A member says, with its signature and no proof, that the log goes up to `index`. */
  hear(index: number, by: PeerId, lastIndex: CommitIndex, now: Millis): void {
    if (!this.#rumours.isBelieved(by, lastIndex, now)) return
    if (index > this.#target) {
      this.#claim = { by, index }
      this.#denials = 0
    }
    this.want(index)
  }

  /** Something unproven looks as if others were far ahead: worth asking once in a while. */
  hint(index: number, now: Millis): void {
    if (now - this.#hintedAt < this.#parts.options.catchUpRetryMs) return
    this.#hintedAt = now
    this.want(index)
  }

  /** Asks the next peer if nothing is in flight, or what is has waited too long. */
  advance(
    lastIndex: CommitIndex,
    peers: readonly PeerId[],
    now: Millis,
    out: BullsharkEffect[]
  ): void {
    if (this.#inFlight !== undefined) {
      if (now - this.#inFlight.at < this.#patience.ms) return
      out.push({ type: 'count', name: 'catch_up_timeout', by: 1 })
      this.#patience.onSilence()
      this.#inFlight = undefined
      this.#rotation++
    }
    if (!this.#wanted || peers.length === 0) return
    const peer = peers[this.#rotation % peers.length] as PeerId
    const fromIndex = (lastIndex + 1) as CommitIndex
    const fromRound = this.#fromRound
    this.#inFlight = { at: now, fromIndex, fromRound }
    for (const [asked, request] of this.#asked) {
      const isSame = request.fromIndex === fromIndex && request.fromRound === fromRound
      if (!isSame) this.#asked.delete(asked)
    }
    this.#asked.set(peer, this.#inFlight)
    const { epoch } = this.#parts.domain
    const message = { type: 'catch-up', epoch, fromIndex, fromRound } as const
    out.push({ type: 'send', to: peer, class: 'sync', message })
  }

  /** True when `from` was asked for this, and did not reply before. */
  isExpected(from: PeerId, message: CaughtUp, now: Millis): boolean {
    const request = this.#asked.get(from)
    if (request === undefined || request.fromIndex !== message.fromIndex) return false
    this.#asked.delete(from)
    this.#patience.onAnswer(now - request.at)
    return true
  }

  /** After the certificates of a reply went in: true when it brought something, so that the next may be asked at once. */
  onReply(message: CaughtUp, lastIndex: CommitIndex, peerCount: number, now: Millis): boolean {
    const asked = this.#inFlight?.fromIndex ?? (0 as CommitIndex)
    this.#inFlight = undefined
    this.#weighClaim(message.head, lastIndex, peerCount, now)
    if (message.head > this.#target) this.#target = message.head
    const progressed = lastIndex >= asked
    const reached = message.certificates.at(-1)?.header.round ?? (0 as Round)
    const goesOn = !progressed && reached > this.#fromRound && message.head > lastIndex
    if (progressed || goesOn) {
      this.#fromRound = goesOn ? reached : (0 as Round)
      this.#isThorough = goesOn && this.#isThorough
    } else {
      // Votes and tails may rest on vertices that no commit orders, below what a server would choose: ask for all.
      this.#isThorough = !this.#isThorough
      this.#fromRound = (this.#isThorough ? this.#parts.dag.gcRound + 1 : 0) as Round
    }
    // Commits also arrive by themselves: only who is ahead of us shows that there is more to fetch.
    if ((progressed || goesOn) && message.head > lastIndex) {
      this.#fruitless = 0
    } else {
      this.#rotation++
      this.#fruitless++
    }
    // Heads are hints: when nobody can back one up, it is forgotten.
    if (this.#fruitless >= peerCount) {
      this.#target = 0
      this.#fruitless = 0
      this.#dropClaim(now)
    }
    this.#wanted = lastIndex < this.#target
    return progressed || goesOn
  }

  /** While commits arrive by themselves each reply may look like progress: what counts is whether anybody is that far. */
  #weighClaim(head: number, lastIndex: CommitIndex, peerCount: number, now: Millis): void {
    const claim = this.#claim
    if (claim === undefined) return
    if (lastIndex >= claim.index) {
      this.#claim = undefined
      return
    }
    if (head >= claim.index || ++this.#denials < denialsPerPeer * peerCount) return
    this.#dropClaim(now)
    this.#target = head
  }

  #dropClaim(now: Millis): void {
    if (this.#claim !== undefined) this.#rumours.doubt(this.#claim.by, this.#claim.index, now)
    this.#claim = undefined
  }
}

interface Serving {
  readonly to: PeerId
  readonly fromIndex: CommitIndex
  readonly fromRound: Round
  /** Undefined until the commit records have been read. */
  readonly lastAnchorRound?: Round
  readonly isAtHead?: boolean
}

/** What a server holds of the log. */
export interface LogBounds {
  readonly lowest: CommitIndex
  readonly head: CommitIndex
  readonly lastAnchorRound: Round
}

/**
 * Answers catch-up requests from the store. A commit is decided by votes that need not be part of any commit, so whole
 * rounds are sent: all certificates from the lowest vertex of the commits asked for up to the votes on the last anchor, and
 * at the head also what is not ordered yet.
 */
export class CatchUpServer {
  readonly #parts: BullsharkParts
  readonly #serving = new Map<string, Serving>()
  #nextToken = 0

  constructor(parts: BullsharkParts) {
    this.#parts = parts
  }

  onRequest(to: PeerId, request: CatchUpRequest, bounds: LogBounds, out: BullsharkEffect[]): void {
    if (!this.#hasSlotFor(to)) {
      out.push({ type: 'count', name: 'catch_up_refused', by: 1 })
      return
    }
    const { fromIndex, fromRound } = request
    if (fromIndex > bounds.head || fromIndex < bounds.lowest) {
      this.#reply({ to, fromIndex, fromRound, isAtHead: fromIndex > bounds.head }, [], bounds, out)
      return
    }
    const token = `serve/${this.#nextToken++}`
    this.#serving.set(token, { to, fromIndex, fromRound })
    const limit = this.#commitsMax()
    const range = {
      table: tables.commit,
      from: indexKey(fromIndex),
      to: indexKey(fromIndex + limit),
      limit
    }
    out.push({ type: 'read', token, range })
  }

  /** One for each peer, and some that only members get: observers must not keep a member back that lags. */
  #hasSlotFor(peer: PeerId): boolean {
    const { committee, options } = this.#parts
    const isObserver = (to: PeerId) => committee.replicaOf(to) === undefined
    const served = [...this.#serving.values()].map(({ to }) => to)
    if (served.includes(peer) || served.length >= options.servingMax) return false
    return !isObserver(peer) || served.filter(isObserver).length < options.servingObserversMax
  }

  /** True when the token was this server's. */
  onRead(token: string, rows: readonly Row[], bounds: LogBounds, out: BullsharkEffect[]): boolean {
    const serving = this.#serving.get(token)
    if (serving === undefined) return false
    this.#serving.delete(token)
    if (serving.lastAnchorRound === undefined) this.#readRounds(token, serving, rows, bounds, out)
    else this.#reply(serving, this.#decode(rows), bounds, out)
    return true
  }

  #readRounds(
    token: string,
    serving: Serving,
    rows: readonly Row[],
    bounds: LogBounds,
    out: BullsharkEffect[]
  ): void {
    const { domain, hash } = this.#parts
    const limit = this.#certificatesMax()
    let lowestRound = Number.MAX_SAFE_INTEGER
    let last: CommittedSubDag | undefined
    let vertices = 0
    for (const { value } of rows) {
      if (value === undefined) break
      const commit = decodeSubDag(value, domain, hash)
      vertices += commit.vertices.length
      if (last !== undefined && vertices > limit / 2) break
      last = commit
      for (const { round } of commit.vertices) lowestRound = Math.min(lowestRound, round)
    }
    if (last === undefined) {
      this.#reply(serving, [], bounds, out)
      return
    }
    const isAtHead = last.index >= bounds.head
    this.#serving.set(token, { ...serving, lastAnchorRound: last.anchor.round, isAtHead })
    const { fromRound } = serving
    // Whoever goes on above a round could not decide these commits by what is below it.
    const goesOnTo = fromRound > 0 ? fromRound + this.#parts.options.gcDepthRounds : 0
    const range = {
      table: tables.certificate,
      from: roundKey(domain.epoch, fromRound > 0 ? fromRound : (lowestRound as Round)),
      to: roundKey(domain.epoch, Math.max(last.anchor.round + 3, goesOnTo) as Round),
      limit
    }
    out.push({ type: 'read', token, range })
  }

  #decode(rows: readonly Row[]): Certificate[] {
    const { domain, hash } = this.#parts
    return rows.flatMap(({ value }) =>
      value === undefined ? [] : [readCertificate(new Reader(value), domain, hash)]
    )
  }

  #reply(
    serving: Serving,
    stored: readonly Certificate[],
    bounds: LogBounds,
    out: BullsharkEffect[]
  ): void {
    const { dag, domain } = this.#parts
    const limit = this.#certificatesMax()
    const certificates = [...stored]
    if (serving.isAtHead === true && stored.length < limit) {
      const { fromRound, lastAnchorRound = bounds.lastAnchorRound } = serving
      const from = fromRound > 0 ? fromRound : lastAnchorRound - 1
      const held = new Set(stored.map(certificate => certificate.digest))
      const tail = dag
        .rounds()
        .filter(round => round >= from)
        .flatMap(round => dag.round(round))
      const fresh = tail.filter(certificate => !held.has(certificate.digest))
      certificates.push(...fresh.slice(0, limit - stored.length))
    }
    certificates.sort(byRoundAndAuthor)
    const message = {
      type: 'caught-up',
      epoch: domain.epoch,
      fromIndex: serving.fromIndex,
      lowest: bounds.lowest,
      head: bounds.head,
      certificates
    } as const
    out.push({ type: 'send', to: serving.to, class: 'sync', message })
  }

  /** Where a round has several anchors, as many commits more make up the same rounds. */
  #commitsMax(): number {
    const { committee, options } = this.#parts
    return options.catchUpCommitsMax * Math.min(options.turbo?.anchorsPerRound ?? 1, committee.size)
  }

  /** Certificates grow with the committee; a reply stays within about 4 MiB. */
  #certificatesMax(): number {
    const { committee, options } = this.#parts
    const certificateBytes = 300 + committee.size * (34 + 66)
    return Math.max(
      64,
      Math.min(options.catchUpCertificatesMax, Math.floor(2 ** 22 / certificateBytes))
    )
  }
}
