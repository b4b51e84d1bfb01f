import {
  accepted,
  type CommitIndex,
  type Digest,
  digestOf,
  type Epoch,
  type Millis,
  type PeerId,
  Reader,
  type ReplicaId,
  type Round,
  rejected,
  type Verdict,
  Writer
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
  type SignatureCheck,
  tables
} from '@novacron/consensus'
import type { OrdererNeeds } from '@novacron/replica'
import type { SimulatedOrderer } from '../src/index.ts'

/** The next entry of the log, said by the one whose turn it is. */
interface Turn {
  readonly type: 'turn'
  readonly index: CommitIndex
  readonly timestamp: number
  readonly payload: readonly BatchReference[]
  readonly signature: Uint8Array
}
/** Asks for a turn again. */
interface Ask {
  readonly type: 'ask'
  readonly index: CommitIndex
}
export type RoundRobinMessage = Turn | Ask

type Effect = OrdererEffect<RoundRobinMessage>
const turnDelayMs = 20
const askDelayMs = 100

/**
 * The smallest orderer there is: replica `index % n` says what entry `index` holds, and everybody believes it. It tolerates
 * restarts but no dead replica, and shows that nothing outside of an orderer depends on Bullshark.
 */
export class RoundRobin implements Orderer<RoundRobinMessage> {
  readonly epoch: Epoch
  readonly windowCommits = 1
  readonly #needs: OrdererNeeds
  readonly #turns = new Map<number, Turn>()
  #lastIndex = 0 as CommitIndex
  #lastDigest: Digest = genesisCommitDigest
  #isRestored = false
  #isAsking = false
  #stopAt = Number.MAX_SAFE_INTEGER

  constructor(needs: OrdererNeeds) {
    this.epoch = needs.domain.epoch
    this.#needs = needs
  }

  get lastIndex(): CommitIndex {
    return this.#lastIndex
  }

  screen(from: PeerId, message: RoundRobinMessage): Verdict {
    const { committee } = this.#needs
    return committee.replicaOf(from) === undefined || message.index < 1
      ? rejected({ code: 'no-turn' })
      : accepted
  }

  signaturesOf(message: RoundRobinMessage): readonly SignatureCheck[] {
    if (message.type === 'ask') return []
    const { publicKey } = this.#needs.committee.member(this.#leaderOf(message.index))
    return [{ publicKey, message: bytesOf(message), signature: message.signature }]
  }

  unorderedPayload(): ReadonlySet<Digest> {
    return new Set()
  }

  status(): OrdererStatus {
    return {
      protocol: 'round-robin',
      epoch: this.epoch,
      round: this.#lastIndex,
      lastIndex: this.#lastIndex,
      lastDigest: this.#lastDigest,
      phase: this.#isRestored ? 'running' : 'recovering',
      reasons: []
    }
  }

