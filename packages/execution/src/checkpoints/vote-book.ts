import type { ReplicaId } from '@novacron/base'
import { type CheckpointCertificate, checkpointName } from '../checkpoint.ts'
import type { CheckpointVote } from './messages.ts'

/**
 * Votes for checkpoints without a certificate. Bounded for each replica by itself, so that one which votes for every index
 * of the future pushes out nobody's votes but its own.
 */
export class VoteBook {
  readonly #openVotesMax: number
  /** By index, then replica. */
  readonly #votes = new Map<number, Map<ReplicaId, CheckpointVote>>()
  /** Ascending. */
  readonly #indexesOf = new Map<ReplicaId, number[]>()

  constructor(openVotesMax: number) {
    this.#openVotesMax = openVotesMax
  }

  /** Votes held. */
  get size(): number {
    let size = 0
    for (const votes of this.#votes.values()) size += votes.size
    return size
  }

  /** The first vote of a replica for an index stays; `conflict` says that it said something else before. */
  add(vote: CheckpointVote): 'added' | 'known' | 'conflict' {
    const { replica, checkpoint } = vote
    const earlier = this.#votes.get(checkpoint.index)?.get(replica)
    if (earlier !== undefined) {
      const isSame = checkpointName(earlier.checkpoint) === checkpointName(checkpoint)
      return isSame ? 'known' : 'conflict'
    }
    const votes = this.#votes.get(checkpoint.index)
    if (votes === undefined) this.#votes.set(checkpoint.index, new Map([[replica, vote]]))
    else votes.set(replica, vote)
    this.#bound(replica, checkpoint.index)
    return 'added'
  }

  /** The votes for what `vote` says, as a certificate, whatever their weight. */
  certificateOf({ checkpoint }: CheckpointVote): CheckpointCertificate {
    const name = checkpointName(checkpoint)
    const signatures = [...(this.#votes.get(checkpoint.index)?.values() ?? [])]
      .filter(vote => checkpointName(vote.checkpoint) === name)
      .map(({ replica, signature }) => ({ replica, signature }))
      .sort((a, b) => a.replica - b.replica)
    return { checkpoint, signatures }
  }

  forgetUpTo(index: number): void {
    for (const known of this.#votes.keys()) {
      if (known <= index) this.#votes.delete(known)
    }
    for (const [replica, indexes] of this.#indexesOf) {
      const open = indexes.filter(known => known > index)
      if (open.length === 0) this.#indexesOf.delete(replica)
      else this.#indexesOf.set(replica, open)
    }
  }

  #bound(replica: ReplicaId, index: number): void {
    const indexes = [...(this.#indexesOf.get(replica) ?? []), index].sort((a, b) => a - b)
    if (indexes.length > this.#openVotesMax) {
      const oldest = indexes.shift() as number
      const votes = this.#votes.get(oldest)
      votes?.delete(replica)
      if (votes?.size === 0) this.#votes.delete(oldest)
    }
    this.#indexesOf.set(replica, indexes)
  }
}
