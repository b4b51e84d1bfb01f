import type {
  BatchReader,
  Broadcast,
  CancelTimer,
  CommitIndex,
  Count,
  Digest,
  Hash,
  Machine,
  Note,
  PeerId,
  Persist,
  ReplicaId,
  Send,
  SetTimer,
  Sign,
  Verdict,
  Verified
} from '@novacron/base'
import type {
  BullsharkOptions,
  CommittedSubDag,
  Committee,
  DropBatches,
  Finality,
  MempoolOptions,
  MessageCodec,
  Read,
  Row,
  SignatureCheck,
  SigningDomain,
  StoreBatch,
  VertexReference
} from '@novacron/consensus'
import type { ReplicaOptions } from '@novacron/replica'
import type { Behaviour } from './byzantine/behaviour.ts'
import type { LiarSeat, Lie } from './byzantine/liar.ts'
import type { Backing } from './checkers/certification.ts'

/** The types by which one kind of replica differs from another. */
export interface ProtocolTypes {
  readonly message: unknown
  readonly gossip: unknown
  /** What running a commit gave. */
  readonly outcome: unknown
}

/** What the world tells a replica. */
export type WorldEvent<T extends ProtocolTypes> =
  | { readonly type: 'started' }
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Verified<T['message']> }
  | { readonly type: 'gossiped'; readonly from: PeerId; readonly message: Verified<T['gossip']> }
  | { readonly type: 'timer-fired'; readonly timer: string }
  | { readonly type: 'submitted'; readonly region: Uint8Array; readonly count: number }
  | { readonly type: 'read-done'; readonly token: string; readonly rows: readonly Row[] }
  | { readonly type: 'peer-connected' | 'peer-disconnected'; readonly peer: PeerId }
  /** The last commit of the epoch. */
  | { readonly type: 'stop-at'; readonly index: CommitIndex }
  /** The disk is full, or has room again. */
  | { readonly type: 'disk'; readonly state: 'full' | 'ok' }

/** What a replica may ask of the world. */
export type WorldEffect<T extends ProtocolTypes> =
  | Persist
  | Read
  | StoreBatch
  | DropBatches
  | Send<T['message']>
  | Broadcast<T['message']>
  | SetTimer
  | CancelTimer
  | Count
  | Note
  | { readonly type: 'publish'; readonly message: T['gossip'] }
  | {
      readonly type: 'executed'
      readonly subDag: CommittedSubDag
      readonly finality: Finality
      readonly outcome: T['outcome']
    }
  | { readonly type: 'penalize'; readonly peer: PeerId; readonly code: string }
  | { readonly type: 'stopped'; readonly index: CommitIndex; readonly reason?: string }

/** A replica as the world drives it. */
export interface SimulatedMachine<T extends ProtocolTypes>
  extends Machine<WorldEvent<T>, WorldEffect<T>> {
  screen(from: PeerId, message: T['message']): Verdict
  signaturesOf(message: T['message']): readonly SignatureCheck[]
  screenGossip(message: T['gossip']): Verdict
  signaturesOfGossip(message: T['gossip']): readonly SignatureCheck[]
  /** May so many bytes be submitted? */
  admits(bytes: number): boolean
  /** In words, for the report of a run that stalls. */
  describe(): string
  /** The last checkpoint that is complete: its commit, and in one text the roots of the state after that. */
  lastState(): { readonly index: CommitIndex; readonly root: string } | undefined
  /** Queues and caches that must stay within a bound. */
  gauges(): readonly Gauge[]
  /** The state of its applications, for a model that is kept beside them; undefined where there is none. */
  effects?(): EffectProbe
}

/** What the applications of a replica hold of the clients' requests. */
export interface EffectProbe {
  /** The commit whose state this is. */
  readonly index: CommitIndex
  /** Sequence of the last request of this client whose write can be read; undefined before the first. */
  lastWriteOf(client: number): number | undefined
  /** Requests that were appended to the log application. */
  appendedCount(): number
}

export interface Gauge {
  readonly name: string
  readonly value: number
  readonly max: number
}

/** What a replica is built from; after a restart everything but the disk is new. */
export interface Seat {
  readonly peer: PeerId
  /** Undefined for an observer. */
  readonly self: ReplicaId | undefined
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
  readonly sign: Sign
  readonly batches: BatchReader
  readonly wasSignedLogPresent: boolean
  /** Protocol options of this run, equal at every place. */
  readonly bullshark: Partial<BullsharkOptions>
  readonly mempool: Partial<MempoolOptions>
  readonly replica: Partial<ReplicaOptions>
}

/** A signature for a slot that allows only one: who signed what where. */
export interface SignedSlot {
  readonly signer: ReplicaId
  /** The slot, in words without the signed content. */
  readonly slot: string
  readonly content: Digest
}

/** What became of one client's transaction in a commit. */
export interface Receipt {
  readonly client: number
  readonly sequence: number
  /** False when it had been applied before, so that this copy did nothing. */
  readonly isApplied: boolean
  /** The session that request 0 opened; asking twice opens two, of which a client uses the first it hears of. */
  readonly session?: Uint8Array
}

/** How the world makes replicas of one kind, and understands what they say. */
export interface SimulatedProtocol<T extends ProtocolTypes> {
  readonly codec: MessageCodec<T['message']>
  make(seat: Seat): SimulatedMachine<T>
  /** Does this message, an object that is never changed, go to many places with the same signatures to check at each? */
  isCheckedAlike(message: T['message']): boolean
  /** One word for the trace. */
  describe(message: T['message']): string
  signedSlots(message: T['message']): readonly SignedSlot[]
  /** Where members sign for a vertex; undefined for a protocol whose log is not made of certificates. */
  backingOf?(vertex: VertexReference, domain: SigningDomain): Backing | undefined
  /** Whom a gossiped message proves a liar. */
  accusedBy?(message: T['gossip']): PeerId | undefined
  /** What a client's request is on the wire: 0 asks for a session, the others are made in it. */
  transaction(client: number, sequence: number, session: Uint8Array | undefined): Uint8Array
  receipts(outcome: T['outcome']): readonly Receipt[]
  /** Does this request write the client's key, or is it appended? Asked where machines show their effects. */
  isWrite?(sequence: number): boolean
  /** What a liar makes of the protocol's own words; undefined for a behaviour that needs none. */
  lie?(behaviour: Behaviour, seat: LiarSeat): Lie<T['message'], T['gossip']> | undefined
}
