import { ascii, type Millis, type PeerId, Reader, type ReplicaId, Writer } from '@novacron/base'
import { tables } from '../tables.ts'
import type { RequestVote } from './messages.ts'
import type { Out, SingleLeaderParts } from './parts.ts'

export const termKey: Uint8Array = ascii('single-leader')
const nobody = 0xffff

/** Terms, votes and silence: who leads, and since when nothing was heard of it. */
export class Voting {
  readonly #parts: SingleLeaderParts
  #term = 0
  #votedFor: ReplicaId | undefined
  #leader: PeerId | undefined
  #heardAt: Millis = 0 as Millis
  /** Undefined unless votes are asked for. */
  #campaign: { readonly isTrial: boolean; readonly votes: Set<ReplicaId> } | undefined

  constructor(parts: SingleLeaderParts) {
    this.#parts = parts
  }

  get term(): number {
    return this.#term
  }

  get leader(): PeerId | undefined {
    return this.#leader
  }

  /** The durable promise; what is read back after a crash. */
  restore(value: Uint8Array | undefined, now: Millis): void {
    this.#heardAt = now
    if (value === undefined) return
    const reader = new Reader(value)
    this.#term = reader.u64()
    const vote = reader.u16()
    this.#votedFor = vote === nobody ? undefined : (vote as ReplicaId)
  }

  hasLeader(now: Millis): boolean {
    const { electionTimeoutMs } = this.#parts.options
    return this.#leader !== undefined && now - this.#heardAt < electionTimeoutMs
  }

  onHeard(now: Millis): void {
    this.#heardAt = now
  }

  /** Whoever leads a later term is followed. */
  follow(term: number, leader: PeerId | undefined, now: Millis, out: Out): void {
    this.#campaign = undefined
    this.#leader = leader
    if (leader !== undefined) this.#heardAt = now
    if (term > this.#term) this.#promise(term, undefined, out)
  }

  onRequest(request: RequestVote, from: PeerId, now: Millis, out: Out): void {
    const { committee, log, rules } = this.#parts
    const candidate = committee.replicaOf(from) as ReplicaId
    if (!request.isTrial && request.term > this.#term) {
      this.follow(request.term, undefined, now, out)
    }
    const { lastIndex, lastTerm } = log
    const hasLeader = this.hasLeader(now)
    const voter = { term: this.#term, votedFor: this.#votedFor, lastIndex, lastTerm, hasLeader }
    if (!rules.mayVote(request, candidate, voter)) return
    if (!request.isTrial) {
      if (this.#votedFor === undefined) this.#promise(this.#term, candidate, out)
      this.#heardAt = now
    }
    const { isTrial, term } = request
    out.push({ type: 'send', to: from, class: 'order', message: { type: 'vote', term, isTrial } })
  }

  /** True when it makes this member the leader. */
  onVote(from: PeerId, term: number, isTrial: boolean, now: Millis, out: Out): boolean {
    const campaign = this.#campaign
    if (campaign?.isTrial !== isTrial || term !== this.#term + Number(isTrial)) return false
    campaign.votes.add(this.#parts.committee.replicaOf(from) as ReplicaId)
    return this.#count(now, out)
  }

  /** Asks for votes after too long a silence; true when nobody else is needed. */
  onTick(now: Millis, out: Out): boolean {
    const { committee, options, self, connected } = this.#parts
    if (self === undefined) return false
    // The order of turns changes with the term, so that one who cannot win does not stand in the way.
    const turn = (self + committee.size - (this.#term % committee.size)) % committee.size
    const patienceMs = options.electionTimeoutMs + turn * options.turnMs
    // A chain that begins has nobody to wait for.
    const isFirst = this.#term === 0 && turn === 0 && this.#isMajorityWith(connected)
    if (!isFirst && now - this.#heardAt < patienceMs) return false
    this.#heardAt = now
    this.#leader = undefined
    return this.#ask(true, now, out)
  }

  #isMajorityWith(peers: ReadonlySet<PeerId>): boolean {
    const { committee, rules, self } = this.#parts
    const present = committee.members.flatMap(({ peer }, replica) =>
      replica === self || peers.has(peer) ? [replica as ReplicaId] : []
    )
    return rules.isMajority(committee, committee.weightOfAll(present))
  }

  #ask(isTrial: boolean, now: Millis, out: Out): boolean {
    const { log } = this.#parts
    const self = this.#parts.self as ReplicaId
    if (!isTrial) this.#promise(this.#term + 1, self, out)
    this.#campaign = { isTrial, votes: new Set([self]) }
    const message = {
      type: 'request-vote',
      term: this.#term + Number(isTrial),
      lastIndex: log.lastIndex,
      lastTerm: log.lastTerm,
      isTrial
    } as const
    out.push({ type: 'broadcast', class: 'order', message })
    return this.#count(now, out)
  }

  #count(now: Millis, out: Out): boolean {
    const { committee, rules, self } = this.#parts
    const campaign = this.#campaign
    if (campaign === undefined) return false
    if (!rules.isMajority(committee, committee.weightOfAll(campaign.votes))) return false
    if (campaign.isTrial) return this.#ask(false, now, out)
    this.#campaign = undefined
    this.#leader = committee.peerOf(self as ReplicaId)
    this.#heardAt = now
    return true
  }

  /** On disk before anything that follows from it leaves. */
  #promise(term: number, votedFor: ReplicaId | undefined, out: Out): void {
    this.#term = term
    this.#votedFor = votedFor
    const value = new Writer(10)
      .u64(term)
      .u16(votedFor ?? nobody)
      .finish()
    const write = { type: 'put', table: tables.signed, key: termKey, value } as const
    out.push({ type: 'persist', durable: true, writes: [write] })
  }
}
