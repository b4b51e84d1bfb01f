import type { Committee } from '../committee.ts'
import type { RequestVote } from './messages.ts'

export interface VoterFacts {
  readonly term: number
  /** Whom this member has voted for in `term`; undefined for nobody. */
  readonly votedFor: number | undefined
  readonly lastIndex: number
  readonly lastTerm: number
  /** A leader was heard of within the election time-out. */
  readonly hasLeader: boolean
}

/** Decisions that read only, so that a test can replace one. */
export interface SingleLeaderRules {
  /** More than half of the weight: crashes alone are survived, and any two share a member. */
  isMajority(committee: Committee, weight: number): boolean
  mayVote(request: RequestVote, candidate: number, voter: VoterFacts): boolean
  /** A leader counts copies of entries of its own term alone; older ones are committed with them. */
  mayCommit(entryTerm: number | undefined, term: number): boolean
}

/** source: Ongaro, Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX ATC 2014, sections 5.2 to 5.4 */
export const singleLeaderRules: SingleLeaderRules = {
  isMajority: (committee, weight) => 2 * weight > committee.totalWeight,
  mayVote(request, candidate, voter) {
    const isNewer =
      request.lastTerm > voter.lastTerm ||
      (request.lastTerm === voter.lastTerm && request.lastIndex >= voter.lastIndex)
    if (!isNewer) return false
    if (request.isTrial) return request.term > voter.term && !voter.hasLeader
    if (request.term !== voter.term) return false
    return voter.votedFor === undefined || voter.votedFor === candidate
  },
  mayCommit: (entryTerm, term) => entryTerm === term
}
