import type { CommitIndex, PeerId, Verified } from '@novacron/base'
import type { Row } from '@novacron/consensus'
import type { GossipMessage, ReplicaMessage } from './messages.ts'

/** Everything that can happen to a replica. */
export type ReplicaEvent =
  | { readonly type: 'started' }
  | { readonly type: 'received'; readonly from: PeerId; readonly message: Verified<ReplicaMessage> }
  | { readonly type: 'gossiped'; readonly from: PeerId; readonly message: Verified<GossipMessage> }
  | { readonly type: 'timer-fired'; readonly timer: string }
  /** Whole envelopes back to back, after `admits` said yes. The bytes are copied. */
  | { readonly type: 'submitted'; readonly region: Uint8Array; readonly count: number }
  | { readonly type: 'read-done'; readonly token: string; readonly rows: readonly Row[] }
  | { readonly type: 'peer-connected' | 'peer-disconnected'; readonly peer: PeerId }
  | { readonly type: 'network-measured'; readonly roundTripMs: number }
  | { readonly type: 'stop-at'; readonly index: CommitIndex }
  /** The disk is full, or has room again. */
  | { readonly type: 'disk'; readonly state: 'full' | 'ok' }
