import {
  type Broadcast,
  type Count,
  decodeFault,
  type Note,
  type PeerId,
  type Persist,
  Reader,
  type ReplicaId,
  type Send,
  type SetTimer,
  unreachable,
  type Verified,
  Writer
} from '@novacron/base'
import {
  type Checkpoint,
  type CheckpointCertificate,
  readCertificate,
  readCheckpoint,
  readSignature,
  writeCertificate,
  writeCheckpoint,
  writeSignature
} from '../checkpoint.ts'

/** One replica's signature under what it says its state is. */
export interface CheckpointVote {
  readonly checkpoint: Checkpoint
  readonly replica: ReplicaId
  readonly signature: Uint8Array
}

export type CheckpointMessage =
  | { readonly type: 'checkpoint-vote'; readonly vote: CheckpointVote }
  /** The answer to a vote for what a quorum has signed already. */
  | { readonly type: 'checkpoint-certificate'; readonly certificate: CheckpointCertificate }

export type CheckpointEvent =
  /** The own state after a commit at which a checkpoint is due; also once after a restart. */
  | { readonly type: 'executed'; readonly checkpoint: Checkpoint }
  | {
      readonly type: 'received'
      readonly from: PeerId
      readonly message: Verified<CheckpointMessage>
    }
  /** From gossip or with a snapshot. */
  | { readonly type: 'certificate-seen'; readonly certificate: Verified<CheckpointCertificate> }
  | { readonly type: 'timer-fired'; readonly timer: string }

export type CheckpointEffect =
  | Persist
  | Broadcast<CheckpointMessage>
  | Send<CheckpointMessage>
  | SetTimer
  | Count
  | Note
  /** A quorum holds this state: history below it may go. Once for each certificate, ascending by index. */
  | { readonly type: 'certified'; readonly certificate: CheckpointCertificate }
  /**
   * The own state is not what a quorum has (`quorum`), or not what was signed before a restart (`own-vote`). Nothing is
   * signed any more.
   */
  | {
      readonly type: 'diverged'
      readonly index: number
      readonly cause: 'quorum' | 'own-vote'
      readonly own: Checkpoint
      readonly other: Checkpoint
    }

export function encodeVote(vote: CheckpointVote): Uint8Array {
  const writer = Writer.pooled(224)
  writeVote(writer, vote)
  return writer.finish()
}

/** @throws {Fault<DecodeFault>} */
export function decodeVote(bytes: Uint8Array): CheckpointVote {
  const reader = new Reader(bytes)
  const vote = readVote(reader)
  reader.end()
  return vote
}

/** u8 kind, then the vote or the certificate. */
export const checkpointCodec: {
  encode(message: CheckpointMessage): Uint8Array
  /** @throws {Fault<DecodeFault>} and nothing else. */
  decode(bytes: Uint8Array): CheckpointMessage
} = {
  encode(message) {
    const writer = Writer.pooled(256)
    switch (message.type) {
      case 'checkpoint-vote':
        writeVote(writer.u8(0), message.vote)
        return writer.finish()
      case 'checkpoint-certificate':
        writeCertificate(writer.u8(1), message.certificate)
        return writer.finish()
      default:
        return unreachable(message)
    }
  },
  decode(bytes) {
    const reader = new Reader(bytes)
    const message = readMessage(reader)
    reader.end()
    return message
  }
}

function readMessage(reader: Reader): CheckpointMessage {
  const kind = reader.u8()
  if (kind === 0) return { type: 'checkpoint-vote', vote: readVote(reader) }
  if (kind === 1) return { type: 'checkpoint-certificate', certificate: readCertificate(reader) }
  throw decodeFault({ code: 'bad-value', field: 'checkpoint message kind', value: `${kind}` })
}

function writeVote(writer: Writer, vote: CheckpointVote): void {
  writeCheckpoint(writer, vote.checkpoint)
  writeSignature(writer, vote)
}

function readVote(reader: Reader): CheckpointVote {
  return { checkpoint: readCheckpoint(reader), ...readSignature(reader) }
}
