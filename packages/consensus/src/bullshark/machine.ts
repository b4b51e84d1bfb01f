import {
  assert,
  type CommitIndex,
  type Digest,
  type Epoch,
  type Hash,
  type Millis,
  type PeerId,
  type ReplicaId,
  type Round,
  type Sign,
  unreachable,
  type Verdict
} from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { Certificate } from '../dag/certificate.ts'
import { Dag, type DagView } from '../dag/dag.ts'
import type { SignedHeader } from '../dag/header.ts'
import type { CommittedSubDag } from '../dag/sub-dag.ts'
import type { Orderer, OrdererEvent, OrdererStatus, QueueGauge, Row } from '../orderer.ts'
import type { SignatureCheck, SigningDomain } from '../signing.ts'
import { CatchUp, CatchUpServer, type LogBounds } from './catch-up.ts'
import { Certifier } from './certifier.ts'
import { Committer, commitWindow } from './committer.ts'
import { ConnectedPeers } from './connected-peers.ts'
import { commitWrite, DagKeeper } from './dag-keeper.ts'
import type { BullsharkMessage } from './messages.ts'
import { type BullsharkOptions, checkBullsharkOptions, defaultBullsharkOptions } from './options.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'
import { Proposer } from './proposer.ts'
import { Pruner } from './pruner.ts'
import { Recovery } from './recovery.ts'
import { type Restored, Restorer } from './restorer.ts'
import { type BullsharkRules, bullsharkRules } from './rules.ts'
import { screenMessage, signaturesOf } from './screening.ts'
import { SignedRecord } from './signed-record.ts'
import { StallWatch, stalledResends, stuckPullAttempts } from './stall-watch.ts'
import { describeStatus } from './status.ts'
import { answerPull, Synchronizer } from './synchronizer.ts'
import { TimerBook } from './timer-book.ts'

export interface BullsharkNeeds {
  readonly committee: Committee
  readonly domain: SigningDomain
  /** This node's seat; undefined makes it an observer, which follows and signs nothing. */
  readonly self: ReplicaId | undefined
  readonly hash: Hash
  readonly sign: Sign
  /** Is this payload stored here? Votes are given for nothing else. */
  readonly hasBatch: (digest: Digest) => boolean
  /** Its length in bytes, which headers name too; undefined when it is not stored. */
  readonly sizeOfBatch: (digest: Digest) => number | undefined
  /** False when the record of own signatures was missing at start: then it is taken for lost. */
  readonly wasSignedLogPresent: boolean
  readonly rules?: BullsharkRules
}

type Event = OrdererEvent<BullsharkMessage>
type Received = Extract<Event, { type: 'received' }>
type PayloadOffered = Extract<Event, { type: 'payload-offered' }>

/**
 * Bullshark, partially synchronous, on certified vertices.
 *
 * Life: `started` reads the store back; a member then asks a quorum for its own highest signed round; then it runs.
 * Effects of a step, in this order: answers and votes, certificates, persisted vertices, commits, pulls, the own next
 * header, timers.
 *
 * source: Spiegelman et al., arXiv 2209.05633; mempool and certification: Danezis et al., arXiv 2105.11827
 */
export class Bullshark implements Orderer<BullsharkMessage> {
  readonly epoch: Epoch
  readonly #options: BullsharkOptions
  readonly #parts: BullsharkParts
  readonly #record = new SignedRecord()
  readonly #committer: Committer
  readonly #certifier: Certifier
  readonly #synchronizer: Synchronizer
  readonly #catchUp: CatchUp
  readonly #server: CatchUpServer
  readonly #recovery: Recovery
  readonly #proposer: Proposer
  readonly #restorer: Restorer
  readonly #pruner: Pruner
  readonly #keeper: DagKeeper
  readonly #timers = new TimerBook()
  readonly #wasSignedLogPresent: boolean
  readonly #connected: ConnectedPeers
  readonly #holds = new Set<string>()
  #phase: 'restoring' | 'recovering' | 'running' = 'restoring'
  #executedIndex = 0 as CommitIndex
  #stopAt = Number.MAX_SAFE_INTEGER
  readonly #stall: StallWatch

