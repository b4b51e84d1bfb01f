import {
  type CommitIndex,
  ignored,
  type Machine,
  type Millis,
  type PeerId,
  toVerified,
  unreachable,
  type Verdict
} from '@novacron/base'
import {
  type CommittedSubDag,
  decodeSubDag,
  Mempool,
  type MempoolEffect,
  type MempoolEvent,
  type Orderer,
  type OrdererEffect,
  type OrdererInput,
  payloadBytesOf,
  type QueueGauge,
  type Row,
  type SignatureCheck
} from '@novacron/consensus'
import {
  Executor,
  replacingWrites,
  restoreExecutor,
  restoreSnapshot,
  type Snapshot
} from '@novacron/execution'
import { Checkpointer, sealTimer } from './checkpointer.ts'
import type { ReplicaEffect } from './effects.ts'
import type { ReplicaEvent } from './events.ts'
import { EvidenceBook } from './evidence-book.ts'
import { FreshBatches } from './fresh-batches.ts'
import { headSeen } from './head.ts'
import { HeadTeller, headTimer } from './head-teller.ts'
import type { GossipMessage, ReplicaMessage } from './messages.ts'
import type { ReplicaNeeds, ReplicaSettings, ReplicaStatus } from './needs.ts'
import { checkReplicaOptions, defaultReplicaOptions, type ReplicaOptions } from './options.ts'
import { outcomeWrite } from './outcome.ts'
import { PayloadWait } from './payload-wait.ts'
import { PeerList } from './peer-list.ts'
import { queuesOf } from './queues.ts'
import { ReplicaRestorer, type RestoredRows } from './restorer.ts'
import { Retention } from './retention.ts'
import { type ReplicaRules, replicaRules } from './rules.ts'
import { type RunCommit, Runner, runTimer } from './runner.ts'
import { gossipChecks, layerChecks, screenGossip, screenLayer } from './screening.ts'
import { splitOnce } from './split-once.ts'
import { StateSync, type StateSyncNeeds } from './state-sync.ts'
import { waitReasons } from './wait-reasons.ts'

type Out = ReplicaEffect[]

type PartInput<Order> =
  | { readonly to: 'mempool'; readonly event: MempoolEvent }
  | { readonly to: 'orderer'; readonly input: OrdererInput<Order> }

/**
 * One node's share of the agreed log, as one pure machine: mempool, orderer, executor, checkpoints and snapshots, joined.
 * The node and the simulator drive this same machine; what its parts say to one another is decided here and nowhere else.
 *
 * Life: `started` restores the executor at its last checkpoint, then the orderer from its own records; then the commits
 * between the two are run again, and the log goes on.
 */
export class Replica<Order> implements Machine<ReplicaEvent, ReplicaEffect> {
  readonly #options: ReplicaOptions
  readonly #settings: ReplicaSettings
  readonly #needs: ReplicaNeeds<Order>
  readonly #rules: ReplicaRules
  readonly #batches: FreshBatches
  readonly #mempool: Mempool
  readonly #orderer: Orderer<Order>
  readonly #restorer: ReplicaRestorer
  readonly #retention: Retention
  readonly #heads: HeadTeller
  readonly #evidence: EvidenceBook
  readonly #payloadWait: PayloadWait
  readonly #connected = new PeerList()
  readonly #inbox: PartInput<Order>[] = []
  readonly #checkpointer: Checkpointer
  #isDraining = false
  #executor: Executor
  #runner: Runner
  #isRestored = false
  #isStopped = false
  #isDiskFull = false
  #isDiverged = false
  #sync: StateSync | undefined

