import type {
  CommitIndex,
  Digest,
  Epoch,
  Hash,
  Millis,
  PeerId,
  ReplicaId,
  Round,
  Verdict
} from '@novacron/base'
import { accepted, ignored, unreachable } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { BatchReference } from '../dag/header.ts'
import { type CommittedSubDag, encodeSubDag, genesisCommitDigest } from '../dag/sub-dag.ts'
import type { Orderer, OrdererEvent, OrdererInput, OrdererStatus } from '../orderer.ts'
import type { SignatureCheck, SigningDomain } from '../signing.ts'
import { indexKey, tables } from '../tables.ts'
import { commitOf, type Entry, termOf } from './entry.ts'
import { Following } from './following.ts'
import { Leading, proposeTimer } from './leading.ts'
import { EntryLog } from './log.ts'
import type { Append, SingleLeaderMessage } from './messages.ts'
import {
  checkSingleLeaderOptions,
  defaultSingleLeaderOptions,
  type SingleLeaderOptions
} from './options.ts'
import { OwnBatches, takeTimer } from './own-batches.ts'
import {
  deleteEntries,
  type Out,
  type SingleLeaderEffect,
  type SingleLeaderParts
} from './parts.ts'
import { fillLog, type Restored, Restorer } from './restorer.ts'
import { type SingleLeaderRules, singleLeaderRules } from './rules.ts'
import { Voting } from './voting.ts'

export interface SingleLeaderNeeds {
  readonly committee: Committee
  readonly domain: SigningDomain
  /** Undefined for an observer, which this protocol tells nothing: it stays where it is. */
  readonly self: ReplicaId | undefined
  readonly hash: Hash
  readonly hasBatch: (digest: Digest) => boolean
  readonly wasSignedLogPresent: boolean
  readonly rules?: SingleLeaderRules
}

type Event = OrdererEvent<SingleLeaderMessage>
const tickTimer = 'tick'
/** Ordered and not run: the leader waits for its own executor. */
const executedLagMax = 1_000

/**
 * A measuring stick: one log by one leader, which takes everybody's payload and ships it to all. It trusts every member and
 * survives crashes of less than half of them, with their disks; nothing is signed.
 *
 * What leaves: `persist` of an entry before the answer for it, of term and vote before the vote; the leader's own copy is on
 * its way to the disk when others are counted, and what follows from the commit leaves after it.
 *
 * source: Ongaro, Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014
 */