  step(event: OrdererEvent<RoundRobinMessage>, now: Millis): readonly Effect[] {
    const out: Effect[] = []
    switch (event.type) {
      case 'started': {
        const range = { table: tables.commit, from: emptyKey, to: endKey, limit: 10_000 }
        out.push({ type: 'read', token: 'log', range })
        break
      }
      case 'read-done':
        for (const { value } of event.rows) if (value !== undefined) this.#restore(value)
        this.#isRestored = true
        break
      case 'received':
        this.#onMessage(event.from, event.message, out)
        break
      case 'timer-fired':
        this.#onTimer(event.timer, out)
        break
      case 'payload-offered':
        this.#onPayload(event.batches, now, out)
        break
      case 'stop-at':
        this.#stopAt = event.index
        break
      default:
    }
    if (this.#isRestored) this.#settle(now, out)
    return out
  }

  #onMessage(from: PeerId, message: RoundRobinMessage, out: Effect[]): void {
    if (message.type === 'turn') {
      this.#turns.set(message.index, message)
      const holders = [this.#needs.committee.peerOf(this.#leaderOf(message.index))]
      out.push({ type: 'want-batches', batches: message.payload, holders })
      return
    }
    const turn = this.#turns.get(message.index)
    if (turn !== undefined) out.push({ type: 'send', to: from, class: 'order', message: turn })
  }

  #onTimer(timer: string, out: Effect[]): void {
    if (timer === 'turn' && this.#isMyTurn()) {
      out.push({ type: 'request-payload', batchesMax: 8, bytesMax: 1_000_000 })
    } else if (timer === 'ask') {
      this.#isAsking = false
      const message = { type: 'ask', index: this.#next() } as const
      out.push({ type: 'broadcast', class: 'order', message })
    }
  }

  #onPayload(payload: readonly BatchReference[], now: Millis, out: Effect[]): void {
    if (!this.#isMyTurn()) {
      out.push({ type: 'requeue', batches: payload })
      return
    }
    const said = { index: this.#next(), timestamp: Math.floor(now), payload }
    const signature = this.#needs.sign(bytesOf(said))
    const turn: Turn = { type: 'turn', ...said, signature }
    this.#turns.set(turn.index, turn)
    const key = indexKey(turn.index)
    const value = roundRobinCodec.encode(turn)
    const writes = [{ type: 'put', table: tables.signed, key, value }] as const
    out.push({ type: 'persist', durable: true, writes })
    out.push({ type: 'broadcast', class: 'order', message: turn })
  }

  #settle(now: Millis, out: Effect[]): void {
    for (let turn = this.#turns.get(this.#next()); turn !== undefined; ) {
      if (this.#next() > this.#stopAt) return
      const subDag = this.#order(turn)
      const write = {
        type: 'put',
        table: tables.commit,
        key: indexKey(subDag.index),
        value: encodeSubDag(subDag)
      } as const
      out.push({ type: 'persist', durable: false, writes: [write] })
      out.push({ type: 'deliver', subDag, finality: 'final' })
      turn = this.#turns.get(this.#next())
    }
    if (this.#isMyTurn()) {
      out.push({ type: 'set-timer', timer: 'turn', at: (now + turnDelayMs) as Millis })
    }
    if (this.#isAsking) return
    this.#isAsking = true
    out.push({ type: 'set-timer', timer: 'ask', at: (now + askDelayMs) as Millis })
  }

  #order(turn: Turn): CommittedSubDag {
    const { domain, hash } = this.#needs
    const anchor = {
      round: turn.index as number as Round,
      author: this.#leaderOf(turn.index),
      digest: digestOf(hash, bytesOf(turn))
    }
    const fields = {
      epoch: this.epoch,
      index: turn.index,
      anchor,
      timestamp: turn.timestamp as Millis,
      previous: this.#lastDigest,
      vertices: [{ ...anchor, payload: turn.payload }],
      scores: []
    }
    const subDag = makeSubDag(fields, domain, hash)
    this.#lastIndex = subDag.index
    this.#lastDigest = subDag.digest
    return subDag
  }

  #restore(value: Uint8Array): void {
    const { domain, hash } = this.#needs
    const subDag = decodeSubDag(value, domain, hash)
    this.#lastIndex = subDag.index
    this.#lastDigest = subDag.digest
  }

  #next(): CommitIndex {
    return (this.#lastIndex + 1) as CommitIndex
  }

  #isMyTurn(): boolean {
    const { self } = this.#needs
    return self !== undefined && this.#leaderOf(this.#next()) === self
  }

  #leaderOf(index: number): ReplicaId {
    return (index % this.#needs.committee.size) as ReplicaId
  }
}

function bytesOf(turn: Pick<Turn, 'index' | 'timestamp' | 'payload'>): Uint8Array {
  return new Writer(64)
    .u64(turn.index)
    .u64(turn.timestamp)
    .list(turn.payload, ({ digest, sizeBytes }, w) => w.digest(digest).u32(sizeBytes))
    .finish()
}

export const roundRobinCodec: MessageCodec<RoundRobinMessage> = {
  encode(message) {
    const writer = new Writer(64).u64(message.index)
    if (message.type === 'ask') return writer.u8(0).finish()
    return writer
      .u8(1)
      .u64(message.timestamp)
      .list(message.payload, ({ digest, sizeBytes }, w) => w.digest(digest).u32(sizeBytes))
      .bytes(message.signature)
      .finish()
  },
  decode(bytes) {
    const reader = new Reader(bytes)
    const index = reader.u64() as CommitIndex
    if (reader.u8() === 0) return { type: 'ask', index }
    return {
      type: 'turn',
      index,
      timestamp: reader.u64(),
      payload: reader.list('payload', 64, r => ({ digest: r.digest(), sizeBytes: r.u32() })),
      signature: reader.bytes('signature', 64).slice()
    }
  }
}

export const roundRobinOrderer: SimulatedOrderer<RoundRobinMessage> = {
  make: needs => new RoundRobin(needs),
  codec: () => roundRobinCodec,
  describe: message => message.type,
  isCheckedAlike: () => false,
  signedSlots: message => {
    if (message.type === 'ask') return []
    const content = Buffer.from(roundRobinCodec.encode(message)).toString('hex') as Digest
    // Whose turn it is follows from the index alone.
    return [{ signer: 0 as ReplicaId, slot: `turn/${message.index}`, content }]
  }
}
