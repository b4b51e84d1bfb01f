import type { CommitIndex, Digest } from '@novacron/base'
import type { BullsharkMessage } from '@novacron/consensus'
import { checkpointSigningBytes, type SnapshotMessage } from '@novacron/execution'
import { type GossipMessage, headSigningBytes, type ReplicaMessage } from '@novacron/replica'
import type { Letter, LiarSeat, Lie } from './liar.ts'

type Message = ReplicaMessage<BullsharkMessage>

/** Of commits that a head is said to be ahead. */
const aheadBy = 1_000

/**
 * Lies to those who catch up, restart, or compare states: what is there is left out, what is not there is promised, bytes are
 * not those of the snapshot, and the own state is said to be another.
 */
export function lyingSync(seat: LiarSeat): Lie<Message, GossipMessage> {
  return {
    outgoing: letter => {
      const message = untrue(letter, seat)
      return [message === letter.message ? letter : { ...letter, message }]
    },
    published: message => [message, ...falseHeads(message, seat)]
  }
}

function untrue({ message }: Letter<Message>, seat: LiarSeat): Message {
  switch (message.layer) {
    case 'order': {
      const lie = untrueHistory(message.message, seat)
      return lie === message.message ? message : { ...message, message: lie }
    }
    case 'snapshot': {
      const lie = untrueSnapshot(message.message, seat)
      return lie === message.message ? message : { ...message, message: lie }
    }
    case 'checkpoint': {
      const { message: inner } = message
      if (inner.type !== 'checkpoint-vote') return message
      const { replica, checkpoint: own } = inner.vote
      const checkpoint = { ...own, stateRoot: changed(own.stateRoot) }
      const signature = seat.sign(checkpointSigningBytes(checkpoint))
      return { ...message, message: { ...inner, vote: { replica, checkpoint, signature } } }
    }
    default:
      return message
  }
}

function untrueHistory(message: BullsharkMessage, { prng }: LiarSeat): BullsharkMessage {
  switch (message.type) {
    case 'caught-up':
      return prng.chance(0.5)
        ? { ...message, certificates: message.certificates.slice(1) }
        : { ...message, head: (message.head + aheadBy) as CommitIndex, certificates: [] }
    case 'pulled':
      return { ...message, certificates: [] }
    case 'own-round': {
      const { type, epoch, nonce } = message
      return { type, epoch, nonce, certificates: [] }
    }
    default:
      return message
  }
}

function untrueSnapshot(message: SnapshotMessage, { prng }: LiarSeat): SnapshotMessage {
  switch (message.type) {
    case 'manifest': {
      if (prng.chance(0.5)) return message
      const extraDigest = changed(message.manifest.extraDigest)
      return { ...message, manifest: { ...message.manifest, extraDigest } }
    }
    case 'piece': {
      if (message.bytes.length === 0) return message
      return { ...message, bytes: flipped(message.bytes, prng.below(message.bytes.length)) }
    }
    case 'buckets':
      return {
        ...message,
        buckets: message.buckets.map(
          ([bucket, bytes]) => [bucket, flipped(bytes, bytes.length - 1)] as const
        )
      }
    default:
      return message
  }
}

/** Beside each head that is so, one that is far ahead, signed by the same key. */
function falseHeads(message: GossipMessage, seat: LiarSeat): readonly GossipMessage[] {
  if (message.topic !== 'heads') return []
  const { signature: _, ...head } = message.head
  const lie = {
    ...head,
    index: (head.index + aheadBy) as CommitIndex,
    digest: changed(head.digest)
  }
  const signature = seat.sign(headSigningBytes(lie, seat.domain))
  return [{ topic: 'heads', head: { ...lie, signature } }]
}

function changed(digest: Digest): Digest {
  return `${digest.startsWith('0') ? '1' : '0'}${digest.slice(1)}` as Digest
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  if (copy.length > 0) copy[at] = (copy[at] as number) ^ 1
  return copy
}
