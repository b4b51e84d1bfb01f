import type { Millis, PeerId, ReplicaId, Round, Write } from '@novacron/base'
import type { Certificate } from '../dag/certificate.ts'
import type { Dag } from '../dag/dag.ts'
import type { Header } from '../dag/header.ts'
import type { Certifier } from './certifier.ts'
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
 * At every start a replica asks a quorum for what it has signed itself, since its own record may be an old copy. Answers are
 * signed objects, never bare numbers, so that a liar cannot silence it.
 *
 * A record that is there and that nobody contradicts is believed once a quorum, own seat included, has answered. Otherwise a
 * quorum of the others must answer. Whatever was signed in round r needed certificates of r-1, whose voters held those of
 * r-2; any quorum of others has an honest one of these voters, so above the newest certificate that it knows, plus two,
 * nothing can have been signed and forgotten.
 */
export class Recovery {
  readonly #parts: BullsharkParts
  readonly #record: SignedRecord
  readonly #replies = new Map<ReplicaId, OwnRound>()
  #repliedWeight = 0
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

  /** A record that is not there is marked as such on the disk: a restart in the middle must not find it empty and believe it. */
  ask(now: Millis, wasLogPresent: boolean, out: BullsharkEffect[]): void {
    if (this.#nonce === 0) {
      this.#nonce = Math.max(1, Math.floor(now))
      if (!wasLogPresent) this.#persist(this.#record.beginRecovery(this.#parts.domain.epoch), out)
    }
    const message = {
      type: 'ask-own-round',
      epoch: this.#parts.domain.epoch,
      nonce: this.#nonce
    } as const
    for (const to of this.missing()) out.push({ type: 'send', to, class: 'order', message })
  }

  /** Tells a member what is known here of what it has signed. */
  answer(
    from: PeerId,
    nonce: number,
    certifier: Pick<Certifier, 'seenHeader' | 'openVoteOf'>,
    out: BullsharkEffect[]
  ): void {
    const asker = this.#parts.committee.replicaOf(from)
    if (asker === undefined) return
    const header = certifier.seenHeader(asker)
    const vote = certifier.openVoteOf(asker)
    const message = {
      type: 'own-round',
      epoch: this.#parts.domain.epoch,
      nonce,
      ...(header === undefined ? {} : { header }),
      ...(vote === undefined ? {} : { vote }),
      certificates: newestCertificates(asker, this.#parts.dag)
    } as const
    out.push({ type: 'send', to: from, class: 'order', message })
  }

  onReply(from: ReplicaId, reply: OwnRound): void {
    if (this.#isDone || reply.nonce !== this.#nonce) return
    if (!this.#replies.has(from)) this.#repliedWeight += this.#parts.committee.weightOf(from)
    this.#replies.set(from, reply)
  }

  /** The floor once enough have answered; undefined before. */
  conclude(
    ownHighestRound: Round,
    wasLogPresent: boolean,
    out: BullsharkEffect[]
  ): RecoveredFloor | undefined {
    const found = this.#find(ownHighestRound, wasLogPresent && !this.#record.isRecovering)
    if (found === undefined) return undefined
    if (found.isStale || this.#record.isRecovering) {
      this.#persist(this.#record.endRecovery(this.#parts.domain.epoch, found), out)
    }
    return found
  }

  #persist(write: Write, out: BullsharkEffect[]): void {
    out.push({ type: 'persist', writes: [write], durable: true })
  }

  #find(ownHighestRound: Round, wasLogPresent: boolean): RecoveredFloor | undefined {
    const { committee, self, rules } = this.#parts
    if (this.#isDone || self === undefined) return undefined
    const others = this.#repliedWeight
    const ownWeight = committee.weightOf(self)
    if (others + ownWeight < committee.quorumWeight) return undefined
    const own = { certificates: newestCertificates(self, this.#parts.dag) }
    const signed = [own, ...this.#replies.values()].flatMap((told: Proofs) => signedIn(told, self))
    const isContradicted = signed.some(slot => this.#hasForgotten(slot))
    const needed = Math.min(committee.quorumWeight, committee.totalWeight - ownWeight)
    const isTrusted = rules.isRecordTrusted(wasLogPresent, isContradicted)
    if (!isTrusted && others < needed) return undefined
    this.#isDone = true
    const { headerRound, floor: earlier } = this.#record
    const proposed = Math.max(headerRound, earlier.proposeFloor)
    const certified = [...this.#replies.values()].flatMap(reply => reply.certificates)
    const known = Math.max(ownHighestRound, highestRoundOf(certified.map(c => c.header)))
    const isStale = !isTrusted && (isContradicted || known > 0)
    if (!isStale) {
      return { isStale, proposeFloor: proposed as Round, abstainUntil: earlier.abstainUntil }
    }
    const floor = Math.max(known + 2, highestRoundOf(signed))
    return {
      isStale,
      proposeFloor: Math.max(proposed, floor) as Round,
      abstainUntil: Math.max(floor, earlier.abstainUntil) as Round
    }
  }

  /** One slot is enough: an old copy may lack a single vote, in a round that others were voted for in. */
  #hasForgotten({ round, author }: Slot): boolean {
    const isOwn = author === this.#parts.self
    const recorded = isOwn ? this.#record.headerRound : this.#record.voteFor(author)?.round
    return round > (recorded ?? 0)
  }
}

type Slot = Pick<Header, 'round' | 'author'>

type Proofs = Pick<OwnRound, 'header' | 'vote' | 'certificates'>

/** Slots that `self` has signed, as this answer proves; its own headers included. What is about others proves nothing. */
function signedIn({ header, vote, certificates }: Proofs, self: ReplicaId): readonly Slot[] {
  const slots: Slot[] = certificates
    .filter(certificate => certificate.header.author === self || isVoter(certificate, self))
    .map(certificate => certificate.header)
  if (header?.header.author === self) slots.push(header.header)
  if (vote?.voter === self) slots.push(vote)
  return slots
}

function highestRoundOf(slots: readonly Slot[]): number {
  return slots.reduce((highest, { round }) => Math.max(highest, round), 0)
}

/** The newest vertex by `asker`, the newest with its vote, and the newest of all. */
export function newestCertificates(asker: ReplicaId, dag: Dag): readonly Certificate[] {
  let byAsker: Certificate | undefined
  let withVote: Certificate | undefined
  let newest: Certificate | undefined
  for (const round of dag.rounds()) {
    for (const certificate of dag.round(round)) {
      newest = certificate
      if (certificate.header.author === asker) byAsker = certificate
      if (isVoter(certificate, asker)) withVote = certificate
    }
  }
  const found = [byAsker, withVote, newest].filter(certificate => certificate !== undefined)
  return [...new Set(found)]
}

function isVoter(certificate: Certificate, replica: ReplicaId): boolean {
  return certificate.signatures.some(entry => entry.voter === replica)
}
