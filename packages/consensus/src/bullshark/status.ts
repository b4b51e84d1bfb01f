import type { CommitIndex, PeerId, ReplicaId, Round } from '@novacron/base'
import type { OrdererStatus } from '../orderer.ts'
import type { Committer } from './committer.ts'
import type { BullsharkParts } from './parts.ts'

export interface StatusFacts {
  readonly parts: BullsharkParts
  readonly phase: 'restoring' | 'recovering' | 'running'
  readonly holds: ReadonlySet<string>
  readonly isStopped: boolean
  /** Two certificates of one slot were seen. */
  readonly haltReason?: string | undefined
  readonly committer: Pick<Committer, 'lastIndex' | 'lastDigest' | 'leaderOf'>
  readonly missingOwnRound: readonly PeerId[]
  readonly blockedReason: string | undefined
  readonly connected: Pick<ReadonlySet<PeerId>, 'has'>
  readonly catchUpTarget: number | undefined
  /** No vote is given up to this round: what was signed there may have been lost. */
  readonly abstainUntil: Round
  /** Authors whose newest header is too far ahead of this clock, in milliseconds. */
  readonly clockLeads: ReadonlyMap<ReplicaId, number>
}

/** Says what is missing, and from whom, also when nothing moves. */
export function describeStatus(facts: StatusFacts): OrdererStatus {
  const { parts, committer } = facts
  return {
    protocol: parts.options.turbo === undefined ? 'bullshark' : 'bullshark-turbo',
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
  if (facts.isStopped || facts.haltReason !== undefined) return 'stopped'
  if (facts.holds.size > 0) return 'held'
  if (facts.parts.self === undefined && facts.phase === 'running') return 'observing'
  return facts.phase === 'running' ? 'running' : 'recovering'
}

/** So many rounds without its own vertex are no longer the haste of the others. */
const silentRounds = 20

/** Do the others go on without certifying what this member, which could propose, proposes? */
function isLeftBehind({ parts, phase }: StatusFacts): boolean {
  const { dag, self } = parts
  const last = dag.highestQuorumRound
  const first = last - silentRounds + 1
  if (self === undefined || phase !== 'running' || first <= dag.gcRound) return false
  for (let round = last; round >= first; round--) {
    if (dag.at(round as Round, self) !== undefined) return false
  }
  return true
}

function reasonsOf(facts: StatusFacts): string[] {
  const { parts, connected } = facts
  const { committee, dag, self } = parts
  const reasons = facts.haltReason === undefined ? [] : [facts.haltReason]
  reasons.push(...[...facts.holds].map(reason => `signing is held: ${reason}`))
  if (facts.missingOwnRound.length > 0) {
    reasons.push(`waiting for own last round from ${facts.missingOwnRound.join(', ')}`)
  }
  if (facts.abstainUntil > dag.highestQuorumRound) {
    const upTo = facts.abstainUntil
    reasons.push(`gives no votes up to round ${upTo}: the record of what it signed was lost or old`)
  }
  if (facts.blockedReason !== undefined) reasons.push(`not proposing: ${facts.blockedReason}`)
  for (const [author, aheadMs] of facts.clockLeads) {
    const peer = committee.peerOf(author)
    reasons.push(`headers of ${peer} are ${Math.ceil(aheadMs)} ms ahead of this clock`)
  }
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
  if (reasons.length === 0 && isLeftBehind(facts)) {
    reasons.push(
      `the last ${silentRounds} rounds have no vertex of this member: its headers get too few votes`
    )
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
