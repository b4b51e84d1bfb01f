import type { CommitIndex, Digest, Epoch, PeerId, Reader, ReplicaId, Writer } from '@novacron/base'
import {
  type Committee,
  domainWriter,
  type SigningDomain,
  signatureBytes
} from '@novacron/consensus'

/** A member's signed word on how far the log goes: a hint for observers, who check the commits themselves. */
export interface SignedHead {
  readonly epoch: Epoch
  readonly index: CommitIndex
  readonly digest: Digest
  readonly replica: ReplicaId
  readonly signature: Uint8Array
}

/** What an orderer hears of it: whoever signed it answers for it, not who passed it on. */
export function headSeen(
  { index, replica }: SignedHead,
  committee: Committee
): { readonly type: 'head-seen'; readonly index: CommitIndex; readonly from: PeerId } {
  return { type: 'head-seen', index, from: committee.peerOf(replica) }
}

export function headSigningBytes(
  head: Omit<SignedHead, 'signature'>,
  domain: SigningDomain
): Uint8Array {
  return domainWriter('head', domain).u64(head.index).digest(head.digest).u16(head.replica).finish()
}

export function writeHead(writer: Writer, head: SignedHead): void {
  writer.u64(head.epoch).u64(head.index).digest(head.digest).u16(head.replica).raw(head.signature)
}

export function readHead(reader: Reader): SignedHead {
  return {
    epoch: reader.u64() as Epoch,
    index: reader.u64() as CommitIndex,
    digest: reader.digest(),
    replica: reader.u16() as ReplicaId,
    signature: reader.raw(signatureBytes).slice()
  }
}
