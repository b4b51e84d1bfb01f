import {
  ascii,
  type CommitIndex,
  type Digest,
  digestOf,
  type Hash,
  type Millis,
  type PeerId,
  Reader,
  type Verdict,
  Writer
} from '@novacron/base'
import {
  Bullshark,
  type BullsharkMessage,
  type BullsharkRules,
  bullsharkCodec,
  type MessageCodec,
  type Orderer,
  type SignatureCheck,
  type SigningDomain,
  type VertexReference,
  vertexDigest
} from '@novacron/consensus'
import {
  checkpointSigningBytes,
  type ExecutedCommit,
  encodeEnvelope,
  encodeKvOperation,
  encodeSessionOpen,
  kvApplication,
  logApplication
} from '@novacron/execution'
import {
  type GossipMessage,
  type OrdererNeeds,
  Replica,
  type ReplicaMessage,
  type ReplicaRules,
  type ReplicaSettings,
  replicaCodec
} from '@novacron/replica'
import type { Behaviour } from './byzantine/behaviour.ts'
import { bullsharkLie } from './byzantine/bullshark.ts'
import type { LiarSeat, Lie } from './byzantine/liar.ts'
import type { Backing } from './checkers/certification.ts'
import type {
  EffectProbe,
  Gauge,
  Seat,
  SignedSlot,
  SimulatedMachine,
  SimulatedProtocol,
  WorldEffect,
  WorldEvent
} from './machine.ts'
import { ExactReceipts } from './receipts.ts'

/** The types of the replica that a node runs, ordered by the messages `Order`. */
export interface ReplicaTypes<Order> {
  readonly message: ReplicaMessage<Order>
  readonly gossip: GossipMessage
  readonly outcome: ExecutedCommit
}

/** What the world must know of an ordering protocol. */
export interface SimulatedOrderer<Order> {
  make(needs: OrdererNeeds, seat: Seat): Orderer<Order>
  codec(domain: SigningDomain, hash: Hash): MessageCodec<Order>
  /** Does this message go to many places, with the same signatures to check at each? */
  isCheckedAlike(message: Order): boolean
  describe(message: Order): string
  signedSlots(message: Order): readonly SignedSlot[]
  backingOf?(vertex: VertexReference, domain: SigningDomain, hash: Hash): Backing
  lie?(behaviour: Behaviour, seat: LiarSeat): Lie<ReplicaMessage<Order>, GossipMessage> | undefined
}

/** Bullshark as shipped, or with a rule replaced. */
export function bullsharkOrderer(rules?: BullsharkRules): SimulatedOrderer<BullsharkMessage> {
  return {
    make: (needs, seat) =>
      new Bullshark(seat.bullshark, { ...needs, ...(rules === undefined ? {} : { rules }) }),
    codec: bullsharkCodec,
    // What of a certificate is checked depends on what the place holds.
    isCheckedAlike: ({ type }) => type === 'header',
    describe: message => message.type,
    signedSlots: bullsharkSlots,
    backingOf: bullsharkBacking,
    lie: bullsharkLie
  }
}

/** Headers, votes and the votes in certificates. */
export function bullsharkSlots(message: BullsharkMessage): SignedSlot[] {
  switch (message.type) {
    case 'header': {
      const { author, round, id } = message.signed.header
      return [{ signer: author, slot: `header/${round}`, content: id }]
    }
    case 'vote': {
      const { voter, round, author, headerId } = message.vote
      return [{ signer: voter, slot: `vote/${round}/${author}`, content: headerId }]
    }
    case 'certificate': {
      const { header, signatures } = message.certificate
      const slot = `vote/${header.round}/${header.author}`
      return signatures.map(({ voter }) => ({ signer: voter, slot, content: header.id }))
    }
    default:
      return []
  }
}

/** Votes, and the header in the place of its author's. */
function bullsharkBacking(
  { round, author, digest }: VertexReference,
  domain: SigningDomain,
  hash: Hash
): Backing {
  const known = new Map<Digest, boolean>()
  return {
    voteSlot: `vote/${round}/${author}`,
    proposal: { slot: `header/${round}`, signer: author },
    matches(headerId) {
      const before = known.get(headerId)
      if (before !== undefined) return before
      const isThis = vertexDigest({ headerId, round, author }, domain, hash) === digest
      known.set(headerId, isThis)
      return isThis
    }
  }
}

/** Which orderer the replicas run on, and with what settings beside those of the scenario. */
export interface ReplicaProtocolOptions<Order> {
  readonly orderer: SimulatedOrderer<Order>
  readonly settings?: ReplicaSettings
  readonly rules?: ReplicaRules
}

/** Every fourth request writes a key, so that there is a state to compare; the others are opaque. */
const requestsPerPut = 4
const isWrite = (sequence: number): boolean => sequence % requestsPerPut === 0
const keyOfClient = (client: number): Uint8Array => ascii(`client-${client}`)