  constructor(options: Partial<BullsharkOptions>, needs: BullsharkNeeds) {
    this.#options = { ...defaultBullsharkOptions, ...options }
    checkBullsharkOptions(this.#options)
    this.#stall = new StallWatch(this.#options.resendDelayMs)
    const { rules = bullsharkRules, wasSignedLogPresent, ...rest } = needs
    const dag = new Dag(needs.committee, rules.quorumWeight(needs.committee))
    this.#parts = { ...rest, rules, dag, options: this.#options }
    this.epoch = needs.domain.epoch
    this.#connected = new ConnectedPeers(needs.committee)
    this.#wasSignedLogPresent = wasSignedLogPresent
    this.#committer = new Committer(this.#options, this.#parts)
    this.#certifier = new Certifier(this.#parts, this.#record)
    this.#synchronizer = new Synchronizer(this.#parts)
    this.#catchUp = new CatchUp(this.#parts)
    this.#server = new CatchUpServer(this.#parts)
    this.#recovery = new Recovery(this.#parts, this.#record)
    this.#restorer = new Restorer(this.#parts)
    this.#pruner = new Pruner(this.#parts)
    this.#keeper = new DagKeeper({
      parts: this.#parts,
      certifier: this.#certifier,
      committer: this.#committer,
      synchronizer: this.#synchronizer
    })
    this.#proposer = new Proposer({
      parts: this.#parts,
      certifier: this.#certifier,
      committer: this.#committer,
      keeper: this.#keeper,
      record: this.#record,
      timers: this.#timers
    })
  }

  screen(from: PeerId, message: BullsharkMessage): Verdict {
    return screenMessage(from, message, this.#parts, this.#certifier)
  }

  signaturesOf(message: BullsharkMessage): readonly SignatureCheck[] {
    return signaturesOf(message, this.#parts, this.#certifier)
  }

  get windowCommits(): number {
    return commitWindow(this.#options, this.#parts.committee.size)
  }

  get lastIndex(): CommitIndex {
    return this.#committer.lastIndex
  }

  get lastAnchorRound(): Round {
    return this.#committer.lastAnchorRound
  }

  /** The DAG for reading: the control API shows a window of it. */
  get dag(): DagView {
    return this.#parts.dag
  }

  leaderOf(round: Round): ReplicaId {
    return this.#committer.leaderOf(round)
  }

  /** Who were the anchors of a round, and then who may be, as the log stands; empty where a round has none. */
  anchorsOf(round: Round): readonly ReplicaId[] {
    return this.#committer.anchorsOf(round)
  }

  unorderedPayload(): ReadonlySet<Digest> {
    const { dag } = this.#parts
    const own = this.#keeper.proposedPayload()
    return new Set([...dag.unorderedPayload(), ...this.#certifier.promisedPayload(), ...own])
  }

  queues(): readonly QueueGauge[] {
    const { suspendedMax } = this.#options
    const { suspendedCount, pullCount } = this.#synchronizer
    return [
      { name: 'certificates that wait for parents', value: suspendedCount, max: suspendedMax },
      { name: 'parents that are pulled', value: pullCount, max: suspendedMax }
    ]
  }

  status(): OrdererStatus {
    return describeStatus({
      parts: this.#parts,
      phase: this.#phase,
      holds: this.#holds,
      isStopped: this.#committer.lastIndex >= this.#stopAt,
      haltReason: this.#keeper.haltReason,
      committer: this.#committer,
      missingOwnRound: this.#phase === 'recovering' ? this.#recovery.missing() : [],
      blockedReason: this.#proposer.blockedReason,
      connected: this.#connected,
      abstainUntil: this.#certifier.abstainedRound,
      clockLeads: this.#certifier.clockLeads,
      catchUpTarget: this.#catchUp.isActive ? this.#catchUp.targetIndex : undefined
    })
  }

  step(event: Event, now: Millis): readonly BullsharkEffect[] {
    if (event.epoch !== this.epoch) return []
    const out: BullsharkEffect[] = []
    this.#handle(event, now, out)
    if (this.#phase !== 'restoring') this.#settle(now, out)
    return out
  }

  #handle(event: Event, now: Millis, out: BullsharkEffect[]): void {
    switch (event.type) {
      case 'started':
        return this.#restorer.start(out)
      case 'read-done':
        return this.#onRead(event.token, event.rows, now, out)
      case 'received':
        return this.#phase === 'restoring' ? undefined : this.#onMessage(event, now, out)
      case 'timer-fired':
        return this.#phase === 'restoring' ? undefined : this.#onTimer(event.timer, now, out)
      case 'payload-waiting':
        return this.#proposer.onPayloadWaiting()
      case 'payload-offered':
        return this.#onPayload(event, now, out)
      case 'batches-stored':
        return this.#certifier.retryPending(now, out)
      case 'executed':
        this.#executedIndex = event.index
        return
      case 'head-seen':
        return this.#onHead(event.index, event.from, now)
      case 'peer-connected':
      case 'peer-disconnected':
        return this.#onPeer(event.peer, event.type === 'peer-connected', now, out)
      case 'prune':
        return this.#pruner.start(event.below, out)
      case 'stop-at':
        return this.#onStopAt(event.index, out)
      case 'adopt':
        return this.#adopt(event.commits, now, out)
      case 'hold':
        this.#holds.add(event.reason)
        return this.#updateMaySign()
      case 'release':
        this.#holds.delete(event.reason)
        this.#updateMaySign()
        return this.#certifier.retryPending(now, out)
      case 'network-measured':
        return this.#proposer.onRoundTrip(event.roundTripMs)
      default:
        return unreachable(event)
    }
  }

  #onMessage({ from, message }: Received, now: Millis, out: BullsharkEffect[]): void {
    const member = this.#parts.committee.replicaOf(from)
    if (member !== undefined && this.#stall.heard(member, now)) this.#lookSoon(now, out)
    switch (message.type) {
      case 'header':
        return this.#onHeader(from, message.signed, now, out)
      case 'vote': {
        const certificate = this.#certifier.onVote(message.vote, out)
        return certificate === undefined ? undefined : this.#accept([certificate], from, now, out)
      }
      case 'certificate':
        return this.#accept([message.certificate], from, now, out)
      case 'pull':
        return answerPull(from, message.digests, this.#parts, out)
      case 'pulled':
        return this.#accept(message.certificates, from, now, out)
      case 'catch-up':
        return this.#server.onRequest(from, message, this.#bounds(), out)
      case 'caught-up':
        return this.#onCaughtUp(from, message, now, out)
      case 'ask-own-round':
        return this.#recovery.answer(from, message.nonce, this.#certifier, out)
      case 'own-round':
        return this.#onOwnRound(from, message, now, out)
      default:
        return unreachable(message)
    }
  }

  #onHeader(from: PeerId, signed: SignedHeader, now: Millis, out: BullsharkEffect[]): void {
    const { header } = signed
    this.#keeper.noteHeader(header)
    const { parents, batches } = this.#certifier.onHeader(from, signed, now, out)
    if (parents.length > 0) this.#synchronizer.pullForHeader(header, parents, from, now, out)
    if (batches.length > 0) {
      const by = { type: 'header', author: header.author, round: header.round } as const
      out.push({ type: 'want-batches', batches, holders: [from], by })
    }
    if (this.#isFar(header.round)) this.#catchUp.hint(this.#committer.lastIndex + 1, now)
  }

  #onCaughtUp(
    from: PeerId,
    message: Extract<BullsharkMessage, { type: 'caught-up' }>,
    now: Millis,
    out: BullsharkEffect[]
  ): void {
    if (!this.#catchUp.isExpected(from, message, now)) return
    if (message.lowest > this.#committer.lastIndex + 1) {
      out.push({ type: 'behind', lowest: message.lowest })
    }
    this.#accept(message.certificates, from, now, out)
    this.#keeper.commit(this.#stopAt, now, out)
    const peers = this.#connected.ordered()
    const progressed = this.#catchUp.onReply(message, this.#committer.lastIndex, peers.length, now)
    if (progressed && this.#mayCatchUp()) {
      this.#catchUp.advance(this.#committer.lastIndex, peers, now, out)
    }
  }

  #onOwnRound(
    from: PeerId,
    message: Extract<BullsharkMessage, { type: 'own-round' }>,
    now: Millis,
    out: BullsharkEffect[]
  ): void {
    const replica = this.#parts.committee.replicaOf(from)
    if (replica === undefined || this.#phase !== 'recovering') return
    this.#recovery.onReply(replica, message)
    this.#maybeFinishRecovery(now, out)
  }

  #onHead(index: CommitIndex, from: PeerId, now: Millis): void {
    const slack = this.#parts.self === undefined ? 0 : this.#options.catchUpLagRounds
    const { lastIndex } = this.#committer
    if (index > lastIndex + slack) this.#catchUp.hear(index, from, lastIndex, now)
  }

  #onStopAt(index: CommitIndex, out: BullsharkEffect[]): void {
    assert(index >= this.#committer.lastIndex, 'stop-at is not in the past')
    this.#stopAt = index
    if (index === this.#committer.lastIndex) out.push({ type: 'stopped', index })
  }

  #onRead(token: string, rows: readonly Row[], now: Millis, out: BullsharkEffect[]): void {
    if (this.#server.onRead(token, rows, this.#bounds(), out)) return
    if (this.#pruner.onRead(token, rows, out)) return
    const restored = this.#restorer.onRead(token, rows, this.#committer, this.#record, out)
    if (restored !== undefined) this.#onRestored(restored, now, out)
  }

  #onRestored(restored: Restored, now: Millis, out: BullsharkEffect[]): void {
    this.#pruner.restore(restored.lowestIndex)
    this.#phase = 'recovering'
    this.#executedIndex = this.#committer.lastIndex
    for (const signed of restored.headers) {
      const { author, round, payload } = signed.header
      this.#certifier.restoreVoted(signed)
      const isOwn = author === this.#parts.self
      if (isOwn && !this.#parts.dag.isCommitted(round, author)) {
        this.#keeper.addProposal(round, payload)
      }
    }
    this.#keeper.restore(restored.certificates, now, out)
    for (const { header } of restored.headers) this.#keeper.noteHeader(header)
    this.#certifier.reopenProposal()
    this.#keeper.commit(this.#stopAt, now, out)
    if (this.#parts.self === undefined) {
      this.#phase = 'running'
      this.#catchUp.want(this.#committer.lastIndex + 1)
      return
    }
    this.#recovery.ask(now, this.#wasSignedLogPresent, out)
    this.#maybeFinishRecovery(now, out)
  }

  #maybeFinishRecovery(now: Millis, out: BullsharkEffect[]): void {
    const { highestRound } = this.#parts.dag
    const floor = this.#recovery.conclude(highestRound, this.#wasSignedLogPresent, out)
    if (floor === undefined) return
    this.#proposer.raiseFloor(floor.proposeFloor)
    this.#certifier.abstainUntil(floor.abstainUntil)
    this.#phase = 'running'
    this.#updateMaySign()
    out.push({
      type: 'note',
      level: floor.isStale ? 'warn' : 'info',
      event: floor.isStale ? 'signed-record-stale' : 'recovered',
      facts: { proposeAbove: floor.proposeFloor, voteAbove: floor.abstainUntil }
    })
    this.#catchUp.want(this.#committer.lastIndex + 1)
    this.#certifier.resend(out)
    this.#certifier.retryPending(now, out)
  }

  #onPayload({ batches }: PayloadOffered, now: Millis, out: BullsharkEffect[]): void {
    const alone = this.#proposer.onPayload(batches, this.#maySign(), now, out)
    if (alone === undefined) return
    this.#accept([alone], this.#parts.committee.peerOf(alone.header.author), now, out)
  }

  #adopt(commits: readonly CommittedSubDag[], now: Millis, out: BullsharkEffect[]): void {
    const last = commits.at(-1)
    if (last === undefined || last.index <= this.#committer.lastIndex) return
    if (this.#keeper.haltReason !== undefined) return
    this.#committer.restore(commits)
    this.#executedIndex = last.index
    const writes = commits.map(commitWrite)
    out.push({
      type: 'persist',
      durable: true,
      writes: [...writes, this.#pruner.adopt(last.index)]
    })
    this.#keeper.collect(now, out)
    this.#catchUp.want(last.index + 1)
  }

  #accept(
    certificates: readonly Certificate[],
    from: PeerId,
    now: Millis,
    out: BullsharkEffect[]
  ): void {
    if (certificates.some(({ header }) => this.#isFar(header.round))) {
      this.#catchUp.want(this.#committer.lastIndex + 1)
    }
    this.#keeper.accept(certificates, from, now, out)
  }

  #settle(now: Millis, out: BullsharkEffect[]): void {
    const changed = this.#keeper.isChanged
    this.#keeper.commit(this.#stopAt, now, out)
    if (this.#keeper.haltReason !== undefined) return this.#updateMaySign()
    if (changed) this.#certifier.retryPending(now, out)
    if (this.#phase === 'running') this.#maybePropose(now, out)
    const isSyncing =
      this.#synchronizer.pullCount > 0 || this.#catchUp.isActive || this.#phase === 'recovering'
    if (isSyncing && this.#mayCatchUp()) {
      this.#catchUp.advance(this.#committer.lastIndex, this.#connected.ordered(), now, out)
    }
    if (isSyncing) this.#timers.keep('sync', (now + this.#options.syncRetryMs) as Millis, out)
    const earlyUntil = this.#certifier.earlyUntil(now)
    if (earlyUntil !== undefined) this.#timers.set('early', earlyUntil, out)
    this.#stall.see(this.#parts.dag.highestQuorumRound, now)
    this.#timers.keep('resend', (now + this.#stall.delayMs) as Millis, out)
  }

  #maybePropose(now: Millis, out: BullsharkEffect[]): void {
    const { lastIndex } = this.#committer
    if (!this.#maySign() || lastIndex >= this.#stopAt) return
    this.#proposer.maybeRequest(lastIndex - this.#executedIndex, now, out)
  }

  #onTimer(timer: string, now: Millis, out: BullsharkEffect[]): void {
    this.#timers.fired(timer)
    if (timer === 'sync') {
      this.#synchronizer.retry(now, this.#connected.ordered(), out)
      if (this.#phase === 'recovering') this.#recovery.ask(now, this.#wasSignedLogPresent, out)
      if (this.#synchronizer.hasStuckPull(stuckPullAttempts)) {
        this.#catchUp.want(this.#committer.lastIndex + 1)
      }
    } else if (timer === 'resend') this.#onResendTimer(out)
    else if (timer === 'early') this.#certifier.retryPending(now, out)
  }

  /** Resends only while nothing moves; when that does not help either, asks for commits. */
  #onResendTimer(out: BullsharkEffect[]): void {
    const index = this.#committer.lastIndex
    const stalledLooks = this.#stall.look(this.#parts.dag.highestQuorumRound, index)
    if (stalledLooks === 0 || this.#phase !== 'running') return
    if (this.#parts.self !== undefined && this.#holds.size === 0) this.#certifier.resend(out)
    if (stalledLooks % stalledResends === 0) this.#catchUp.want(index + 1)
  }

  #onPeer(peer: PeerId, isConnected: boolean, now: Millis, out: BullsharkEffect[]): void {
    this.#connected.set(peer, isConnected)
    if (isConnected && this.#stall.connected()) this.#lookSoon(now, out)
  }

  #lookSoon(now: Millis, out: BullsharkEffect[]): void {
    this.#timers.advance('resend', (now + this.#stall.hurryMs) as Millis, out)
  }

  #isFar(round: Round): boolean {
    return round - this.#parts.dag.highestQuorumRound > this.#options.catchUpLagRounds
  }

  #mayCatchUp(): boolean {
    return this.#committer.lastIndex - this.#executedIndex <= this.#options.executionLagCommitsMax
  }

  #maySign(): boolean {
    if (this.#parts.self === undefined || this.#keeper.haltReason !== undefined) return false
    return this.#phase === 'running' && this.#holds.size === 0
  }

  #updateMaySign(): void {
    this.#certifier.maySign = this.#maySign()
  }

  #bounds(): LogBounds {
    return {
      lowest: this.#pruner.lowestIndex,
      head: this.#committer.lastIndex,
      lastAnchorRound: this.#committer.lastAnchorRound
    }
  }
}
