import {
  accepted,
  equalBytes,
  ignored,
  type PeerId,
  type ReplicaId,
  rejected,
  type Verdict
} from '@novacron/base'
import {
  type Certificate,
  certificateSigningBytes,
  type VoterSignature
} from '../dag/certificate.ts'
import { type Header, headerSigningBytes } from '../dag/header.ts'
import { type Vote, voteSigningBytes } from '../dag/vote.ts'
import type { SignatureCheck } from '../signing.ts'
import { type BullsharkMessage, epochOf } from './messages.ts'
import type { BullsharkParts } from './parts.ts'

/** What needs no check, since it was made here, was checked before or would count for nothing. */
export interface HeldSignatures {
  wantsVote(vote: Vote): boolean
  /** What `voter` signed this header with, as far as it was made here or has been checked. */
  knownSignature(header: Header, voter: ReplicaId): Uint8Array | undefined
}

const nothingHeld: HeldSignatures = { wantsVote: () => true, knownSignature: () => undefined }

/** Cheap checks, in the order of their cost, before any signature is looked at or anything is kept. */
export function screenMessage(
  from: PeerId,
  message: BullsharkMessage,
  parts: BullsharkParts,
  held: Pick<HeldSignatures, 'wantsVote'> = nothingHeld
): Verdict {
  const { committee, domain } = parts
  if (epochOf(message) !== domain.epoch) return ignored({ code: 'other-epoch' })
  const sender = committee.replicaOf(from)
  switch (message.type) {
    case 'header': {
      const { header } = message.signed
      if (sender === undefined) return rejected({ code: 'not-a-member' })
      if (parts.self === undefined) return ignored({ code: 'observing' })
      if (sender !== header.author) return rejected({ code: 'not-the-author' })
      return screenHeader(header, parts)
    }
    case 'vote': {
      const { voter, author } = message.vote
      if (sender === undefined || sender !== voter) return rejected({ code: 'not-the-voter' })
      if (author !== parts.self) return ignored({ code: 'vote-for-another' })
      return held.wantsVote(message.vote) ? accepted : ignored({ code: 'vote-not-wanted' })
    }
    case 'certificate':
      if (sender === undefined) return rejected({ code: 'not-a-member' })
      return screenCertificate(message.certificate, parts, parts.options.futureRoundsMax)
    case 'pull':
      return message.digests.length <= parts.options.pullDigestsMax
        ? accepted
        : rejected({ code: 'too-many-digests' })
    case 'pulled':
    case 'caught-up':
      return screenAll(message.certificates, parts)
    case 'ask-own-round':
      return sender === undefined ? rejected({ code: 'not-a-member' }) : accepted
    case 'own-round':
      return sender === undefined
        ? rejected({ code: 'not-a-member' })
        : screenOwnRound(message, parts)
    case 'catch-up':
      return accepted
  }
}

function screenAll(certificates: readonly Certificate[], parts: BullsharkParts): Verdict {
  for (const certificate of certificates) {
    // Passing over it would let its seats in unchecked: nothing of another epoch belongs into a reply of this one.
    if (certificate.header.epoch !== parts.domain.epoch) return rejected({ code: 'other-epoch' })
    const verdict = screenCertificate(certificate, parts, Number.MAX_SAFE_INTEGER)
    if (verdict.type === 'reject') return verdict
  }
  return accepted
}

/** Proofs may be of any round, known or not; what counts is that their signers are members and enough. */
function screenOwnRound(
  message: Extract<BullsharkMessage, { type: 'own-round' }>,
  parts: BullsharkParts
): Verdict {
  const { header, vote, certificates } = message
  const { committee, domain } = parts
  if (certificates.length > ownRoundCertificatesMax)
    return rejected({ code: 'too-many-certificates' })
  const epochs = [header?.header.epoch, vote?.epoch, ...certificates.map(c => c.header.epoch)]
  if (epochs.some(epoch => epoch !== undefined && epoch !== domain.epoch)) {
    return rejected({ code: 'other-epoch' })
  }
  const seats = [header?.header.author, vote?.voter].filter(seat => seat !== undefined)
  if (seats.some(seat => !committee.has(seat))) return rejected({ code: 'unknown-author' })
  for (const certificate of certificates) {
    const verdict = screenQuorum(certificate, parts)
    if (verdict.type !== 'accept') return verdict
  }
  return accepted
}

/** Newest by the asker, newest with its vote, newest of all. */
const ownRoundCertificatesMax = 3

function screenQuorum({ header, signatures }: Certificate, parts: BullsharkParts): Verdict {
  const { committee, rules } = parts
  if (!committee.has(header.author)) return rejected({ code: 'unknown-author' })
  let weight = 0
  for (const { voter } of signatures) {
    if (!committee.has(voter)) return rejected({ code: 'unknown-voter' })
    weight += committee.weightOf(voter)
  }
  return weight >= rules.quorumWeight(committee)
    ? accepted
    : rejected({ code: 'vote-weight-short' })
}

