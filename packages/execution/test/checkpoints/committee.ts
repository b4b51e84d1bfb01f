import { createHash } from 'node:crypto'
import type { CommitIndex, Epoch, ReplicaId, Verified } from '@novacron/base'
import {
  type Checkpoint,
  type CheckpointCertificate,
  type CheckpointCommittee,
  type CheckpointMessage,
  type CheckpointVote,
  checkpointSigningBytes
} from '../../src/index.ts'
import { chain, digestAt, replica } from '../fixtures.ts'

/** A keyed stand-in for signatures: nobody makes another's by chance. */
export const signAs =
  (seat: number) =>
  (message: Uint8Array): Uint8Array =>
    new Uint8Array(createHash('sha512').update(`${seat}`).update(message).digest())

/** Four members of weight 1. */
export const committee: CheckpointCommittee = {
  chain,
  epoch: 0 as Epoch,
  quorumWeight: 3,
  memberOf: (seat: ReplicaId) =>
    seat < 4 ? { publicKey: new Uint8Array([seat]), weight: 1 } : undefined
}

export function checkpointAt(index: number, state = 1): Checkpoint {
  return {
    chain,
    epoch: 0 as Epoch,
    index: index as CommitIndex,
    commitDigest: digestAt(index),
    stateRoot: digestAt(1_000 * state + index),
    sessionRoot: digestAt(9)
  }
}

export function voteOf(seat: number, checkpoint: Checkpoint): CheckpointVote {
  const signature = signAs(seat)(checkpointSigningBytes(checkpoint))
  return { checkpoint, replica: replica(seat), signature }
}

export function certificateOf(checkpoint: Checkpoint, ...seats: number[]): CheckpointCertificate {
  return {
    checkpoint,
    signatures: seats.map(seat => ({
      replica: replica(seat),
      signature: voteOf(seat, checkpoint).signature
    }))
  }
}

export function verified<T>(value: T): Verified<T> {
  return value as Verified<T>
}

export function voteMessage(seat: number, checkpoint: Checkpoint): Verified<CheckpointMessage> {
  return verified({ type: 'checkpoint-vote', vote: voteOf(seat, checkpoint) } as const)
}
