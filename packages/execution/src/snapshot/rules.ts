import { accepted, type Digest, digestOf, type Hash, rejected, type Verdict } from '@novacron/base'
import { isBucketOf, leavesBytes, rootOfLeaves } from '../buckets/leaves.ts'
import {
  type CheckpointCommittee,
  type CheckpointSignatureCheck,
  checkpointSignatures,
  screenCheckpointMessage
} from '../checkpoints/rules.ts'
import type { SnapshotMessage } from './messages.ts'

/** What makes downloaded bytes worth keeping, handed to the machine as a value so that a test can break it. */
export interface SnapshotRules {
  isBucket(leaves: Uint8Array, bucket: number, encoding: Uint8Array, hash: Hash): boolean
  areLeaves(root: Digest, leaves: Uint8Array, hash: Hash): boolean
  isExtra(digest: Digest, extra: Uint8Array, hash: Hash): boolean
}

export const snapshotRules: SnapshotRules = {
  isBucket: isBucketOf,
  areLeaves: (root, leaves, hash) =>
    leaves.length === leavesBytes && rootOfLeaves(leaves, hash) === root,
  isExtra: (digest, extra, hash) => digestOf(hash, extra) === digest
}

/** Cheap checks before any signature is looked at. */
export function screenSnapshotMessage(
  message: SnapshotMessage,
  committee: CheckpointCommittee
): Verdict {
  if (message.type === 'get-buckets' && message.from >= message.to) {
    return rejected({ code: 'empty-range' })
  }
  if (message.type !== 'manifest') return accepted
  const { certificate } = message.manifest
  return screenCheckpointMessage({ type: 'checkpoint-certificate', certificate }, committee)
}

/** Signatures that must hold before a message may enter the machine: those of a manifest's checkpoint. */
export function snapshotSignatures(
  message: SnapshotMessage,
  committee: CheckpointCommittee
): readonly CheckpointSignatureCheck[] {
  if (message.type !== 'manifest') return []
  const { certificate } = message.manifest
  return checkpointSignatures({ type: 'checkpoint-certificate', certificate }, committee)
}
