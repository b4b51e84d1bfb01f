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
}

export interface RetentionRules {
  /** Payload of commits below it may go. */
  droppableBelow(progress: LogProgress): number
}

export const retentionRules: RetentionRules = {
  droppableBelow: ({ certified, checkpoint }) => Math.min(certified, checkpoint)
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
