export { windowBytesMax, windowCommitsMax } from './commit-window.ts'
export type { ReplicaEffect } from './effects.ts'
export type { ReplicaEvent } from './events.ts'
export { type Evidence, screenEvidence } from './evidence.ts'
export { evidenceTable } from './evidence-book.ts'
export { headSigningBytes, type SignedHead } from './head.ts'
export { Replica } from './machine.ts'
export {
  decodeGossip,
  encodeGossip,
  type GossipMessage,
  type ReplicaMessage,
  replicaCodec
} from './messages.ts'
export type { OrdererNeeds, ReplicaNeeds, ReplicaSettings, ReplicaStatus } from './needs.ts'
export { checkReplicaOptions, defaultReplicaOptions, type ReplicaOptions } from './options.ts'
export { decodeOutcome, type Outcome, outcomeTable } from './outcome.ts'
export {
  type BatchClaims,
  type LogProgress,
  type ReplicaRules,
  type RetentionRules,
  replicaRules,
  retentionRules
} from './rules.ts'