  constructor(settings: ReplicaSettings, needs: ReplicaNeeds<Order>) {
    this.#settings = settings
    this.#options = { ...defaultReplicaOptions, ...settings.replica }
    checkReplicaOptions(this.#options)
    this.#needs = needs
    this.#rules = needs.rules ?? replicaRules
    this.#batches = new FreshBatches(needs.batches)
    const { committee, domain, self, hash, sign, wasSignedLogPresent } = needs
    const batches = this.#batches
    const [hasBatch, sizeOfBatch] = [batches.has.bind(batches), batches.sizeOf.bind(batches)]
    const shared = { committee, domain, self, hash, sign, wasSignedLogPresent }
    this.#orderer = needs.makeOrderer({ ...shared, hasBatch, sizeOfBatch })
    this.#mempool = new Mempool(settings.mempool ?? {}, {
      committee,
      epoch: domain.epoch,
      self,
      hash,
      batches,
      claims: () => this.#retention.claims(),
      isShipped: this.#orderer.shipsPayload === true
    })
    this.#restorer = new ReplicaRestorer(this.#orderer.windowCommits)
    this.#payloadWait = new PayloadWait(this.#options.payloadWaitMs)
    this.#retention = new Retention(this.#options, {
      domain,
      hash,
      rules: this.#rules.retention,
      orderedIndex: () => this.#orderer.lastIndex,
      servedIndex: () => this.#sync?.servedIndex,
      unorderedPayload: () =>
        new Set([...this.#orderer.unorderedPayload(), ...this.#mempool.queuedPayload])
    })
    this.#checkpointer = new Checkpointer(this.#options, {
      epoch: domain.epoch,
      executor: () => this.#executor,
      retention: this.#retention,
      sync: () => this.#sync
    })
    this.#heads = new HeadTeller(this.#options.headIntervalMs, shared)
    this.#evidence = new EvidenceBook(this.#options.evidenceMax, hash)
    this.#executor = new Executor(settings.execution ?? {}, this.#executorNeeds())
    this.#runner = this.#makeRunner()
  }

  /** For reading: the control API answers from it. */
  get executor(): Executor {
    return this.#executor
  }

  /** Lowest commit whose transactions are still here. */
  get retainedFrom(): CommitIndex {
    return this.#retention.from
  }

  get orderer(): Orderer<Order> {
    return this.#orderer
  }

  /** What could grow in it, and how far it may. */
  queues(): readonly QueueGauge[] {
    return queuesOf(this.#mempool, this.#orderer, this.#runner, this.#executor, this.#evidence)
  }

  /** May `bytes` of transactions be submitted now, after `waitingBytes` that are about to be? */
  admits(bytes: number, waitingBytes?: number): boolean {
    return this.#isRestored && !this.#isDiskFull && this.#mempool.admits(bytes, waitingBytes)
  }

  /** Cheap checks before any signature is looked at; changes nothing. */
  screen(from: PeerId, message: ReplicaMessage<Order>): Verdict {
    if (!this.#isRestored) return ignored({ code: 'restoring' })
    if (message.layer === 'order') return this.#orderer.screen(from, message.message)
    return screenLayer(message, this.#needs)
  }

  signaturesOf(message: ReplicaMessage<Order>): readonly SignatureCheck[] {
    return message.layer === 'order'
      ? this.#orderer.signaturesOf(message.message)
      : layerChecks(message, this.#needs)
  }

  screenGossip(message: GossipMessage): Verdict {
    return screenGossip(message, this.#needs)
  }

  gossipSignaturesOf(message: GossipMessage): readonly SignatureCheck[] {
    return gossipChecks(message, this.#needs)
  }

  status(): ReplicaStatus {
    const orderer = this.#orderer.status()
    const download = this.#sync?.describe()
    return {
      state: this.#state(),
      orderer,
      executedIndex: this.#executor.index,
      executedDigest: this.#executor.digest,
      checkpointIndex: this.#sync?.certifiedIndex ?? (0 as CommitIndex),
      retainedFrom: this.#retention.from,
      pendingBytes: this.#mempool.pendingBytes,
      evidenceCount: this.#evidence.size,
      reasons: [
        ...orderer.reasons,
        ...waitReasons({ isDiskFull: this.#isDiskFull, ...this.#runner.waits(), download })
      ]
    }
  }

  step(event: ReplicaEvent, now: Millis): readonly ReplicaEffect[] {
    const out: Out = []
    this.#batches.clear()
    this.#handle(event, now, out)
    if (this.#isRestored) this.#settle(now, out)
    return out
  }

  #handle(event: ReplicaEvent, now: Millis, out: Out): void {
    switch (event.type) {
      case 'started':
        out.push(...this.#restorer.start())
        return
      case 'read-done':
        return this.#onRead(event.token, event.rows, now, out)
      case 'received':
        return this.#onMessage(event.from, event.message as ReplicaMessage<Order>, now, out)
      case 'gossiped':
        return this.#onGossip(event.message, now, out)
      case 'timer-fired':
        return this.#onTimer(event.timer, now, out)
      case 'submitted':
        return this.#feedMempool(event, now, out)
      case 'peer-connected':
      case 'peer-disconnected':
        return this.#onPeer(event.peer, event.type, now, out)
      case 'network-measured':
      case 'stop-at':
        return this.#feedOrderer(event, now, out)
      case 'disk':
        this.#isDiskFull = event.state === 'full'
        return this.#feedOrderer(
          { type: this.#isDiskFull ? 'hold' : 'release', reason: 'the disk is full' },
          now,
          out
        )
      default:
        return unreachable(event)
    }
  }

  #onMessage(from: PeerId, envelope: ReplicaMessage<Order>, now: Millis, out: Out): void {
    if (!this.#isRestored) return
    switch (envelope.layer) {
      case 'order': {
        const message = toVerified(envelope.message)
        return this.#feedOrderer({ type: 'received', from, message }, now, out)
      }
      case 'mempool': {
        const message = toVerified(envelope.message)
        return this.#feedMempool({ type: 'received', from, message }, now, out)
      }
      case 'checkpoint':
        return this.#sync?.onCheckpointMessage(from, envelope.message, now, out)
      case 'snapshot':
        return this.#sync?.onSnapshotMessage(from, envelope.message, now, out)
      default:
        return unreachable(envelope)
    }
  }

  #onGossip(message: GossipMessage, now: Millis, out: Out): void {
    if (!this.#isRestored) return
    switch (message.topic) {
      case 'heads':
        return this.#feedOrderer(headSeen(message.head, this.#needs.committee), now, out)
      case 'evidence':
        return void this.#evidence.add(message.evidence, out)
      case 'checkpoints':
        return this.#sync?.onCertificate(message.certificate, now, out)
      default:
        return unreachable(message)
    }
  }

  #onPeer(peer: PeerId, type: 'peer-connected' | 'peer-disconnected', now: Millis, out: Out): void {
    this.#connected.set(peer, type === 'peer-connected')
    this.#feedMempool({ type: 'peers', peers: this.#connected.sorted }, now, out)
    this.#feedOrderer({ type, peer }, now, out)
    this.#sync?.onPeer(type, peer, now, out)
  }

  #onTimer(timer: string, now: Millis, out: Out): void {
    const [layer = '', name = ''] = splitOnce(timer)
    if (layer === 'order') this.#feedOrderer({ type: 'timer-fired', timer: name }, now, out)
    else if (layer === 'mempool') this.#feedMempool({ type: 'timer-fired', timer: name }, now, out)
    else if (layer === 'checkpoint' || layer === 'snapshot') {
      this.#sync?.onTimer(layer, name, now, out)
    } else if (timer === runTimer) this.#runner.onTimer()
    else if (timer === sealTimer) this.#checkpointer.onTimer(now, out)
    else if (timer === headTimer && !this.#isDiverged) {
      this.#heads.onTimer(this.#executor.index, this.#executor.digest, out)
    }
  }

  #onRead(token: string, rows: readonly Row[], now: Millis, out: Out): void {
    const [layer, name = ''] = splitOnce(token)
    if (layer === 'order') {
      return this.#feedOrderer({ type: 'read-done', token: name, rows }, now, out)
    }
    if (this.#checkpointer.onRead(token) || this.#runner.onRead(token, rows)) return
    const below = this.#retention.onRead(token, rows, out)
    if (below !== undefined) this.#feedOrderer({ type: 'prune', below }, now, out)
    const restored = this.#restorer.onRead(token, rows, out)
    if (restored !== undefined) this.#onRestored(restored, now, out)
  }

  #onRestored(rows: RestoredRows, now: Millis, out: Out): void {
    const { execution = {} } = this.#settings
    this.#executor = restoreExecutor(execution, this.#executorNeeds(), rows.state)
    this.#runner = this.#makeRunner()
    this.#retention.restore(rows.retained, this.#executor.index)
    const { domain, hash } = this.#needs
    const window = rows.window.map(value => decodeSubDag(value, domain, hash))
    this.#sync = new StateSync(this.#syncNeeds(), rows, window, now)
    this.#isRestored = true
    this.#feedOrderer({ type: 'started' }, now, out)
    this.#sync.onCheckpoint(this.#executor, now, out)
  }

  #onSnapshot(
    snapshot: Snapshot,
    commits: readonly CommittedSubDag[],
    now: Millis,
    out: Out
  ): Executor | undefined {
    const { checkpoint } = snapshot.certificate
    if (checkpoint.index <= this.#executor.index) return undefined
    const state = { ...snapshot, checkpoint }
    this.#executor = restoreSnapshot(this.#settings.execution ?? {}, this.#executorNeeds(), state)
    this.#runner = this.#makeRunner()
    const writes = [...replacingWrites(this.#executor), this.#retention.adopt(checkpoint.index)]
    out.push({ type: 'persist', durable: true, writes })
    this.#checkpointer.onSaved(out)
    this.#feedOrderer({ type: 'adopt', commits }, now, out)
    const { index } = checkpoint
    out.push({ type: 'note', level: 'info', event: 'snapshot-adopted', facts: { index } })
    return this.#executor
  }

  /** After each step: run what is complete, and fetch what the orderer has ordered before. */
  #settle(now: Millis, out: Out): void {
    // What is run is stored and told, and neither can leave; who was waited for meanwhile could not answer.
    if (this.#isDiskFull) return this.#payloadWait.restart()
    const lastIndex = () => this.#checkpointer.runnableIndex
    this.#runner.run(now, lastIndex, out, commit => this.#onRun(commit, now, out))
    if (this.#executor.index >= lastIndex()) this.#checkpointer.hurry(now, out)
    // After the run: a queue that it has emptied must not wait for somebody else's event to be filled again.
    this.#runner.replay(this.#orderer.lastIndex, out)
    const batches = this.#runner.missing()
    if (batches.length > 0) this.#feedMempool({ type: 'wanted', batches, holders: [] }, now, out)
    const isWaiting = batches.length > 0 || this.#runner.isRecordLost
    const isOver = this.#payloadWait.isOver(this.#executor.index, isWaiting, now)
    if (isOver) this.#wantSnapshot(now, out)
  }

  #wantSnapshot(now: Millis, out: Out): void {
    this.#sync?.want(this.#executor.index, this.#connected.sorted, now, out)
  }

  #onRun({ subDag, finality, outcome, payload }: RunCommit, now: Millis, out: Out): void {
    const { index } = subDag
    out.push({ type: 'persist', durable: false, writes: [outcomeWrite(outcome)] })
    const digests = payload.map(batch => batch.digest)
    this.#feedMempool({ type: 'ordered', index, digests }, now, out)
    this.#retention.onNamed(subDag)
    this.#retention.onExecuted(index, payloadBytesOf(payload), out)
    this.#sync?.onExecuted(subDag)
    this.#checkpointer.onExecuted(now, out)
    this.#feedOrderer({ type: 'executed', index }, now, out)
    this.#heads.onExecuted(now, out)
    out.push({ type: 'executed', subDag, finality, outcome })
  }

  #feedMempool(event: MempoolEvent, now: Millis, out: Out): void {
    this.#inbox.push({ to: 'mempool', event })
    this.#drain(now, out)
  }

  #feedOrderer(input: OrdererInput<Order>, now: Millis, out: Out): void {
    this.#inbox.push({ to: 'orderer', input })
    this.#drain(now, out)
  }

  /** All effects of one part's step come before what they cause in another: parts are never entered twice. */
  #drain(now: Millis, out: Out): void {
    if (this.#isDraining) return
    this.#isDraining = true
    for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
      if (next.to === 'mempool') {
        for (const effect of this.#mempool.step(next.event, now)) {
          this.#routeMempool(effect, now, out)
        }
      } else {
        const event = { ...next.input, epoch: this.#orderer.epoch }
        for (const effect of this.#orderer.step(event, now)) this.#routeOrderer(effect, now, out)
      }
    }
    this.#isDraining = false
  }

  #routeMempool(effect: MempoolEffect, now: Millis, out: Out): void {
    switch (effect.type) {
      case 'store-batch':
        this.#batches.add(effect.batch)
        out.push(effect)
        return
      case 'send':
      case 'broadcast':
        out.push({ ...effect, message: { layer: 'mempool', message: effect.message } })
        return
      case 'set-timer':
        out.push({ ...effect, timer: `mempool/${effect.timer}` })
        return
      case 'payload-waiting':
      case 'payload-offered':
      case 'batches-stored':
        return this.#feedOrderer(effect, now, out)
      default:
        out.push(effect)
    }
  }

  #routeOrderer(effect: OrdererEffect<Order>, now: Millis, out: Out): void {
    switch (effect.type) {
      case 'send':
      case 'broadcast':
        out.push({ ...effect, message: { layer: 'order', message: effect.message } })
        return
      case 'set-timer':
      case 'cancel-timer':
        out.push({ ...effect, timer: `order/${effect.timer}` })
        return
      case 'read':
        out.push({ ...effect, token: `order/${effect.token}` })
        return
      case 'request-payload':
        return this.#feedMempool({ ...effect, type: 'take' }, now, out)
      case 'deliver':
        this.#retention.onDelivered(effect.subDag)
        return this.#runner.onDelivered(effect.subDag, effect.finality)
      case 'want-batches':
        return this.#feedMempool({ ...effect, type: 'wanted' }, now, out)
      case 'requeue':
      case 'collected':
      case 'ship-batches':
        return this.#feedMempool(effect, now, out)
      case 'evidence':
        if (this.#evidence.add(effect, out) && effect.kind === 'header-equivocation') {
          out.push({ type: 'publish', message: { topic: 'evidence', evidence: effect } })
        }
        return
      case 'behind':
        return this.#wantSnapshot(now, out)
      case 'stopped':
        this.#isStopped = true
        out.push(effect)
        return
      default:
        out.push(effect)
    }
  }

  #state(): ReplicaStatus['state'] {
    if (!this.#isRestored) return 'restoring'
    if (this.#isDiverged) return 'diverged'
    if (this.#isDiskFull) return 'disk-full'
    return this.#isStopped ? 'stopped' : 'running'
  }

  #syncNeeds(): StateSyncNeeds {
    return {
      ...this.#needs,
      rules: this.#rules,
      windowCommits: this.#orderer.windowCommits,
      retainedFrom: () => this.#retention.from,
      on: {
        certified: (index, _now, out) => this.#retention.onCertified(index, out),
        diverged: (index, cause, now, out) => {
          this.#isDiverged = true
          const signer = cause === 'quorum' ? 'a quorum has signed' : 'was signed here before'
          const reason = `the state after commit ${index} is not what ${signer}`
          this.#feedOrderer({ type: 'hold', reason }, now, out)
        },
        snapshot: (snapshot, commits, now, out) => this.#onSnapshot(snapshot, commits, now, out)
      }
    }
  }

  #executorNeeds() {
    const { hash, domain, members, hashSeed } = this.#needs
    const seed = hashSeed === undefined ? {} : { hashSeed }
    return { hash, chain: domain.chain, members, rules: this.#rules.execution, ...seed }
  }

  #makeRunner(): Runner {
    const own = { executor: this.#executor, batches: this.#batches }
    return new Runner(this.#options, { ...this.#needs, ...own })
  }
}
