import {
  accepted,
  type CommitIndex,
  type Digest,
  type Epoch,
  type Millis,
  type PeerId,
  type ReplicaId,
  type Round,
  rejected,
  type Verdict
} from '@novacron/base'
import {
  type BatchReference,
  type CommittedSubDag,
  decodeSubDag,
  emptyKey,
  encodeSubDag,
  endKey,
  genesisCommitDigest,
  indexKey,
  type MessageCodec,
  makeSubDag,
  type Orderer,
  type OrdererEffect,
  type OrdererEvent,
  type OrdererStatus,
  type Row,
  tables
} from '@novacron/consensus'
import type { OrdererNeeds } from '../src/index.ts'

/** The next slot of the log, as its leader fills it. */
export interface RoundRobinMessage {
  readonly type: 'slot'
  readonly subDag: CommittedSubDag
}

export function roundRobinCodec({
  domain,
  hash
}: Pick<OrdererNeeds, 'domain' | 'hash'>): MessageCodec<RoundRobinMessage> {
  return {
    encode: ({ subDag }) => encodeSubDag(subDag),
    decode: bytes => ({ type: 'slot', subDag: decodeSubDag(bytes, domain, hash) })
  }
}

type Effect = OrdererEffect<RoundRobinMessage>
const slotDelayMs = 10

/**
 * The simplest thing with an orderer's face: leaders take turns, and everyone believes them. It stands neither crashes nor
 * lies; it shows that the replica knows nothing of Bullshark.
 */
export class RoundRobinOrderer implements Orderer<RoundRobinMessage> {
  readonly epoch: Epoch
  readonly windowCommits = 3
  readonly #needs: OrdererNeeds
  readonly #early = new Map<number, CommittedSubDag>()
  readonly #holds = new Set<string>()
  #lastIndex = 0 as CommitIndex
  #lastDigest: Digest = genesisCommitDigest
  #stopAt = Number.MAX_SAFE_INTEGER
  #isRestored = false
  #isWaiting = false

  constructor(needs: OrdererNeeds) {
    this.#needs = needs
    this.epoch = needs.domain.epoch
  }

  get lastIndex(): CommitIndex {
    return this.#lastIndex
  }

  screen(from: PeerId, { subDag }: RoundRobinMessage): Verdict {
    const isLeader = this.#needs.committee.replicaOf(from) === this.#leaderOf(subDag.index)
    return isLeader && subDag.epoch === this.epoch ? accepted : rejected({ code: 'not-the-leader' })
  }

  signaturesOf(): readonly never[] {
    return []
  }

  unorderedPayload(): ReadonlySet<Digest> {
    return new Set()
  }

  status(): OrdererStatus {
    const isStopped = this.#lastIndex >= this.#stopAt
    const phase = isStopped ? 'stopped' : this.#isRestored ? 'running' : 'recovering'
    const { epoch, lastIndex } = this
    const facts = { protocol: 'round-robin', epoch, round: lastIndex, lastDigest: this.#lastDigest }
    return { ...facts, lastIndex, phase, reasons: [...this.#holds] }
  }

  step(event: OrdererEvent<RoundRobinMessage>, now: Millis): readonly Effect[] {
    if (event.epoch !== this.epoch) return []
    const out: Effect[] = []
    switch (event.type) {
      case 'started': {
        const range = { table: tables.commit, from: emptyKey, to: endKey, limit: 1, reverse: true }
        return [{ type: 'read', token: 'last', range }]
      }
      case 'read-done':
        this.#onRestored(event.rows)
        break
      case 'received':
        this.#early.set(event.message.subDag.index, event.message.subDag)
        break
      case 'timer-fired':
        this.#isWaiting = false
        if (this.#mayPropose()) {
          out.push({ type: 'request-payload', batchesMax: 8, bytesMax: 1_000_000 })
        }
        return out
      case 'payload-offered':
        this.#propose(event.batches, now, out)
        break
      case 'stop-at':
        this.#stopAt = event.index
        break
      case 'hold':
        this.#holds.add(event.reason)
        break
      case 'release':
        this.#holds.delete(event.reason)
        break
      case 'adopt':
        this.#onAdopt(event.commits, out)
        break
      default:
    }
    this.#deliver(out)
    this.#maybeWait(now, out)
    return out
  }

  #onRestored(rows: readonly Row[]): void {
    const { domain, hash } = this.#needs
    this.#isRestored = true
    const value = rows[0]?.value
    if (value !== undefined) this.#moveTo(decodeSubDag(value, domain, hash))
  }

  #onAdopt(commits: readonly CommittedSubDag[], out: Effect[]): void {
    out.push({ type: 'persist', durable: true, writes: commits.map(commitPut) })
    for (const commit of commits.slice(-1)) this.#moveTo(commit)
  }

  #propose(payload: readonly BatchReference[], now: Millis, out: Effect[]): void {
    const { domain, hash, self } = this.#needs
    const index = (this.#lastIndex + 1) as CommitIndex
    const place = { round: index as number as Round, author: self as ReplicaId }
    const anchor = { ...place, digest: this.#lastDigest }
    const vertices = [{ ...anchor, payload }]
    const chained = { epoch: this.epoch, index, timestamp: now, previous: this.#lastDigest }
    const subDag = makeSubDag({ ...chained, anchor, vertices, scores: [] }, domain, hash)
    out.push({ type: 'broadcast', class: 'order', message: { type: 'slot', subDag } })
    this.#early.set(index, subDag)
  }

  #deliver(out: Effect[]): void {
    while (this.#lastIndex < this.#stopAt) {
      const subDag = this.#early.get(this.#lastIndex + 1)
      if (subDag === undefined) return
      this.#early.delete(subDag.index)
      this.#moveTo(subDag)
      out.push({ type: 'persist', durable: true, writes: [commitPut(subDag)] })
      out.push({ type: 'deliver', subDag, finality: 'final' })
      if (subDag.index === this.#stopAt) out.push({ type: 'stopped', index: subDag.index })
    }
  }

  #maybeWait(now: Millis, out: Effect[]): void {
    if (this.#isWaiting || !this.#mayPropose()) return
    this.#isWaiting = true
    out.push({ type: 'set-timer', timer: 'slot', at: (now + slotDelayMs) as Millis })
  }

  #mayPropose(): boolean {
    const next = this.#lastIndex + 1
    const isTurn = this.#needs.self === this.#leaderOf(next) && next <= this.#stopAt
    return this.#isRestored && isTurn && this.#holds.size === 0
  }

  #moveTo({ index, digest }: CommittedSubDag): void {
    this.#lastIndex = index
    this.#lastDigest = digest
  }

  #leaderOf(index: number): ReplicaId {
    return ((index - 1) % this.#needs.committee.size) as ReplicaId
  }
}

function commitPut(subDag: CommittedSubDag) {
  const key = indexKey(subDag.index)
  return { type: 'put', table: tables.commit, key, value: encodeSubDag(subDag) } as const
}
