import {
  type Digest,
  type Millis,
  type PeerId,
  ReleasingMap,
  type ReplicaId,
  type Round
} from '@novacron/base'
import { type Certificate, makeCertificate, subjectOf } from '../dag/certificate.ts'
import {
  type BatchReference,
  encodeSignedHeader,
  type Header,
  headerSigningBytes,
  makeHeader,
  type SignedHeader
} from '../dag/header.ts'
import { type Vote, voteSigningBytes } from '../dag/vote.ts'
import { slotKey, tables } from '../tables.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'
import type { SignedRecord } from './signed-record.ts'

interface OpenProposal {
  readonly signed: SignedHeader
  readonly votes: Map<ReplicaId, Uint8Array>
  weight: number
  certificate: Certificate | undefined
}

interface Pending {
  readonly signed: SignedHeader
  readonly from: PeerId
  /** By this clock it comes from the future until then. */
  readonly notBefore: number
  /** So many of its parents have been found to be here, and stay: each retry goes on after them. */
  parentsHere: number
}

/** A clock that is so far off is broken: its headers are not kept until they are due. */
const earlyMaxMs = 60_000

/** What a header still needs before it may be voted for. */
export interface MissingForVote {
  /** Of the round before. */
  readonly parents: readonly Digest[]
  readonly batches: readonly BatchReference[]
}

/** Own headers, votes for others' headers, and the certificates that votes make: at most one signature per slot. */
export class Certifier {
  readonly #parts: BullsharkParts
  readonly #record: SignedRecord
  #proposal: OpenProposal | undefined
  /** The newest header of each author that waits for parents or payload. */
  readonly #pending = new ReleasingMap<ReplicaId, Pending>()
  /** The header voted for last, by author: one half of the evidence if another appears. */
  readonly #voted = new Map<ReplicaId, SignedHeader>()
  /** What headers that were voted for name, by round: a vote says that this is here, and so it stays. */
  readonly #promised = new ReleasingMap<Round, SignedHeader[]>()
  /** The last round of each author for which evidence was given. */
  readonly #convicted = new Map<ReplicaId, Round>()
  /** Authors whose newest header came from the future, and by how much. */
  readonly #leads = new Map<ReplicaId, number>()
  #abstainUntil = 0 as Round
  #maySign = false
  #highestHeaderSeen = 0 as Round

  constructor(parts: BullsharkParts, record: SignedRecord) {
    this.#parts = parts
    this.#record = record
  }

  /** Highest round of any header seen, own or others'. */
  get highestHeaderSeen(): Round {
    return this.#highestHeaderSeen
  }

  get proposal(): Pick<OpenProposal, 'signed' | 'certificate'> | undefined {
    return this.#proposal
  }

  /** Is there an own header of this round with payload that still lacks votes? An empty one may be left behind. */
  isPending(round: Round): boolean {
    const open = this.#proposal
    if (open === undefined || open.certificate !== undefined) return false
    const { header } = open.signed
    return header.round === round && header.payload.length > 0
  }

  /** Replicas whose vote for the open proposal is missing. */
  missingVoters(): readonly ReplicaId[] {
    const { committee, self } = this.#parts
    const votes = this.#proposal?.votes
    if (votes === undefined) return []
    return committee.members
      .map((_, replica) => replica as ReplicaId)
      .filter(replica => replica !== self && !votes.has(replica))
  }

  /** Off until the replica knows what it has signed, and while it is held: headers wait meanwhile. */
  set maySign(value: boolean) {
    this.#maySign = value
  }

  /** The newest header that `author` signed, as far as is known here: voted for, or waiting for what it names. */
  seenHeader(author: ReplicaId): SignedHeader | undefined {
    const voted = this.#voted.get(author)
    const waiting = this.#pending.get(author)?.signed
    if (waiting === undefined || voted === undefined) return waiting ?? voted
    return waiting.header.round > voted.header.round ? waiting : voted
  }

  /** Payload of the headers that were voted for and that a commit may still order, whether or not the newest. */
  *promisedPayload(): Generator<Digest> {
    const { dag } = this.#parts
    for (const [round, headers] of this.#promised) {
      if (round <= dag.gcRound) continue
      for (const { header } of headers) {
        if (dag.isCommitted(round, header.author)) continue
        for (const { digest } of header.payload) yield digest
      }
    }
  }

