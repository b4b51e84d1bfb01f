import type { Digest, PeerId, ReplicaId, Round } from '@novacron/base'
import type { Committee } from '@novacron/consensus'
import { resultByte } from '@novacron/execution'
import type { Replica } from '@novacron/replica'
import type { Mesh } from '@novacron/transport'
import { apiFault } from '../api/faults.ts'
import type {
  CommitPage,
  KvListRequest,
  KvPage,
  KvRead,
  LogLevelChange,
  LogPage,
  LogRange,
  NodeControl,
  OpenedSession,
  OpenSessionRequest,
  Receipt,
  SubmitRequest,
  Topic,
  TopicValue,
  TransactionName,
  TransactionStatus
} from '../api/node-control.ts'
import type {
  ConsensusStatus,
  DagRound,
  DagWindow,
  NodeSockets,
  NodeState,
  NodeStatus,
  PeerStatus
} from '../api/node-report.ts'
import type { Executed } from '../driver/driver.ts'
import type { CommittedRun, IngestSink, Offer } from '../ingest/sink.ts'
import { type DagSource, dagRound, dagWindow, lastRoundOf } from './dag-window.ts'
import type { LogReader } from './log-reader.ts'
import type { Receipts } from './receipts.ts'
import type { Submissions } from './submissions.ts'
import { Topics } from './topics.ts'

export interface ControlFacts {
  readonly name: string
  readonly self: PeerId
  readonly chain: Digest
  readonly chainName: string
  readonly version: string
  readonly committee: Committee
  /** Names of members by peer. */
  readonly names: ReadonlyMap<PeerId, string>
  /** Commits that are ordered and not executed, or known and not here, beyond which the node calls itself behind. */
  readonly commitsBehindMax: number
}

export interface ControlNeeds {
  readonly replica: Replica<unknown>
  readonly dag: DagSource
  readonly mesh: Pick<Mesh, 'peers'>
  readonly receipts: Receipts
  readonly submissions: Submissions
  readonly reader: LogReader
  readonly sockets: () => NodeSockets
  readonly setLogLevel: (change: LogLevelChange) => void
  readonly stop: () => void
  /** Is there room for so many bytes of transactions? */
  readonly admits: (bytes: number) => boolean
  /** Gives whole envelopes to the replica. */
  readonly submit: (region: Uint8Array, count: number) => void
  /** Told of transactions that were not taken. */
  readonly onRefused: (count: number) => void
  readonly startedAtMs: number
  readonly nowMs: () => number
}

/** In which a member takes transactions: what it cannot propose yet it will. */
const takingStates: ReadonlySet<NodeState> = new Set(['running', 'catching-up', 'recovering'])
/** How soon a client that was told to wait may try again. */
const busyRetryMs = 50
/** For how long a look at the state serves the ingest socket. */
const stateLookMs = 20

/** The node as the control API and the ingest socket see it. */
export class Control implements NodeControl, IngestSink {
  readonly #facts: ControlFacts
  readonly #needs: ControlNeeds
  readonly #topics = new Topics()
  readonly #ingestListeners = new Set<(runs: readonly CommittedRun[]) => void>()
  /** Anchors up to it were decided when rounds were told of last. */
  #decidedRound = 0
  #isStopping = false
  #lookAtStateAtMs = Number.NEGATIVE_INFINITY
  #wasTaking = false

  constructor(facts: ControlFacts, needs: ControlNeeds) {
    this.#facts = facts
    this.#needs = needs
  }

  /** Is this node a member of the committee? */
  get isMember(): boolean {
    return this.#facts.committee.replicaOf(this.#facts.self) !== undefined
  }

