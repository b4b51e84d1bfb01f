import { assert, type PeerId, quorumWeight, type ReplicaId, validityWeight } from '@novacron/base'

export interface Member {
  readonly peer: PeerId
  /** Ed25519 public key of the consensus key, 32 bytes. */
  readonly publicKey: Uint8Array
  /** Voting power, an integer >= 1; from the genesis or a committed change, never from trust. */
  readonly weight: number
}

/** Replicas that one committee may have; a `ReplicaId` fits a u16 and a bitmap stays small. */
export const committeeSizeMax = 1_024

/** The ordered, weighted replicas of an epoch. */
export class Committee {
  readonly members: readonly Member[]
  readonly totalWeight: number
  /** Smallest weight that any two quorums share an honest replica in (2f+1). */
  readonly quorumWeight: number
  /** Smallest weight that includes an honest replica (f+1). */
  readonly validityWeight: number
  readonly #replicaOf = new Map<PeerId, ReplicaId>()

  constructor(members: readonly Member[]) {
    assert(members.length >= 1 && members.length <= committeeSizeMax, 'committee size')
    this.members = members
    this.totalWeight = members.reduce((sum, member) => sum + member.weight, 0)
    this.quorumWeight = quorumWeight(this.totalWeight)
    this.validityWeight = validityWeight(this.totalWeight)
    for (const [index, member] of members.entries()) {
      assert(Number.isSafeInteger(member.weight) && member.weight >= 1, 'weight >= 1')
      assert(!this.#replicaOf.has(member.peer), `peer twice: ${member.peer}`)
      this.#replicaOf.set(member.peer, index as ReplicaId)
    }
  }

  get size(): number {
    return this.members.length
  }

  has(replica: number): boolean {
    return replica < this.members.length
  }

  member(replica: ReplicaId): Member {
    const member = this.members[replica]
    assert(member !== undefined, 'a replica of the committee')
    return member
  }

  weightOf(replica: ReplicaId): number {
    return this.member(replica).weight
  }

  peerOf(replica: ReplicaId): PeerId {
    return this.member(replica).peer
  }

  replicaOf(peer: PeerId): ReplicaId | undefined {
    return this.#replicaOf.get(peer)
  }

  /** Sum over distinct replicas; the caller has removed doubles. */
  weightOfAll(replicas: Iterable<ReplicaId>): number {
    let weight = 0
    for (const replica of replicas) weight += this.weightOf(replica)
    return weight
  }
}
