export { type Application, ApplyContext } from './applications/application.ts'
export { type KvItem, type KvValue, kvApplication } from './applications/kv.ts'
export {
  encodeKvOperation,
  type KvOperation,
  kvKeyBytesMax,
  readKvOperation
} from './applications/kv-operation.ts'
export { type LogCounters, logApplication } from './applications/log.ts'
export { membershipApplication } from './applications/membership.ts'
export {
  type BucketEntry,
  bucketCount,
  bucketOf,
  decodeBucket,
  encodeBucket
} from './buckets/bucket.ts'
export {
  BucketTree,
  type EncodeBucket,
  type KeepsFormer,
  type TreeImage
} from './buckets/bucket-tree.ts'
export {
  emptyLeaf,
  isBucketOf,
  leafHash,
  leafOf,
  leavesBytes,
  rootOfLeaves
} from './buckets/leaves.ts'
export type { EncodedBucket, Namespace } from './buckets/namespace.ts'
export * from './checkpoint.ts'
export {
  type CheckpointNeeds,
  Checkpoints,
  checkpointTimer
} from './checkpoints/machine.ts'
export * from './checkpoints/messages.ts'
export {
  type CheckpointOptions,
  checkCheckpointOptions,
  defaultCheckpointOptions
} from './checkpoints/options.ts'
export {
  checkpointKey,
  type RestoredCheckpoints,
  restoreCheckpoints
} from './checkpoints/restored.ts'
export * from './checkpoints/rules.ts'
export * from './envelope.ts'
export * from './executed-commit.ts'
export {
  type CheckpointImage,
  Executor,
  type ExecutorNeeds,
  type MemberListing
} from './executor.ts'
export * from './options.ts'
export {
  bucketKey,
  persistWrites,
  pieceWrites,
  type RestoreFault,
  readExecuted,
  replacingWrites,
  restoreExecutor,
  restoreSnapshot,
  rowKeys,
  type SnapshotState,
  type StateRow
} from './persistence.ts'
export * from './result.ts'
export { type ExecutionRules, executionRules } from './rules.ts'
export * from './sessions/open.ts'
export { Session, sessionWindow } from './sessions/session.ts'
export type { SessionName } from './sessions/sessions.ts'
export { decodeExecuted, type ExecutedRow, encodeExecuted } from './slots.ts'
export {
  SnapshotDownload,
  type SnapshotNeeds,
  type SnapshotStatus,
  snapshotTimer
} from './snapshot/machine.ts'
export * from './snapshot/messages.ts'
export * from './snapshot/options.ts'
export * from './snapshot/rules.ts'
export * from './snapshot/server.ts'
export type { HashSeed } from './state/keyed-hash.ts'
export * from './tables.ts'
