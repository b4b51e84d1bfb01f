import type { PeerId, StreamClass } from '@novacron/base'

export type GossipTopic = 'heads' | 'checkpoints' | 'evidence'
export const gossipTopics: readonly GossipTopic[] = ['heads', 'checkpoints', 'evidence']

/** Which way frames go: over streams of the libp2p connection, or over TLS sockets of our own. */
export type Plane = 'libp2p' | 'direct'

/** A peer and where to find it; without addresses it can only come to us. */
export interface MeshMember {
  readonly peer: PeerId
  readonly addresses: readonly string[]
}

export interface MeshNeeds {
  /** 32-byte Ed25519 seed of the peer key. */
  readonly privateKeySeed: Uint8Array
  /** The committee: the allow-list. A member keeps connected to all others; who is not among them is an observer. */
  readonly members: readonly MeshMember[]
  readonly handlers: MeshHandlers
  /** Uniform in [0, 1), for the jitter of reconnection. */
  readonly random?: () => number
}

export interface MeshHandlers {
  /**
   * One whole frame. Called in the order in which the peer sent them on that class, without waiting for earlier promises;
   * the frame's credit returns to the sender when the call returns or its promise settles, so the class's window bounds
   * what is unsettled. The bytes belong to the handler. An error thrown here is our own mistake and is thrown on.
   */
  onFrame(from: PeerId, streamClass: StreamClass, frame: Uint8Array): void | Promise<void>
  /** A new connection of the same peer always comes after a `disconnected` of the old one. */
  onPeer(peer: PeerId, state: 'connected' | 'disconnected'): void
  /** Asked before a message is passed on; `reject` penalizes the peer that relayed it. */
  onGossip(
    topic: GossipTopic,
    message: Uint8Array,
    relayedBy: PeerId
  ): 'accept' | 'ignore' | 'reject'
  onEvent?(event: MeshEvent): void
  /** Bytes of frames and framing that a plane has carried since it was told last; about once a second. */
  onTraffic?(plane: Plane, sentBytes: number, receivedBytes: number): void
}

/** A running node of the mesh. Disposing closes every connection. */
export interface Mesh extends AsyncDisposable {
  readonly self: PeerId
  /** Multiaddrs that others can dial, with our `/p2p/` id. */
  addresses(): readonly string[]
  /**
   * Queues a frame, which must not be changed afterwards. False (and counted) when the peer is not connected, its queue
   * for that class is full, or the frame is larger than what the peer takes. Never throws for a peer's state.
   */
  send(to: PeerId, streamClass: StreamClass, frame: Uint8Array): boolean
  /** Tells everyone. Dropped (and counted) when too large or too frequent. */
  publish(topic: GossipTopic, message: Uint8Array): void
  /** Members, peers kept connected, and connected observers. */
  peers(): readonly PeerStatus[]
  /** Keeps connected to one more peer, with full limits: an observer's upstream. */
  keepConnected(member: MeshMember): void
  /** Lowers a peer's standing for `code`; too low, it is disconnected and refused for a while. */
  penalize(peer: PeerId, code: string): void
}

export type BytesByClass = Readonly<Record<StreamClass, number>>

export interface PeerStatus {
  readonly peer: PeerId
  readonly member: boolean
  readonly state: 'connected' | 'connecting' | 'disconnected' | 'refused'
  readonly addresses: readonly string[]
  /** The least of the last eight round trips of heartbeats on the order stream; missing until there are two. */
  readonly rttMs?: number
  /** Waiting here, not yet handed to the connection. */
  readonly queuedBytes: BytesByClass
  /** Handed over, not yet handled by the peer. */
  readonly inFlightBytes: BytesByClass
  /** Received (or being received) and not yet settled by our handler. */
  readonly pendingBytes: BytesByClass
  /** Of this connection, with framing. */
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly plane?: Plane
  /** The part of the bytes above that went over direct sockets. */
  readonly directSentBytes: number
  readonly directReceivedBytes: number
  readonly encryption?: 'tls' | 'noise'
  readonly connectedForMs?: number
  /** Decaying sum of penalties. */
  readonly penaltyPoints: number
}

export type DropReason = 'not-connected' | 'queue-full' | 'too-large' | 'disconnected'

/** Facts for counters and the log. Codes come from closed sets, except those that `penalize` was called with. */
export type MeshEvent =
  | {
      readonly type: 'frame-dropped'
      readonly peer: PeerId
      readonly streamClass: StreamClass
      readonly frames: number
      readonly bytes: number
      readonly reason: DropReason
    }
  | { readonly type: 'peer-penalized'; readonly peer: PeerId; readonly code: string }
  | { readonly type: 'peer-refused'; readonly peer: PeerId; readonly forMs: number }
  | { readonly type: 'connection-refused'; readonly peer: PeerId; readonly code: string }
  | {
      readonly type: 'direct-failed'
      readonly peer: PeerId
      readonly attempt: number
      readonly retryInMs: number
      readonly error: string
    }
  | { readonly type: 'connection-closed'; readonly peer: PeerId; readonly code: string }
  | {
      readonly type: 'dial-failed'
      readonly peer: PeerId
      readonly attempt: number
      readonly retryInMs: number
      readonly error: string
    }
  | {
      readonly type: 'gossip-dropped'
      readonly topic: GossipTopic
      readonly reason: 'too-large' | 'too-frequent' | 'failed'
    }
  | {
      readonly type: 'gossip-rejected'
      readonly topic: GossipTopic
      readonly relayedBy: PeerId
      readonly reason: 'too-large' | 'handler'
    }
