import { accepted, type Digest, type Epoch, rejected, type Verdict } from '@novacron/base'
import {
  type Checkpoint,
  type CheckpointMember,
  checkpointSigningBytes,
  isSameCheckpoint,
  type MemberOf,
  signedWeight
} from '../checkpoint.ts'
import type { CheckpointMessage } from './messages.ts'

/** Who may sign checkpoints, and how much of them makes one certain. */
export interface CheckpointCommittee {
  readonly chain: Digest
  readonly epoch: Epoch
  readonly memberOf: MemberOf
  /** Above two thirds of the total weight. */
  readonly quorumWeight: number
}

/** The decisions of the machine, handed to it as a value, so that a test can break one and see that it is noticed. */
export interface CheckpointRules {
  isQuorum(weight: number, committee: CheckpointCommittee): boolean
  agrees(own: Checkpoint, other: Checkpoint): boolean
}

export const checkpointRules: CheckpointRules = {
  isQuorum: (weight, { quorumWeight }) => weight >= quorumWeight,
  agrees: isSameCheckpoint
}

/** Cheap checks before any signature is looked at. */
export function screenCheckpointMessage(
  message: CheckpointMessage,
  committee: CheckpointCommittee
): Verdict {
  const { checkpoint } = message.type === 'checkpoint-vote' ? message.vote : message.certificate
  if (checkpoint.chain !== committee.chain) return rejected({ code: 'foreign-chain' })
  if (checkpoint.epoch !== committee.epoch) return rejected({ code: 'foreign-epoch' })
  if (message.type === 'checkpoint-vote') {
    const isMember = committee.memberOf(message.vote.replica) !== undefined
    return isMember ? accepted : rejected({ code: 'unknown-replica' })
  }
  const weight = signedWeight(message.certificate, committee.memberOf)
  if (weight === undefined) return rejected({ code: 'unknown-replica' })
  return weight < committee.quorumWeight ? rejected({ code: 'weight-short' }) : accepted
}

/** One signature that must hold before a message may enter the machine. */
export interface CheckpointSignatureCheck {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

/** For a message that passed `screenCheckpointMessage`. */
export function checkpointSignatures(
  message: CheckpointMessage,
  { memberOf }: CheckpointCommittee
): readonly CheckpointSignatureCheck[] {
  const isVote = message.type === 'checkpoint-vote'
  const { checkpoint } = isVote ? message.vote : message.certificate
  const signers = isVote ? [message.vote] : message.certificate.signatures
  const bytes = checkpointSigningBytes(checkpoint)
  return signers.map(({ replica, signature }) => {
    const { publicKey } = memberOf(replica) as CheckpointMember
    return { publicKey, message: bytes, signature }
  })
}
