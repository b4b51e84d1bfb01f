/** What a node says about itself; all of it fits JSON, so the API passes it on as it is. */

export const nodeStates = [
  'starting',
  'recovering',
  'running',
  'catching-up',
  'diverged',
  'disk-full',
  'stopping'
] as const
export type NodeState = (typeof nodeStates)[number]

/** The log's last executed commit. */
export interface Head {
  readonly index: number
  readonly digest: string
}

/** What a node's own state was at its last checkpoint; equal on all nodes for one index. */
export interface StateRoots {
  readonly index: number
  readonly stateRoot: string
  readonly sessionRoot: string
}

export interface NodeStatus {
  readonly name: string
  readonly peer: string
  /** Digest of the genesis. */
  readonly chain: string
  readonly chainName: string
  readonly role: 'member' | 'observer'
  /** Of the software. */
  readonly version: string
  /** Of the consensus, as `bullshark`. */
  readonly protocol: string
  readonly epoch: number
  readonly round: number
  readonly committedIndex: number
  readonly executedIndex: number
  /** Newest checkpoint that a quorum has signed. */
  readonly checkpointIndex: number
  /** Absent before the first checkpoint. */
  readonly roots?: StateRoots
  readonly head: Head
  readonly state: NodeState
  /** Why it is not better: one sentence each, naming what is missing from whom. Empty when all is well. */
  readonly reasons: readonly string[]
  readonly peersConnected: number
  readonly uptimeMs: number
  readonly sockets: NodeSockets
  readonly tier?: 1 | 2 | 3
}

/** Does it reach too few members for anything to be committed, although it runs itself? */
export function lacksQuorum({ reasons }: Pick<NodeStatus, 'reasons'>): boolean {
  return reasons.some(reason => reason.startsWith('no quorum:'))
}

export interface NodeSockets {
  readonly control?: string
  readonly ingest?: string
  /** URL of the health and metrics server. */
  readonly health?: string
  readonly controlTcp?: string
}

export interface PeerStatus {
  readonly peer: string
  readonly name?: string
  readonly member: boolean
  readonly state: 'connected' | 'connecting' | 'disconnected' | 'refused'
  readonly addresses: readonly string[]
  readonly rttMs?: number
  readonly queuedBytes: number
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Which way frames go at this moment. */
  readonly plane?: 'libp2p' | 'direct'
  readonly encryption?: string
}

export interface ConsensusStatus {
  readonly protocol: string
  readonly epoch: number
  readonly round: number
  readonly committedIndex: number
  readonly committedRound: number
  readonly quorumWeight: number
  readonly totalWeight: number
  /** By seat. */
  readonly members: readonly MemberStatus[]
  readonly reasons: readonly string[]
}

export interface MemberStatus {
  readonly replica: number
  readonly peer: string
  readonly name?: string
  readonly weight: number
  /** Highest round of which a vertex by this member is here; 0 before the first. */
  readonly round: number
}

/** Both ends included. */
export interface DagWindow {
  readonly fromRound: number
  readonly toRound: number
}

export interface DagRound {
  readonly round: number
  readonly vertices: readonly DagVertex[]
  /** Of rounds that have a leader. */
  readonly anchor?: DagAnchor
}

export interface DagVertex {
  /** Seat. */
  readonly author: number
  readonly digest: string
  readonly parents: readonly string[]
  readonly batches: number
  readonly transactions?: number
  /** Commit that ordered it; absent before. */
  readonly committedIndex?: number
}

export interface DagAnchor {
  readonly author: number
  /** Absent when the leader's vertex is not here. */
  readonly digest?: string
  readonly state: 'undecided' | 'committed' | 'skipped'
}