function screenHeader(header: Header, parts: BullsharkParts): Verdict {
  const { committee, dag, options } = parts
  if (!committee.has(header.author)) return rejected({ code: 'unknown-author' })
  if (header.round < 1) return rejected({ code: 'round-zero' })
  if (header.round > dag.highestQuorumRound + options.futureRoundsMax) {
    return ignored({ code: 'far-future-round' })
  }
  if (header.round <= dag.gcRound) return ignored({ code: 'below-garbage-collection' })
  if (header.payload.length > options.headerBatchesMax)
    return rejected({ code: 'too-many-batches' })
  return screenParents(header, parts)
}

function screenParents(header: Header, { committee, rules }: BullsharkParts): Verdict {
  if (header.round === 1) {
    return header.parents.length === 0 ? accepted : rejected({ code: 'parents-in-round-one' })
  }
  let weight = 0
  for (const { author } of header.parents) {
    if (!committee.has(author)) return rejected({ code: 'unknown-parent-author' })
    weight += committee.weightOf(author)
  }
  return weight >= rules.quorumWeight(committee)
    ? accepted
    : rejected({ code: 'parent-weight-short' })
}

function screenCertificate(
  certificate: Certificate,
  parts: BullsharkParts,
  futureRoundsMax: number
): Verdict {
  const { committee, dag } = parts
  const { header } = certificate
  if (!committee.has(header.author)) return rejected({ code: 'unknown-author' })
  if (header.round < 1) return rejected({ code: 'round-zero' })
  if (header.round > dag.highestQuorumRound + futureRoundsMax) {
    return ignored({ code: 'far-future-round' })
  }
  if (header.round <= dag.gcRound) return ignored({ code: 'below-garbage-collection' })
  if (dag.get(certificate.digest) !== undefined) return ignored({ code: 'known' })
  const quorum = screenQuorum(certificate, parts)
  if (quorum.type !== 'accept') return quorum
  return screenParents(header, parts)
}

/** Signatures that must hold; what is in the DAG already, or held byte for byte, is not checked again. */
export function signaturesOf(
  message: BullsharkMessage,
  parts: BullsharkParts,
  held: Pick<HeldSignatures, 'knownSignature'> = nothingHeld
): SignatureCheck[] {
  const { committee, domain } = parts
  const keyOf = (replica: ReplicaId) => committee.member(replica).publicKey
  switch (message.type) {
    case 'header': {
      const { header, signature } = message.signed
      const signed = headerSigningBytes(header, domain)
      return [{ publicKey: keyOf(header.author), message: signed, signature }]
    }
    case 'vote': {
      const { vote } = message
      const signed = voteSigningBytes(vote, domain)
      return [{ publicKey: keyOf(vote.voter), message: signed, signature: vote.signature }]
    }
    case 'certificate':
      return certificateChecks(message.certificate, parts, held)
    case 'own-round':
      return ownRoundChecks(message, parts)
    case 'pulled':
    case 'caught-up':
      return message.certificates
        .filter(certificate => isNews(certificate, parts))
        .flatMap(certificate => certificateChecks(certificate, parts, held))
    default:
      return []
  }
}

function ownRoundChecks(
  { header, vote, certificates }: Extract<BullsharkMessage, { type: 'own-round' }>,
  parts: BullsharkParts
): SignatureCheck[] {
  return [
    ...(header === undefined ? [] : signaturesOf({ type: 'header', signed: header }, parts)),
    ...(vote === undefined ? [] : signaturesOf({ type: 'vote', vote }, parts)),
    ...certificates.flatMap(certificate => certificateChecks(certificate, parts))
  ]
}

/**
 * Neither known nor collected: only these are checked and only these may be accepted. Another vertex in a slot that is taken
 * is news, and bad: see `SlotWatch`.
 */
export function isNews(certificate: Certificate, { dag }: BullsharkParts): boolean {
  return certificate.header.round > dag.gcRound && dag.get(certificate.digest) === undefined
}

/** A signature other than the one held is checked like any: a certificate must hold for those who have seen nothing of it. */
function certificateChecks(
  certificate: Certificate,
  parts: BullsharkParts,
  held: Pick<HeldSignatures, 'knownSignature'> = nothingHeld
): SignatureCheck[] {
  const { header, signatures } = certificate
  const message = certificateSigningBytes(certificate, parts.domain)
  const isKnown = ({ voter, signature }: VoterSignature) => {
    const known = held.knownSignature(header, voter)
    return known !== undefined && equalBytes(known, signature)
  }
  return signatures
    .filter(entry => !isKnown(entry))
    .map(({ voter, signature }) => ({
      publicKey: parts.committee.member(voter).publicKey,
      message,
      signature
    }))
}
