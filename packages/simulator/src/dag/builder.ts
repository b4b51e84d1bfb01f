import {
  ascii,
  assert,
  type Digest,
  digestOf,
  type Epoch,
  type Hash,
  type Millis,
  type PeerId,
  type ReplicaId,
  type Round
} from '@novacron/base'
import {
  type BatchReference,
  type Certificate,
  Committee,
  headerSigningBytes,
  makeCertificate,
  makeHeader,
  type SignedHeader,
  type SigningDomain,
  subjectOf,
  voteSigningBytes
} from '@novacron/consensus'
import { SimulatedKeys } from '../keys.ts'

/** Makes the certified vertices of a committee of equals, with a valid quorum of signatures on each. */
export class DagBuilder {
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
  readonly #keys: SimulatedKeys

  constructor(replicas: number, hash: Hash) {
    this.hash = hash
    this.#keys = new SimulatedKeys(replicas, 0, hash)
    this.committee = new Committee(
      Array.from({ length: replicas }, (_, replica) => ({
        peer: `node-${replica + 1}` as PeerId,
        publicKey: this.#keys.publicKey(replica),
        weight: 1
      }))
    )
    const chain: Digest = digestOf(hash, ascii('novacron/dag'))
    this.domain = { protocolVersion: 1, chain, epoch: 0 as Epoch }
  }

  /** Rounds are ten milliseconds apart on the authors' clocks. */
  vertex(
    round: Round,
    author: ReplicaId,
    parents: readonly Certificate[],
    payload: readonly BatchReference[] = []
  ): Certificate {
    const { domain, hash, committee } = this
    const fields = {
      epoch: domain.epoch,
      round,
      author,
      createdAt: (round * 10 + author) as Millis,
      payload,
      parents: parents.map(({ header, digest }) => ({ author: header.author, digest }))
    }
    const header = makeHeader(fields, domain, hash)
    const message = voteSigningBytes(subjectOf(header), domain)
    const voters = [author, ...this.#others(author)].slice(0, committee.quorumWeight)
    const signatures = voters.map(voter => ({
      voter,
      signature: this.#keys.signer(voter)(message)
    }))
    return makeCertificate(header, signatures, domain, hash)
  }

  /** The header of a vertex as its author sends it. */
  signedHeader({ header }: Certificate): SignedHeader {
    const sign = this.#keys.signer(header.author)
    return { header, signature: sign(headerSigningBytes(header, this.domain)) }
  }

  replica(index: number): ReplicaId {
    assert(this.committee.has(index), `replica ${index} of ${this.committee.size}`)
    return index as ReplicaId
  }

  #others(author: ReplicaId): ReplicaId[] {
    return this.committee.members
      .map((_, replica) => replica as ReplicaId)
      .filter(replica => replica !== author)
  }
}
