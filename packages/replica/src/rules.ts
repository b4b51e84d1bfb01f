import {
  type CheckpointRules,
  checkpointRules,
  type ExecutionRules,
  executionRules,
  type SnapshotRules,
  snapshotRules
} from '@novacron/execution'

/** How far the log has come in different respects, as commit indexes. */
export interface LogProgress {
  /** A quorum has signed the state after it. */
  readonly certified: number
  /** The own state after it is stored: a restart runs what follows again. */
  readonly checkpoint: number
  /** Run here. */
  readonly executed: number
  /** The oldest snapshot that is given away: whoever takes it asks for what follows. */
  readonly served: number
}

/** What still asks for a batch of a commit that is to go. */
export interface BatchClaims {
  /** The commit that is to go. */
  readonly index: number
  /** The newest commit that names the batch. */
  readonly namedBy: number
  /** Something that a later commit may order names it too. */
  readonly isUnordered: boolean
}

export interface RetentionRules {
  /** Payload of commits below it may go. */
  droppableBelow(progress: LogProgress): number
  /** May this batch go with its commit? One that was given back, or is named by a liar, may be ordered again. */
  isDroppable(claims: BatchClaims): boolean
}

export const retentionRules: RetentionRules = {
  droppableBelow: ({ certified, checkpoint, served }) => Math.min(certified, checkpoint, served),
  isDroppable: ({ index, namedBy, isUnordered }) => namedBy <= index && !isUnordered
}

/**
 * The decisions of a replica's parts beside the orderer, handed to it as a value, so that a test can replace one and show
 * that the checks notice.
 */
export interface ReplicaRules {
  readonly execution: ExecutionRules
  readonly checkpoints: CheckpointRules
  readonly snapshots: SnapshotRules
  readonly retention: RetentionRules
}

export const replicaRules: ReplicaRules = {
  execution: executionRules,
  checkpoints: checkpointRules,
  snapshots: snapshotRules,
  retention: retentionRules
}
