import type { Digest, Epoch, Reader, ReplicaId, Round, Writer } from '@novacron/base'
import { domainWriter, type SigningDomain, signatureBytes } from '../signing.ts'

/** A replica's durable promise that it holds the payload of this header and votes for no other in its slot. */
export interface Vote {
  readonly epoch: Epoch
  readonly headerId: Digest
  readonly round: Round
  readonly author: ReplicaId
  readonly voter: ReplicaId
  readonly signature: Uint8Array
}

export type VoteSubject = Pick<Vote, 'headerId' | 'round' | 'author'>

/** What every voter for one header signs: the same bytes, so that a certificate is checked against one message. */
export function voteSigningBytes(subject: VoteSubject, domain: SigningDomain): Uint8Array {
  return domainWriter('vote', domain)
    .digest(subject.headerId)
    .u64(subject.round)
    .u16(subject.author)
    .finish()
}

export function writeVote(writer: Writer, vote: Vote): void {
  writer
    .u64(vote.epoch)
    .digest(vote.headerId)
    .u64(vote.round)
    .u16(vote.author)
    .u16(vote.voter)
    .raw(vote.signature)
}

export function readVote(reader: Reader): Vote {
  return {
    epoch: reader.u64() as Epoch,
    headerId: reader.digest(),
    round: reader.u64() as Round,
    author: reader.u16() as ReplicaId,
    voter: reader.u16() as ReplicaId,
    signature: reader.raw(signatureBytes).slice()
  }
}