/** The replica of the product, driven by the world. Make one for each run: it learns who opened which session. */
export function replicaProtocol<Order>(
  { orderer, settings = {}, rules }: ReplicaProtocolOptions<Order>,
  hash: Hash
): SimulatedProtocol<ReplicaTypes<Order>> {
  const receipts = new ExactReceipts()
  let codec: MessageCodec<ReplicaMessage<Order>> | undefined
  return {
    codec: {
      encode: message => (codec as MessageCodec<ReplicaMessage<Order>>).encode(message),
      decode: bytes => (codec as MessageCodec<ReplicaMessage<Order>>).decode(bytes)
    },
    make(seat) {
      codec = replicaCodec(orderer.codec(seat.domain, hash), hash)
      return new ReplicaMachine(settings, orderer, rules, seat)
    },
    isCheckedAlike: ({ layer, message }) => layer === 'order' && orderer.isCheckedAlike(message),
    describe: ({ layer, message }) =>
      layer === 'order' ? orderer.describe(message) : `${layer}/${message.type}`,
    signedSlots: message => slotsOf(message, orderer, hash),
    backingOf: (vertex, domain) => orderer.backingOf?.(vertex, domain, hash),
    accusedBy: message => (message.topic === 'evidence' ? message.evidence.against : undefined),
    transaction(client, sequence, session) {
      if (session === undefined) {
        const nonce = new Writer(16).u64(0).u64(client).finish()
        const open = encodeSessionOpen({ nonce })
        receipts.asked(client, digestOf(hash, open))
        return open
      }
      const isPut = isWrite(sequence)
      const value = new Writer(16).u64(client).u64(sequence).finish()
      const key = keyOfClient(client)
      return encodeEnvelope({
        application: isPut ? kvApplication : logApplication,
        session,
        sequence,
        payload: isPut ? encodeKvOperation({ type: 'put', key, value }) : value
      })
    },
    receipts: outcome => receipts.of(outcome),
    isWrite,
    lie: (behaviour, seat) => orderer.lie?.(behaviour, seat)
  }
}

function slotsOf<Order>(
  message: ReplicaMessage<Order>,
  orderer: SimulatedOrderer<Order>,
  hash: Hash
): readonly SignedSlot[] {
  if (message.layer === 'order') return orderer.signedSlots(message.message)
  if (message.layer !== 'checkpoint' || message.message.type !== 'checkpoint-vote') return []
  const { checkpoint, replica } = message.message.vote
  const content = digestOf(hash, checkpointSigningBytes(checkpoint))
  return [{ signer: replica, slot: `checkpoint/${checkpoint.index}`, content }]
}

/** A replica as the world wants it. */
class ReplicaMachine<Order> implements SimulatedMachine<ReplicaTypes<Order>> {
  readonly #replica: Replica<Order>

  constructor(
    settings: ReplicaSettings,
    orderer: SimulatedOrderer<Order>,
    rules: ReplicaRules | undefined,
    seat: Seat
  ) {
    const { committee, domain, self, hash, sign, batches, wasSignedLogPresent } = seat
    const members = committee.members.map(({ peer, weight }) => ({ name: peer, peer, weight }))
    this.#replica = new Replica<Order>(
      {
        ...settings,
        mempool: { ...settings.mempool, ...seat.mempool },
        replica: { ...settings.replica, ...seat.replica }
      },
      {
        committee,
        domain,
        self,
        hash,
        sign,
        batches,
        members,
        wasSignedLogPresent,
        makeOrderer: needs => orderer.make(needs, seat),
        ...(rules === undefined ? {} : { rules })
      }
    )
  }

  step(
    event: WorldEvent<ReplicaTypes<Order>>,
    now: Millis
  ): readonly WorldEffect<ReplicaTypes<Order>>[] {
    return this.#replica.step(event, now) as readonly WorldEffect<ReplicaTypes<Order>>[]
  }

  screen(from: PeerId, message: ReplicaMessage<Order>): Verdict {
    return this.#replica.screen(from, message)
  }

  signaturesOf(message: ReplicaMessage<Order>): readonly SignatureCheck[] {
    return this.#replica.signaturesOf(message)
  }

  screenGossip(message: GossipMessage): Verdict {
    return this.#replica.screenGossip(message)
  }

  signaturesOfGossip(message: GossipMessage): readonly SignatureCheck[] {
    return this.#replica.gossipSignaturesOf(message)
  }

  admits(bytes: number): boolean {
    return this.#replica.admits(bytes)
  }

  describe(): string {
    const { state, orderer, executedIndex, reasons } = this.#replica.status()
    const at = `round ${orderer.round}, ordered ${orderer.lastIndex}, run ${executedIndex}`
    return [`${state}/${orderer.phase}`, at, ...reasons].join('; ')
  }

  lastState(): { readonly index: CommitIndex; readonly root: string } | undefined {
    const checkpoint = this.#replica.executor.images.at(-1)?.checkpoint
    if (checkpoint === undefined) return undefined
    const { index, stateRoot, sessionRoot } = checkpoint
    return { index, root: `${stateRoot}/${sessionRoot}` }
  }

  effects(): EffectProbe {
    const { executor } = this.#replica
    return {
      index: executor.index,
      lastWriteOf(client) {
        const found = executor.kvGet(keyOfClient(client))
        if (found === undefined) return undefined
        const reader = new Reader(found.value)
        return reader.u64() === client ? reader.u64() : undefined
      },
      appendedCount: () => executor.logCounters.transactions
    }
  }

  gauges(): readonly Gauge[] {
    return this.#replica.queues()
  }
}
