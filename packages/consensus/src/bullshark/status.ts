import type { CommitIndex, PeerId, ReplicaId, Round } from '@novacron/base'
import type { OrdererStatus } from '../orderer.ts'
import type { Committer } from './committer.ts'
import type { BullsharkParts } from './parts.ts'

export interface StatusFacts {
  readonly parts: BullsharkParts
  readonly phase: 'restoring' | 'recovering' | 'running'
  readonly holds: ReadonlySet<string>
  readonly isStopped: boolean
  readonly committer: Pick<Committer, 'lastIndex' | 'lastDigest' | 'leaderOf'>
  readonly missingOwnRound: readonly PeerId[]
  readonly blockedReason: string | undefined
  readonly connected: Pick<ReadonlySet<PeerId>, 'has'>
  readonly catchUpTarget: number | undefined
  /** No vote is given up to this round: what was signed there may have been lost. */
  readonly abstainUntil: Round
}

/** Says what is missing, and from whom, also when nothing moves. */
export function describeStatus(facts: StatusFacts): OrdererStatus {
  const { parts, committer } = facts
  return {
    protocol: 'bullshark',
    epoch: parts.domain.epoch,
    round: parts.dag.highestRound,
    lastIndex: committer.lastIndex,
    lastDigest: committer.lastDigest,
    knownIndex: Math.max(committer.lastIndex, facts.catchUpTarget ?? 0) as CommitIndex,
    phase: phaseOf(facts),
    reasons: reasonsOf(facts)
  }
}

function phaseOf(facts: StatusFacts): OrdererStatus['phase'] {
  if (facts.isStopped) return 'stopped'
  if (facts.holds.size > 0) return 'held'
  if (facts.parts.self === undefined && facts.phase === 'running') return 'observing'
  return facts.phase === 'running' ? 'running' : 'recovering'
}

function reasonsOf(facts: StatusFacts): string[] {
  const { parts, connected } = facts
  const { committee, dag, self } = parts
  const reasons = [...facts.holds].map(reason => `signing is held: ${reason}`)
  if (facts.missingOwnRound.length > 0) {
    reasons.push(`waiting for own last round from ${facts.missingOwnRound.join(', ')}`)
  }
  if (facts.abstainUntil > dag.highestQuorumRound) {
    const upTo = facts.abstainUntil
    reasons.push(`gives no votes up to round ${upTo}: the record of what it signed was lost or old`)
  }
  if (facts.blockedReason !== undefined) reasons.push(`not proposing: ${facts.blockedReason}`)
  if (facts.catchUpTarget !== undefined) {
    reasons.push(`catching up to commit ${facts.catchUpTarget}`)
  }
  const reachable = committee.members.filter(
    (member, replica) => replica === self || connected.has(member.peer)
  )
  const weight = reachable.reduce((sum, member) => sum + member.weight, 0)
  if (self !== undefined && weight < committee.quorumWeight) {
    const away = committee.members.filter(
      (member, replica) => replica !== self && !connected.has(member.peer)
    )
    reasons.push(`no quorum: not connected to ${away.map(member => member.peer).join(', ')}`)
  }
  const open = dag.highestRound as Round
  if (self !== undefined && open > dag.highestQuorumRound) {
    const missing = committee.members.filter(
      (_, replica) => dag.at(open, replica as ReplicaId) === undefined
    )
    if (missing.length > 0 && weight < committee.quorumWeight) {
      reasons.push(`round ${open} lacks ${missing.map(member => member.peer).join(', ')}`)
    }
  }
  return reasons
}
