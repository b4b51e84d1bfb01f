import type {
  Broadcast,
  CancelTimer,
  CommitIndex,
  Count,
  Note,
  PeerId,
  Persist,
  Send,
  SetTimer
} from '@novacron/base'
import type { CommittedSubDag, DropBatches, Finality, Read, StoreBatch } from '@novacron/consensus'
import type { ExecutedCommit } from '@novacron/execution'
import type { GossipMessage, ReplicaMessage } from './messages.ts'

/** Everything a replica asks of its driver, to be performed in order (see the driver's law in base). */
export type ReplicaEffect =
  | Persist
  | Read
  | StoreBatch
  | DropBatches
  | Send<ReplicaMessage>
  | Broadcast<ReplicaMessage>
  | SetTimer
  | CancelTimer
  | Count
  | Note
  /** To everyone who listens, observers included; small. */
  | { readonly type: 'publish'; readonly message: GossipMessage }
  /** A commit is in the log and its transactions have been run: receipts may go out. */
  | {
      readonly type: 'executed'
      readonly subDag: CommittedSubDag
      readonly finality: Finality
      readonly outcome: ExecutedCommit
    }
  | { readonly type: 'penalize'; readonly peer: PeerId; readonly code: string }
  | { readonly type: 'stopped'; readonly index: CommitIndex; readonly reason?: string }
