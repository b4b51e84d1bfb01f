import type { Millis, PeerId, ReplicaId, Round } from '@novacron/base'
import type { Certificate } from '../dag/certificate.ts'
import type { BullsharkMessage } from './messages.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'
import type { SignedRecord } from './signed-record.ts'

type OwnRound = Extract<BullsharkMessage, { type: 'own-round' }>

/** From which round on a replica may sign again. */
export interface RecoveredFloor {
  /** Propose above it. */
  readonly proposeFloor: Round
  /** Vote above it. */
  readonly abstainUntil: Round
  /** The own record is older than what others have seen: it was lost or an old copy was put back. */
  readonly isStale: boolean
}

/**
 * At every start a replica asks a quorum for the highest round it has signed itself, since its own record may be an old
 * copy. Every vote needs certificates of the round before, which an honest replica of any quorum has seen; so above the
 * highest round that a quorum knows, plus one, nothing can have been signed that is forgotten.
 */
export class Recovery {
  readonly #parts: BullsharkParts
  readonly #record: SignedRecord
  readonly #replies = new Map<ReplicaId, OwnRound>()
  #nonce = 0
  #isDone = false

  constructor(parts: BullsharkParts, record: SignedRecord) {
    this.#parts = parts
    this.#record = record
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** Members that have not answered. */
  missing(): readonly PeerId[] {
    const { committee, self } = this.#parts
    return committee.members
      .filter((_, replica) => replica !== self && !this.#replies.has(replica as ReplicaId))
      .map(member => member.peer)
  }

  ask(now: Millis, out: BullsharkEffect[]): void {
    if (this.#nonce === 0) this.#nonce = Math.max(1, Math.floor(now))
    const message = {
      type: 'ask-own-round',
      epoch: this.#parts.domain.epoch,
      nonce: this.#nonce
    } as const
    for (const to of this.missing()) out.push({ type: 'send', to, class: 'order', message })
  }

  onReply(from: ReplicaId, reply: OwnRound): void {
    if (!this.#isDone && reply.nonce === this.#nonce) this.#replies.set(from, reply)
  }

  /** The floor once a quorum has answered, own seat included; undefined before. */
  conclude(ownHighestRound: Round, wasLogPresent: boolean): RecoveredFloor | undefined {
    const { committee, self } = this.#parts
    if (this.#isDone || self === undefined) return undefined
    const answered = committee.weightOfAll(this.#replies.keys()) + committee.weightOf(self)
    if (answered < committee.quorumWeight) return undefined
    this.#isDone = true
    const replies = [...this.#replies.values()]
    const highest = (of: (reply: OwnRound) => number) =>
      replies.reduce((max, reply) => Math.max(max, of(reply)), 0)
    const headerRound = highest(reply => reply.headerRound)
    const known = Math.max(
      ownHighestRound,
      highest(reply => reply.highestRound)
    )
    const isStale =
      headerRound > this.#record.headerRound ||
      highest(reply => reply.voteRound) > this.#record.voteRound ||
      (!wasLogPresent && known > 0)
    const own = Math.max(headerRound, this.#record.headerRound)
    return {
      isStale,
      proposeFloor: (isStale ? Math.max(own, known + 1) : own) as Round,
      abstainUntil: (isStale ? known + 1 : 0) as Round
    }
  }
}

/** What this replica knows of what `asker` has signed. */
export function ownRoundReply(
  asker: ReplicaId,
  nonce: number,
  parts: BullsharkParts,
  seen: { readonly votedHeaderRound: Round; readonly highestRound: Round; readonly openVote: Round }
): OwnRound {
  const { dag, domain } = parts
  let headerRound: number = seen.votedHeaderRound
  let voteRound: number = seen.openVote
  for (const round of dag.rounds()) {
    for (const certificate of dag.round(round)) {
      if (certificate.header.author === asker) headerRound = Math.max(headerRound, round)
      if (isVoter(certificate, asker)) voteRound = Math.max(voteRound, round)
    }
  }
  return {
    type: 'own-round',
    epoch: domain.epoch,
    nonce,
    headerRound: headerRound as Round,
    voteRound: Math.max(voteRound, headerRound) as Round,
    highestRound: Math.max(seen.highestRound, dag.highestRound) as Round
  }
}

function isVoter(certificate: Certificate, replica: ReplicaId): boolean {
  return certificate.signatures.some(entry => entry.voter === replica)
}
