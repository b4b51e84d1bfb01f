import type {
  Broadcast,
  CancelTimer,
  CommitIndex,
  Count,
  Digest,
  Epoch,
  Machine,
  Note,
  PeerId,
  Persist,
  ReplicaId,
  Round,
  Send,
  SetTimer,
  Verdict,
  Verified
} from '@novacron/base'
import type { BatchReference } from './dag/header.ts'
import type { CommittedSubDag } from './dag/sub-dag.ts'
import type { SignatureCheck } from './signing.ts'

/** `tentative` may still be replaced (ProBFT before its finality layer); effects on the outside wait for `final`. */
export type Finality = 'tentative' | 'final'

/** The face that all ordering protocols share towards the replica. Every event names the epoch it is meant for. */
export type OrdererEvent<Message> = { readonly epoch: Epoch } & OrdererInput<Message>

export type OrdererInput<Message> =
  | { readonly type: 'started' }
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Verified<Message> }
  | { readonly type: 'timer-fired'; readonly timer: string }
  /** Transactions wait to be proposed: rounds on demand begin. */
  | { readonly type: 'payload-waiting' }
  /** The answer to `request-payload`; may be empty. */
  | { readonly type: 'payload-offered'; readonly batches: readonly BatchReference[] }
  | { readonly type: 'batches-stored'; readonly digests: readonly Digest[] }
  /** How far the executor is, for back-pressure. */
  | { readonly type: 'executed'; readonly index: CommitIndex }
  /** A member, `from`, has signed that the log reaches at least to `index`; who passed it on does not matter. */
  | { readonly type: 'head-seen'; readonly index: CommitIndex; readonly from: PeerId }
  | { readonly type: 'peer-connected' | 'peer-disconnected'; readonly peer: PeerId }
  | { readonly type: 'read-done'; readonly token: string; readonly rows: readonly Row[] }
  /** Everything at and below `index` is in a checkpoint that a quorum holds and may be forgotten by retention. */
  | { readonly type: 'prune'; readonly below: CommitIndex }
  /** Deliver nothing above `index`: the last commit of this epoch. */
  | { readonly type: 'stop-at'; readonly index: CommitIndex }
  /** A snapshot replaces the log up to the last of these commits (a window that ends in a checked checkpoint). */
  | { readonly type: 'adopt'; readonly commits: readonly CommittedSubDag[] }
  /** Sign nothing any more: another replica state has a quorum, or the disk is full. */
  | { readonly type: 'hold'; readonly reason: string }
  | { readonly type: 'release'; readonly reason: string }
  | { readonly type: 'network-measured'; readonly roundTripMs: number }

/** One row that a `read` asked for; `value` is undefined when a key is not there. */
export interface Row {
  readonly table: string
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** Asks the driver for rows; answered by `read-done` with the same token, in the order asked. */
export interface Read {
  readonly type: 'read'
  readonly token: string
  readonly keys?: readonly { readonly table: string; readonly key: Uint8Array }[]
  /** `from <= key < to`, at most `limit` rows, ascending unless `reverse`. */
  readonly range?: {
    readonly table: string
    readonly from: Uint8Array
    readonly to: Uint8Array
    readonly limit: number
    readonly reverse?: boolean
  }
}

export type OrdererEffect<Message> =
  | Persist
  | Read
  | Send<Message>
  | Broadcast<Message>
  | SetTimer
  | CancelTimer
  | Count
  | Note
  /** Seal what waits and offer at most this much: answered by `payload-offered`, at once. */
  | { readonly type: 'request-payload'; readonly batchesMax: number; readonly bytesMax: number }
  | { readonly type: 'deliver'; readonly subDag: CommittedSubDag; readonly finality: Finality }
  /** Payload that is named but not held; the peers are likely to hold it, best first. */
  | {
      readonly type: 'want-batches'
      readonly batches: readonly BatchReference[]
      readonly holders: readonly PeerId[]
      /** Left out for what is ordered: that is looked for until it is here. */
      readonly by?: NamedBy
    }
  /** Of an orderer that ships payload itself: these peers are to be sent these batches, which are here. */
  | {
      readonly type: 'ship-batches'
      readonly batches: readonly BatchReference[]
      readonly to: readonly PeerId[]
    }
  /** No commit orders anything at or below this round any more. */
  | { readonly type: 'collected'; readonly round: Round }
  /** Own batches that no commit will order any more: propose them again. */
  | { readonly type: 'requeue'; readonly batches: readonly BatchReference[] }
  /** Two signed objects of one author for one slot, both encoded, for everyone to check. */
  | {
      readonly type: 'evidence'
      readonly against: PeerId
      readonly kind: string
      readonly objects: readonly Uint8Array[]
    }
  | { readonly type: 'penalize'; readonly peer: PeerId; readonly code: string }
  /** Peers have pruned what this node needs next: only a snapshot helps. */
  | { readonly type: 'behind'; readonly lowest: CommitIndex }
  /** The last commit of the epoch has been delivered; or, with a reason, nothing may be ordered after `index` any more. */
  | { readonly type: 'stopped'; readonly index: CommitIndex; readonly reason?: string }

/** Who names a batch: a header of this author, which may have invented it, or a vertex that a quorum has voted for. */
export type NamedBy =
  | { readonly type: 'header'; readonly author: ReplicaId; readonly round: Round }
  | { readonly type: 'vertex'; readonly author: ReplicaId; readonly round: Round }

/** A queue or table of a machine, and the bound that it promises to keep to. */
export interface QueueGauge {
  readonly name: string
  readonly value: number
  readonly max: number
}

/** What `status` tells an operator, also when nothing moves. */
export interface OrdererStatus {
  readonly protocol: string
  readonly epoch: Epoch
  readonly round: number
  readonly lastIndex: CommitIndex
  readonly lastDigest: Digest
  /** Newest commit that others are said to have, when that is more. */
  readonly knownIndex?: CommitIndex
  readonly phase: 'recovering' | 'running' | 'held' | 'stopped' | 'observing'
  /** In words: what is missing, from whom. Empty when all is well. */
  readonly reasons: readonly string[]
}

export interface Orderer<Message> extends Machine<OrdererEvent<Message>, OrdererEffect<Message>> {
  readonly epoch: Epoch
  /** The last commit that is ordered, delivered or restored. */
  readonly lastIndex: CommitIndex
  /** Commits that an orderer must be given to begin at a checkpoint (`adopt`). */
  readonly windowCommits: number
  /** Payload goes where `ship-batches` says, over any member; left out, each member sends its own to everyone. */
  readonly shipsPayload?: boolean
  /** Cheap checks before any signature is looked at; changes nothing. */
  screen(from: PeerId, message: Message): Verdict
  /** Signatures that must hold before `message` may enter as `Verified`. */
  signaturesOf(message: Message): readonly SignatureCheck[]
  /** What is named by anything that a later commit may order: it was promised to be here then, whatever ordered it before. */
  unorderedPayload(): ReadonlySet<Digest>
  status(): OrdererStatus
  /** Its queues that have a bound. */
  queues?(): readonly QueueGauge[]
}

/** Everything by which a protocol's messages cross the wire. */
export interface MessageCodec<Message> {
  encode(message: Message): Uint8Array
  /** @throws {Fault<DecodeFault>} and nothing else. */
  decode(bytes: Uint8Array): Message
}
