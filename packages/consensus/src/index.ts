export { commitWindow } from './bullshark/committer.ts'
export { Bullshark, type BullsharkNeeds } from './bullshark/machine.ts'
export { type BullsharkMessage, bullsharkCodec } from './bullshark/messages.ts'
export {
  type BullsharkClusterOptions,
  type BullsharkOptions,
  checkBullsharkOptions,
  commitFactor,
  defaultBullsharkOptions,
  defaultSchedule,
  defaultTurboOptions,
  type TurboOptions,
  tier1Bullshark,
  tier2Bullshark,
  tier3Bullshark
} from './bullshark/options.ts'
export { type BullsharkRules, bullsharkRules, reaches, voteWeight } from './bullshark/rules.ts'
export type { SigningRules } from './bullshark/signing-rules.ts'
export { Committee, committeeSizeMax, type Member } from './committee.ts'
export * from './dag/certificate.ts'
export { Dag, type DagView } from './dag/dag.ts'
export * from './dag/header.ts'
export * from './dag/sub-dag.ts'
export * from './dag/vote.ts'
export * from './mempool/batch.ts'
export {
  type DropBatches,
  Mempool,
  type MempoolEffect,
  type MempoolEvent,
  type MempoolNeeds,
  type StoreBatch
} from './mempool/machine.ts'
export { type MempoolMessage, mempoolCodec } from './mempool/messages.ts'
export {
  checkMempoolOptions,
  defaultMempoolOptions,
  type MempoolOptions
} from './mempool/options.ts'
export * from './orderer.ts'
export * from './signing.ts'
export { decodeEntry, encodeEntry } from './single-leader/entry.ts'
export { SingleLeader, type SingleLeaderNeeds } from './single-leader/machine.ts'
export { type SingleLeaderMessage, singleLeaderCodec } from './single-leader/messages.ts'
export {
  checkSingleLeaderOptions,
  defaultSingleLeaderOptions,
  type SingleLeaderOptions
} from './single-leader/options.ts'
export { type SingleLeaderRules, singleLeaderRules } from './single-leader/rules.ts'
export * from './tables.ts'