  /** The vote of `voter` for the open proposal. */
  openVoteOf(voter: ReplicaId): Vote | undefined {
    const open = this.#proposal
    const signature = open?.votes.get(voter)
    if (open === undefined || signature === undefined) return undefined
    return { ...subjectOf(open.signed.header), epoch: open.signed.header.epoch, voter, signature }
  }

  /** Would this vote count? Those that come once the certificate is made are not worth a check. */
  wantsVote(vote: Vote): boolean {
    const open = this.#proposal
    if (open === undefined || open.certificate !== undefined) return false
    const { id, round, author } = open.signed.header
    // The voter signed all three: with another round its signature would spoil the certificate.
    const isForOpen = vote.headerId === id && vote.round === round && vote.author === author
    return isForOpen && !open.votes.has(vote.voter)
  }

  /** What `voter` signed this header with, if that was made here or was checked before it came in. */
  knownSignature(header: Header, voter: ReplicaId): Uint8Array | undefined {
    const { author, id } = header
    if (author === this.#parts.self) {
      return this.#proposal?.signed.header.id === id ? this.#proposal.votes.get(voter) : undefined
    }
    if (voter === this.#parts.self) {
      const own = this.#record.voteFor(author)
      return own?.headerId === id ? own.signature : undefined
    }
    if (voter !== author) return undefined
    const seen = [this.#voted.get(author), this.#pending.get(author)?.signed]
    return seen.find(signed => signed?.header.id === id)?.signature
  }

  /** No votes are given up to here. */
  get abstainedRound(): Round {
    return this.#abstainUntil
  }

  /** No vote at or below `round`: what was signed there may have been lost. */
  abstainUntil(round: Round): void {
    if (round > this.#abstainUntil) this.#abstainUntil = round
  }

  restoreVoted(signed: SignedHeader): void {
    this.#voted.set(signed.header.author, signed)
    this.#promise(signed)
  }

  #promise(signed: SignedHeader): void {
    const { round, payload } = signed.header
    if (payload.length === 0) return
    const known = this.#promised.get(round)
    if (known === undefined) this.#promised.set(round, [signed])
    else known.push(signed)
  }

  /** After a restart the last own header is completed, never replaced. */
  reopenProposal(): void {
    const signed = this.#record.header
    if (signed !== undefined && this.#parts.self !== undefined) this.#open(signed)
  }

  propose(
    round: Round,
    payload: readonly BatchReference[],
    now: Millis,
    out: BullsharkEffect[]
  ): SignedHeader {
    const { dag, domain, hash, sign } = this.#parts
    const parents = dag.round((round - 1) as Round)
    const newestParentAt = parents.reduce((max, p) => Math.max(max, p.header.createdAt), 0)
    const header = makeHeader(
      {
        epoch: domain.epoch,
        round,
        author: this.#self(),
        createdAt: Math.max(Math.floor(now), newestParentAt) as Millis,
        payload,
        parents: parents.map(p => ({ author: p.header.author, digest: p.digest }))
      },
      domain,
      hash
    )
    const signed = { header, signature: sign(headerSigningBytes(header, domain)) }
    out.push({
      type: 'persist',
      durable: true,
      writes: [this.#record.setHeader(signed), this.#headerWrite(signed)]
    })
    out.push({ type: 'broadcast', class: 'order', message: { type: 'header', signed } })
    this.#open(signed)
    return signed
  }

  /** A header whose author signature holds. Votes, or keeps it until what it names is here. */
  onHeader(
    from: PeerId,
    signed: SignedHeader,
    now: Millis,
    out: BullsharkEffect[]
  ): MissingForVote {
    const { author, round, createdAt } = signed.header
    if (round > this.#highestHeaderSeen) this.#highestHeaderSeen = round
    const aheadMs = createdAt - now
    if (aheadMs <= this.#parts.options.clockDriftMaxMs) {
      this.#leads.delete(author)
    } else {
      this.#leads.set(author, aheadMs)
      out.push({ type: 'count', name: 'header_from_the_future', by: 1 })
      if (aheadMs > earlyMaxMs) return { parents: [], batches: [] }
    }
    return this.#consider(from, signed, now, out)
  }

  #consider(
    from: PeerId,
    signed: SignedHeader,
    now: Millis,
    out: BullsharkEffect[]
  ): MissingForVote {
    const { rules, sizeOfBatch } = this.#parts
    const { author, round, id } = signed.header
    const nothingMissing = { parents: [], batches: [] }
    const last = this.#record.voteFor(author)
    if (last !== undefined && round < last.round) return nothingMissing
    if (last !== undefined && last.headerId === id) {
      // A crash may have kept the vote and lost the payload that it vouches for.
      const { batches } = this.#missingFor(signed)
      if (batches.length > 0) return this.#wait(from, signed, { parents: [], batches })
      out.push({ type: 'send', to: from, class: 'order', message: { type: 'vote', vote: last } })
      return nothingMissing
    }
    if (last !== undefined && rules.isEquivocation(last, signed)) {
      this.#reportEquivocation(this.#voted.get(author), signed, out)
      return nothingMissing
    }
    if (round <= this.#abstainUntil) return nothingMissing
    const waiting = this.#pending.get(author)?.signed
    if (waiting?.header.round === round && waiting.header.id !== id) {
      this.#reportEquivocation(waiting, signed, out)
      return nothingMissing
    }
    if (!rules.namesLengths(signed.header, sizeOfBatch)) {
      out.push({ type: 'count', name: 'header_with_false_lengths', by: 1 })
      return nothingMissing
    }
    const missing = this.#missingFor(signed)
    const isComplete = missing.parents.length + missing.batches.length === 0
    const isEarly = this.#dueAt(signed) > now
    if (!this.#maySign || !isComplete || isEarly) return this.#wait(from, signed, missing)
    this.#vote(signed, out)
    return nothingMissing
  }

  #wait(from: PeerId, signed: SignedHeader, missing: MissingForVote): MissingForVote {
    const { author, round } = signed.header
    const pending = this.#pending.get(author)
    // Only the newest may wait, and only what waits has anything looked for.
    if (pending !== undefined && pending.signed.header.round > round) {
      return { parents: [], batches: [] }
    }
    this.#pending.set(author, { signed, from, notBefore: this.#dueAt(signed), parentsHere: 0 })
    return missing
  }

  #dueAt({ header }: SignedHeader): number {
    return header.createdAt - this.#parts.options.clockDriftMaxMs
  }

  /** When the next header that came too early may be looked at again. */
  earlyUntil(now: Millis): Millis | undefined {
    let next: number | undefined
    for (const { notBefore } of this.#pending.values()) {
      if (notBefore > now && (next === undefined || notBefore < next)) next = notBefore
    }
    return next as Millis | undefined
  }

  /** Whose clocks are ahead of this one by more than is allowed, or this one behind theirs. */
  get clockLeads(): ReadonlyMap<ReplicaId, number> {
    return this.#leads
  }

  /** Votes for every waiting header that has become complete. */
  retryPending(now: Millis, out: BullsharkEffect[]): void {
    if (!this.#maySign || this.#pending.size === 0) return
    const { rules, hasBatch } = this.#parts
    for (const [author, pending] of this.#pending) {
      const { signed, from } = pending
      if (pending.notBefore > now) continue
      if (!this.#hasParents(pending) || rules.missingPayload(signed.header, hasBatch).length > 0) {
        continue
      }
      this.#pending.delete(author)
      this.#consider(from, signed, now, out)
    }
  }

  #hasParents(pending: Pending): boolean {
    const { round, parents } = pending.signed.header
    for (let parent = parents[pending.parentsHere]; parent !== undefined; ) {
      if (!this.#parts.dag.isPresent((round - 1) as Round, parent)) return false
      parent = parents[++pending.parentsHere]
    }
    return true
  }

  /** Returns the certificate that this vote completes. */
  onVote(vote: Vote, out: BullsharkEffect[]): Certificate | undefined {
    const open = this.#proposal
    if (open === undefined || !this.wantsVote(vote)) return undefined
    open.votes.set(vote.voter, vote.signature)
    open.weight += this.#parts.committee.weightOf(vote.voter)
    return this.#maybeCertify(open, out)
  }

  /** The own header or certificate again, for those who missed it. */
  resend(out: BullsharkEffect[]): void {
    const open = this.#proposal
    if (open === undefined) return
    out.push({ type: 'count', name: 'resent', by: 1 })
    if (open.certificate !== undefined) {
      const message = { type: 'certificate', certificate: open.certificate } as const
      out.push({ type: 'broadcast', class: 'order', message })
      return
    }
    for (const replica of this.missingVoters()) {
      const to = this.#parts.committee.peerOf(replica)
      out.push({
        type: 'send',
        to,
        class: 'order',
        message: { type: 'header', signed: open.signed }
      })
    }
  }

  /** A certificate of the own slot that came from others: the votes were seen elsewhere before a crash. */
  adoptCertificate(certificate: Certificate): void {
    const open = this.#proposal
    if (open?.signed.header.id === certificate.header.id) open.certificate ??= certificate
  }

  /** A committee of one certifies at once. */
  certifyAlone(out: BullsharkEffect[]): Certificate | undefined {
    return this.#proposal === undefined ? undefined : this.#maybeCertify(this.#proposal, out)
  }

  collect(gcRound: Round): void {
    for (const [author, { signed }] of this.#pending) {
      if (signed.header.round <= gcRound) this.#pending.delete(author)
    }
    for (const round of this.#promised.keys()) if (round <= gcRound) this.#promised.delete(round)
  }

  #maybeCertify(open: OpenProposal, out: BullsharkEffect[]): Certificate | undefined {
    const { committee, domain, hash, rules } = this.#parts
    const isOpen = open.certificate === undefined
    if (!isOpen || open.weight < rules.quorumWeight(committee)) return undefined
    const signatures = [...open.votes].map(([voter, signature]) => ({ voter, signature }))
    open.certificate = makeCertificate(open.signed.header, signatures, domain, hash)
    const message = { type: 'certificate', certificate: open.certificate } as const
    out.push({ type: 'broadcast', class: 'order', message })
    return open.certificate
  }

  #open(signed: SignedHeader): void {
    const { committee } = this.#parts
    const self = this.#self()
    this.#proposal = {
      signed,
      votes: new Map([[self, signed.signature]]),
      weight: committee.weightOf(self),
      certificate: undefined
    }
    if (signed.header.round > this.#highestHeaderSeen) this.#highestHeaderSeen = signed.header.round
  }

  #vote(signed: SignedHeader, out: BullsharkEffect[]): void {
    const { domain, sign, committee, rules, dag } = this.#parts
    const { header } = signed
    const code = rules.faultOfParents(header, dag)
    if (code !== undefined) {
      out.push({ type: 'penalize', peer: committee.peerOf(header.author), code })
      return
    }
    const subject = subjectOf(header)
    const vote: Vote = {
      ...subject,
      epoch: domain.epoch,
      voter: this.#self(),
      signature: sign(voteSigningBytes(subject, domain))
    }
    this.#voted.set(header.author, signed)
    this.#promise(signed)
    out.push({
      type: 'persist',
      durable: true,
      writes: rules.rowsOfVote(this.#record.setVote(vote), this.#headerWrite(signed))
    })
    const to = committee.peerOf(header.author)
    out.push({ type: 'send', to, class: 'order', message: { type: 'vote', vote } })
  }

  #missingFor({ header }: SignedHeader): MissingForVote {
    const { dag, hasBatch, rules } = this.#parts
    const parentRound = (header.round - 1) as Round
    return {
      parents: header.parents
        .filter(parent => !dag.isPresent(parentRound, parent))
        .map(parent => parent.digest),
      batches: rules.missingPayload(header, hasBatch)
    }
  }

  #reportEquivocation(
    known: SignedHeader | undefined,
    seen: SignedHeader,
    out: BullsharkEffect[]
  ): void {
    const against = this.#parts.committee.peerOf(seen.header.author)
    out.push({ type: 'count', name: 'equivocation', by: 1 })
    out.push({ type: 'penalize', peer: against, code: 'equivocation' })
    const { author, round } = seen.header
    // One pair proves it: whoever signs a thousand headers for a slot does not fill the books with them.
    if (known === undefined || round <= (this.#convicted.get(author) ?? 0)) return
    this.#convicted.set(author, round)
    out.push({
      type: 'evidence',
      against,
      kind: 'header-equivocation',
      objects: [known, seen].map(signed => encodeSignedHeader(signed))
    })
  }

  #headerWrite(signed: SignedHeader) {
    const { epoch, round, author } = signed.header
    const key = slotKey(epoch, round, author)
    return { type: 'put', table: tables.header, key, value: encodeSignedHeader(signed) } as const
  }

  #self(): ReplicaId {
    return this.#parts.self as ReplicaId
  }
}
