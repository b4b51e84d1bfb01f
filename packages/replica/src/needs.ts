import type { BatchReader, CommitIndex, Digest, Hash, ReplicaId, Sign } from '@novacron/base'
import type {
  Committee,
  MempoolOptions,
  Orderer,
  OrdererStatus,
  SigningDomain
} from '@novacron/consensus'
import type { ExecutionOptions, HashSeed, MemberListing } from '@novacron/execution'
import type { ReplicaOptions } from './options.ts'
import type { ReplicaRules } from './rules.ts'

export interface OrdererNeeds {
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly self: ReplicaId | undefined
  readonly hash: Hash
  readonly sign: Sign
  readonly hasBatch: (digest: Digest) => boolean
  /** Length of stored payload in bytes. */
  readonly sizeOfBatch: (digest: Digest) => number | undefined
  readonly wasSignedLogPresent: boolean
}

export interface ReplicaNeeds<Order> {
  readonly committee: Committee
  readonly domain: SigningDomain
  /** This node's seat; undefined for an observer. */
  readonly self: ReplicaId | undefined
  readonly hash: Hash
  /** With the consensus key. */
  readonly sign: Sign
  readonly batches: BatchReader
  readonly members: readonly MemberListing[]
  readonly wasSignedLogPresent: boolean
  /** Of the index of keys; secret where strangers choose these. */
  readonly hashSeed?: HashSeed
  /** Makes the orderer of the epoch: Bullshark, or a trivial one in tests of the seam. */
  readonly makeOrderer: (needs: OrdererNeeds) => Orderer<Order>
  readonly rules?: ReplicaRules
}

export interface ReplicaSettings {
  readonly replica?: Partial<ReplicaOptions>
  readonly mempool?: Partial<MempoolOptions>
  readonly execution?: Partial<ExecutionOptions>
}

export interface ReplicaStatus {
  readonly state: 'restoring' | 'running' | 'diverged' | 'disk-full' | 'stopped'
  readonly orderer: OrdererStatus
  readonly executedIndex: CommitIndex
  readonly executedDigest: Digest
  readonly checkpointIndex: CommitIndex
  /** Lowest commit whose transactions are still here. */
  readonly retainedFrom: CommitIndex
  readonly pendingBytes: number
  readonly evidenceCount: number
  /** In words; empty when all is well. */
  readonly reasons: readonly string[]
}