  status(): NodeStatus {
    const { name, self, chain, chainName, version } = this.#facts
    const { replica, mesh, sockets, nowMs, startedAtMs } = this.#needs
    const { orderer, executedIndex, executedDigest, checkpointIndex, reasons } = replica.status()
    return {
      name,
      peer: self,
      chain,
      chainName,
      role: this.isMember ? 'member' : 'observer',
      version,
      protocol: orderer.protocol,
      epoch: orderer.epoch,
      round: orderer.round,
      committedIndex: orderer.lastIndex,
      executedIndex,
      checkpointIndex,
      ...rootsOf(replica),
      head: { index: executedIndex, digest: executedDigest },
      state: this.#state(),
      reasons: reasons.map(reason => this.#withNames(reason)),
      peersConnected: mesh.peers().filter(peer => peer.state === 'connected').length,
      uptimeMs: Math.round(nowMs() - startedAtMs),
      sockets: sockets()
    }
  }

  peers(): readonly PeerStatus[] {
    return this.#needs.mesh.peers().map(peer => {
      const name = this.#facts.names.get(peer.peer)
      const { order, sync, bulk } = peer.queuedBytes
      return {
        peer: peer.peer,
        ...(name === undefined ? {} : { name }),
        member: peer.member,
        state: peer.state,
        addresses: peer.addresses,
        ...(peer.rttMs === undefined ? {} : { rttMs: peer.rttMs }),
        queuedBytes: order + sync + bulk,
        sentBytes: peer.sentBytes,
        receivedBytes: peer.receivedBytes,
        ...(peer.plane === undefined ? {} : { plane: peer.plane }),
        ...(peer.encryption === undefined ? {} : { encryption: peer.encryption })
      }
    })
  }

  stop(): void {
    this.#isStopping = true
    this.#needs.stop()
  }

  consensusStatus(): ConsensusStatus {
    const { committee, names } = this.#facts
    const { dag: source, replica } = this.#needs
    const { orderer } = replica.status()
    return {
      protocol: orderer.protocol,
      epoch: orderer.epoch,
      round: orderer.round,
      committedIndex: orderer.lastIndex,
      committedRound: source.lastAnchorRound,
      quorumWeight: committee.quorumWeight,
      totalWeight: committee.totalWeight,
      members: committee.members.map(({ peer, weight }, replicaId) => {
        const name = names.get(peer)
        const round = lastRoundOf(source.dag, replicaId as ReplicaId)
        return { replica: replicaId, peer, ...(name === undefined ? {} : { name }), weight, round }
      }),
      reasons: orderer.reasons.map(reason => this.#withNames(reason))
    }
  }

  /** The machines know peers alone; people know members by the names of the genesis. */
  #withNames(reason: string): string {
    return reason.replace(/[\w-]+/g, word => this.#facts.names.get(word as PeerId) ?? word)
  }

  async dag(window: DagWindow): Promise<readonly DagRound[]> {
    return dagWindow(this.#needs.dag, window)
  }

  async openSession(request: OpenSessionRequest, signal: AbortSignal): Promise<OpenedSession> {
    this.#requireReady()
    return this.#needs.submissions.open(request, signal)
  }

  async submit(request: SubmitRequest, signal: AbortSignal): Promise<Receipt> {
    this.#requireReady()
    return this.#needs.submissions.submit(request, signal)
  }

  async transactionStatus(name: TransactionName): Promise<TransactionStatus> {
    const { receipts, replica } = this.#needs
    const recent = receipts.recent(name.session, name.sequence)
    if (recent !== undefined) {
      const { index, ordinal, code } = recent
      return { ...name, state: 'committed', index, ordinal, code }
    }
    const session = replica.executor.session(name.session)
    const isDone = session !== undefined && session.check(name.sequence) === 'duplicate'
    return { ...name, state: isDone ? 'committed' : 'unknown' }
  }

  logRange(range: LogRange): Promise<LogPage> {
    return this.#needs.reader.range(range)
  }

  commits(range: { readonly from: number; readonly limit: number }): Promise<CommitPage> {
    return this.#needs.reader.commits(range)
  }

  async kvGet(key: Uint8Array): Promise<KvRead> {
    const { executor } = this.#needs.replica
    const found = executor.kvGet(key)
    if (found === undefined) return { version: 0, index: executor.index }
    return { value: found.value.slice(), version: found.version, index: executor.index }
  }

  async kvList({ prefix, after, limit }: KvListRequest): Promise<KvPage> {
    const { executor } = this.#needs.replica
    const entries = executor.kvList(prefix, after, limit + 1)
    return {
      entries: entries.slice(0, limit),
      more: entries.length > limit,
      index: executor.index
    }
  }

  setLogLevel(change: LogLevelChange): void {
    this.#needs.setLogLevel(change)
  }

  subscribe<T extends Topic>(topic: T, listener: (value: TopicValue<T>) => void): () => void {
    return this.#topics.subscribe(topic, listener)
  }

  offer(envelopes: Uint8Array, count: number): Offer {
    if (!this.#isTaking() || !this.#needs.admits(envelopes.length)) {
      this.#needs.onRefused(count)
      return { accepted: false, retryAfterMs: busyRetryMs }
    }
    this.#needs.submit(envelopes, count)
    return { accepted: true }
  }

  onCommitted(listener: (runs: readonly CommittedRun[]) => void): () => void {
    this.#ingestListeners.add(listener)
    return () => this.#ingestListeners.delete(listener)
  }

  /** Called by the driver once a commit may be told of. */
  onExecuted({ outcome }: Executed): void {
    this.#needs.receipts.onExecuted(outcome)
    if (this.#ingestListeners.size > 0) {
      const runs = outcome.runs
        .filter(run => run.openDigest === undefined)
        .map(run => ({
          session: run.session,
          first: run.firstSequence,
          last: run.lastSequence,
          index: outcome.index,
          code: resultByte(run.code)
        }))
      for (const listener of this.#ingestListeners) listener(runs)
    }
    this.#topics.publish('log.committed', { index: outcome.index, digest: outcome.digest })
    this.#tellRounds()
  }

  /** New rounds, and again those whose anchor was not decided. */
  #tellRounds(): void {
    const source = this.#needs.dag
    const { dag, lastAnchorRound } = source
    if (this.#topics.count('consensus.rounds') > 0) {
      const first = Math.max(this.#decidedRound, dag.gcRound) + 1
      for (let round = first; round <= dag.highestRound; round++) {
        this.#topics.publish('consensus.rounds', dagRound(source, round as Round))
      }
    }
    this.#decidedRound = lastAnchorRound
  }

  /** Asked for every frame of a client, so that the state, which is dear, is looked at now and then. */
  #isTaking(): boolean {
    const now = this.#needs.nowMs()
    if (now >= this.#lookAtStateAtMs) {
      this.#lookAtStateAtMs = now + stateLookMs
      this.#wasTaking = this.isMember && takingStates.has(this.#state())
    }
    return this.#wasTaking && !this.#isStopping
  }

  #requireReady(): void {
    const state = this.#state()
    if (!this.isMember) {
      const reason = 'an observer takes no transactions: send them to a member'
      throw apiFault({ code: 'not-ready', state: 'observer', reason })
    }
    if (!takingStates.has(state)) {
      throw apiFault({ code: 'not-ready', state })
    }
  }

  #state(): NodeState {
    if (this.#isStopping) return 'stopping'
    const { replica } = this.#needs
    const { state, orderer, executedIndex } = replica.status()
    if (state === 'restoring') return 'starting'
    if (state === 'diverged' || state === 'disk-full') return state
    if (orderer.phase === 'recovering') return 'recovering'
    const known = Math.max(orderer.lastIndex, orderer.knownIndex ?? 0)
    return known - executedIndex > this.#facts.commitsBehindMax ? 'catching-up' : 'running'
  }
}

function rootsOf(replica: Replica<unknown>): Pick<NodeStatus, 'roots'> {
  const image = replica.executor.images.at(-1)
  if (image === undefined) return {}
  const { index, stateRoot, sessionRoot } = image.checkpoint
  return { roots: { index, stateRoot, sessionRoot } }
}