export class SingleLeader implements Orderer<SingleLeaderMessage> {
  readonly windowCommits = 1
  readonly shipsPayload = true
  readonly #parts: SingleLeaderParts
  readonly #connected = new Set<PeerId>()
  readonly #log = new EntryLog()
  readonly #restorer = new Restorer()
  readonly #voting: Voting
  readonly #own: OwnBatches
  readonly #wasSignedLogPresent: boolean
  readonly #holds = new Set<string>()
  #following: Following
  #leading: Leading | undefined
  #isRestored = false
  #head: Pick<CommittedSubDag, 'index' | 'digest' | 'timestamp'> = {
    index: 0 as CommitIndex,
    digest: genesisCommitDigest,
    timestamp: 0 as Millis
  }
  #executed = 0
  #known = 0
  #collected = 0
  #stopAt = Number.POSITIVE_INFINITY
  #isStopped = false

  constructor(options: Partial<SingleLeaderOptions>, needs: SingleLeaderNeeds) {
    const { committee, domain, self, hash, hasBatch, rules = singleLeaderRules } = needs
    const all = { ...defaultSingleLeaderOptions, ...options }
    checkSingleLeaderOptions(all)
    this.#wasSignedLogPresent = needs.wasSignedLogPresent
    const shared = { committee, domain, self, hash, hasBatch, rules }
    this.#parts = { ...shared, options: all, log: this.#log, connected: this.#connected }
    this.#voting = new Voting(this.#parts)
    this.#own = new OwnBatches(all)
    this.#following = new Following(this.#parts, 0)
  }

  get epoch(): Epoch {
    return this.#parts.domain.epoch
  }

  get lastIndex(): CommitIndex {
    return this.#head.index
  }

  screen(from: PeerId, _message: SingleLeaderMessage): Verdict {
    const isMember = this.#parts.committee.replicaOf(from) !== undefined
    return isMember ? accepted : ignored({ code: 'not-a-member' })
  }

  signaturesOf(_message: SingleLeaderMessage): readonly SignatureCheck[] {
    return []
  }

  unorderedPayload(): ReadonlySet<Digest> {
    const digests = new Set(this.#own.batches.map(({ digest }) => digest))
    for (const digest of this.#leading?.queued ?? []) digests.add(digest)
    for (let index = this.lastIndex + 1; index <= this.#log.lastIndex; index++) {
      for (const { digest } of this.#log.at(index)?.payload ?? []) digests.add(digest)
    }
    for (const { payload } of this.#following.pending) {
      for (const { digest } of payload) digests.add(digest)
    }
    return digests
  }

  status(): OrdererStatus {
    const { self } = this.#parts
    const running = self === undefined ? 'observing' : 'running'
    const going = this.#isRestored ? running : 'recovering'
    const phase = this.#isStopped ? 'stopped' : this.#holds.size > 0 ? 'held' : going
    const reasons = [...this.#holds].map(reason => `nothing is stored or sent: ${reason}`)
    if (this.#isRestored && this.#voting.leader === undefined) reasons.push('no leader is known')
    return {
      protocol: 'single-leader',
      epoch: this.epoch,
      round: this.#voting.term,
      lastIndex: this.lastIndex,
      lastDigest: this.#head.digest,
      knownIndex: Math.max(this.lastIndex, this.#known) as CommitIndex,
      phase,
      reasons
    }
  }

  step(event: Event, now: Millis): readonly SingleLeaderEffect[] {
    const out: Out = []
    if (event.epoch === this.epoch) this.#handle(event, now, out)
    return out
  }

  #handle(event: OrdererInput<SingleLeaderMessage>, now: Millis, out: Out): void {
    switch (event.type) {
      case 'started':
        return this.#restorer.start(this.#parts, out)
      case 'read-done': {
        const { domain, hash } = this.#parts
        const restored = this.#restorer.onRead(event.token, event.rows, domain, hash)
        if (restored !== undefined) this.#onRestored(restored, now, out)
        return
      }
      case 'peer-connected':
        this.#connected.add(event.peer)
        this.#leading?.onConnected(event.peer, now)
        if (event.peer === this.#voting.leader) this.#forward(this.#own.batches, out)
        return this.#settle(now, out)
      case 'peer-disconnected':
        this.#connected.delete(event.peer)
        return
      case 'executed':
        this.#executed = event.index
        return this.#settle(now, out)
      case 'head-seen':
        this.#known = Math.max(this.#known, event.index)
        return
      case 'prune':
        this.#forget(Math.min(event.below - 1, this.lastIndex), out)
        return
      case 'stop-at':
        this.#stopAt = event.index
        return
      case 'adopt':
        return this.#adopt(event.commits, out)
      case 'hold':
        this.#holds.add(event.reason)
        return
      case 'release':
        this.#holds.delete(event.reason)
        return
      case 'payload-waiting':
        this.#own.onWaiting()
        return this.#settle(now, out)
      case 'payload-offered':
        return this.#onOffered(event.batches, now, out)
      case 'network-measured':
        return
      default:
        return this.#handleRunning(event, now, out)
    }
  }

  #handleRunning(
    event: Extract<
      OrdererInput<SingleLeaderMessage>,
      { type: 'received' | 'timer-fired' | 'batches-stored' }
    >,
    now: Millis,
    out: Out
  ): void {
    if (event.type === 'timer-fired' && event.timer === tickTimer) {
      const at = (now + this.#parts.options.heartbeatMs) as Millis
      out.push({ type: 'set-timer', timer: tickTimer, at })
    }
    if (!this.#isRestored || this.#holds.size > 0) return
    switch (event.type) {
      case 'received':
        if (this.#parts.committee.replicaOf(event.from) === undefined) return
        this.#onMessage(event.from, event.message, now, out)
        break
      case 'timer-fired':
        this.#onTimer(event.timer, now, out)
        break
      case 'batches-stored':
        if (this.#leading === undefined) {
          // Payload comes from the leader alone, and may hold up its other words.
          this.#voting.onHeard(now)
          if (this.#following.admit(now, out)) this.#answer(out)
        }
        break
      default:
        return unreachable(event)
    }
    this.#settle(now, out)
  }

  #onRestored(restored: Restored, now: Millis, out: Out): void {
    fillLog(this.#log, restored)
    this.#voting.restore(restored.term, now)
    if (restored.commit !== undefined) this.#head = restored.commit
    this.#executed = this.lastIndex
    this.#following = new Following(this.#parts, this.lastIndex)
    this.#isRestored = true
    if (!this.#wasSignedLogPresent && this.#log.lastIndex > 0) {
      this.#holds.add('the record of votes was lost')
    }
    out.push({ type: 'set-timer', timer: tickTimer, at: now })
  }

  #onMessage(from: PeerId, message: SingleLeaderMessage, now: Millis, out: Out): void {
    switch (message.type) {
      case 'request-vote': {
        const { term } = this.#voting
        this.#voting.onRequest(message, from, now, out)
        if (this.#voting.term > term) this.#stepDown()
        return
      }
      case 'vote': {
        const { term, isTrial } = message
        if (this.#voting.onVote(from, term, isTrial, now, out)) this.#lead(now, out)
        return
      }
      case 'append':
        return this.#onAppend(from, message, now, out)
      case 'appended':
        if (message.term > this.#voting.term) this.#follow(message.term, undefined, now, out)
        else if (message.term === this.#voting.term) this.#leading?.onAppended(from, message, now)
        return
      case 'forward':
        this.#leading?.onForward(from, message.batches)
        return
      case 'forgotten':
        if (message.term !== this.#voting.term) return
        this.#voting.onHeard(now)
        out.push({ type: 'behind', lowest: message.lowest })
        return
      default:
        return unreachable(message)
    }
  }

  #onAppend(from: PeerId, append: Append, now: Millis, out: Out): void {
    const { term, leader } = this.#voting
    if (append.term < term) {
      const index = 0 as CommitIndex
      const message = { type: 'appended', term, answer: 'gap', index } as const
      out.push({ type: 'send', to: from, class: 'order', message })
      return
    }
    if (append.term > term || leader !== from) this.#follow(append.term, from, now, out)
    this.#voting.onHeard(now)
    const answer = this.#following.onAppend(append, this.lastIndex, now, out)
    const message = { type: 'appended', term: append.term, ...answer } as const
    out.push({ type: 'send', to: from, class: 'order', message })
  }

  #answer(out: Out): void {
    const { leader, term } = this.#voting
    if (leader === undefined) return
    const message = { type: 'appended', term, ...this.#following.answer } as const
    out.push({ type: 'send', to: leader, class: 'order', message })
  }

  #follow(term: number, leader: PeerId | undefined, now: Millis, out: Out): void {
    this.#voting.follow(term, leader, now, out)
    this.#stepDown()
    // What an older leader was given may be lost with it.
    if (leader !== undefined) this.#forward(this.#own.batches, out)
  }

  #stepDown(): void {
    this.#leading = undefined
    this.#following = new Following(this.#parts, this.lastIndex)
  }

  #lead(now: Millis, out: Out): void {
    const { committee, self } = this.#parts
    const { term } = this.#voting
    const leading = new Leading(this.#parts, term, self as ReplicaId, now)
    this.#following = new Following(this.#parts, this.lastIndex)
    this.#leading = leading
    leading.onForward(committee.peerOf(self as ReplicaId), this.#own.batches)
    leading.propose(this.lastIndex, now, out, true)
    out.push({ type: 'note', level: 'info', event: 'leader-elected', facts: { term } })
  }

  #onTimer(timer: string, now: Millis, out: Out): void {
    if (timer === takeTimer) this.#own.onTimer()
    else if (timer === proposeTimer) this.#leading?.onTimer()
    else if (timer === tickTimer) this.#onTick(now, out)
  }

  #onTick(now: Millis, out: Out): void {
    const index = this.lastIndex
    if (index > this.#collected) {
      this.#collected = index
      out.push({ type: 'collected', round: index as number as Round })
    }
    if (this.#leading !== undefined) return this.#leading.onTick(index, now, out)
    if (this.#voting.onTick(now, out)) return this.#lead(now, out)
    const { leader } = this.#voting
    if (leader === undefined) return
    this.#following.pullLate(leader, now, out)
    this.#tellOwn(leader, out)
  }

  /** The list of own batches may be lost on its way: it is told again while any wait. */
  #tellOwn(leader: PeerId, out: Out): void {
    const { batches } = this.#own
    if (batches.length === 0) return
    const message = { type: 'forward', batches } as const
    out.push({ type: 'send', to: leader, class: 'order', message })
  }

  /** Own payload that has just been packed: to the leader, or into the own log. */
  #onOffered(batches: readonly BatchReference[], now: Millis, out: Out): void {
    if (batches.length === 0) return
    this.#own.add(batches)
    const { committee, self } = this.#parts
    this.#leading?.onForward(committee.peerOf(self as ReplicaId), batches)
    this.#forward(batches, out)
    this.#settle(now, out)
  }

  #forward(batches: readonly BatchReference[], out: Out): void {
    const { leader } = this.#voting
    if (leader === undefined || this.#leading !== undefined) return
    const fresh = batches.filter(({ digest }) => !this.#log.names(digest))
    if (fresh.length > 0) out.push({ type: 'ship-batches', batches: fresh, to: [leader] })
    this.#tellOwn(leader, out)
  }

  /** After everything that happened: commit what a majority has, propose and take what there is room for. */
  #settle(now: Millis, out: Out): void {
    if (!this.#isRestored || this.#holds.size > 0 || this.#isStopped) return
    const leading = this.#leading
    this.#deliver(leading?.committable(this.lastIndex) ?? this.#following.committable, out)
    if (this.#voting.leader !== undefined) this.#own.take(now, out)
    if (leading === undefined) return
    if (this.lastIndex - this.#executed < executedLagMax) leading.propose(this.lastIndex, now, out)
    leading.replicate(this.lastIndex, now, out)
  }

  #deliver(index: number, out: Out): void {
    const { domain, hash, options } = this.#parts
    const last = Math.min(index, this.#stopAt)
    while (this.lastIndex < last) {
      const entry = this.#log.at(this.lastIndex + 1) as Entry
      const subDag = commitOf(entry, this.#head, domain, hash)
      this.#head = subDag
      const key = indexKey(subDag.index)
      const write = { type: 'put', table: tables.commit, key, value: encodeSubDag(subDag) } as const
      out.push({ type: 'persist', durable: false, writes: [write] })
      out.push({ type: 'deliver', subDag, finality: 'final' })
      this.#own.onCommitted(entry.payload)
      this.#leading?.onCommitted(entry.payload)
    }
    const excess = this.lastIndex - this.#log.baseIndex - options.logEntriesMax
    // In pieces: to let go of one at a time would copy the rest each time.
    if (excess > options.logEntriesMax / 4) this.#forget(this.#log.baseIndex + excess, out)
    if (this.lastIndex === this.#stopAt && !this.#isStopped) {
      this.#isStopped = true
      out.push({ type: 'stopped', index: this.lastIndex })
    }
  }

  #forget(index: number, out: Out): void {
    if (index <= this.#log.baseIndex) return
    this.#log.forget(index)
    // The last that is forgotten stays on the disk: its term is that of the base.
    const writes = [deleteEntries(this.#parts, 0, index)]
    out.push({ type: 'persist', durable: false, writes })
  }

  /** A snapshot stands for the log up to its last commit. */
  #adopt(commits: readonly CommittedSubDag[], out: Out): void {
    const last = commits.at(-1)
    if (last === undefined || last.index <= this.lastIndex) return
    const { index } = last
    const term = termOf(last)
    const isSame = this.#log.termAt(index) === term
    if (isSame) this.#log.forget(index)
    else this.#log.reset(index, term)
    const puts = commits.map(commit => {
      const key = indexKey(commit.index)
      return { type: 'put', table: tables.commit, key, value: encodeSubDag(commit) } as const
    })
    const gone = isSame ? deleteEntries(this.#parts, 0, index) : deleteEntries(this.#parts, 0)
    out.push({ type: 'persist', durable: true, writes: [gone, ...puts] })
    this.#head = last
    this.#executed = index
    this.#stepDown()
  }
}
