import {
  accepted,
  ignored,
  type PeerId,
  type ReplicaId,
  rejected,
  type Verdict
} from '@novacron/base'
import { type Certificate, certificateSigningBytes } from '../dag/certificate.ts'
import { type Header, headerSigningBytes } from '../dag/header.ts'
import { voteSigningBytes } from '../dag/vote.ts'
import type { SignatureCheck } from '../signing.ts'
import { type BullsharkMessage, epochOf } from './messages.ts'
import type { BullsharkParts } from './parts.ts'

/** Cheap checks, in the order of their cost, before any signature is looked at or anything is kept. */
export function screenMessage(
  from: PeerId,
  message: BullsharkMessage,
  parts: BullsharkParts
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
      return author === parts.self ? accepted : ignored({ code: 'vote-for-another' })
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
    case 'own-round':
      return sender === undefined ? rejected({ code: 'not-a-member' }) : accepted
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

function screenParents(header: Header, { committee }: BullsharkParts): Verdict {
  if (header.round === 1) {
    return header.parents.length === 0 ? accepted : rejected({ code: 'parents-in-round-one' })
  }
  if (header.parents.some(parent => !committee.has(parent.author))) {
    return rejected({ code: 'unknown-parent-author' })
  }
  const weight = committee.weightOfAll(header.parents.map(parent => parent.author))
  return weight >= committee.quorumWeight ? accepted : rejected({ code: 'parent-weight-short' })
}

function screenCertificate(
  certificate: Certificate,
  parts: BullsharkParts,
  futureRoundsMax: number
): Verdict {
  const { committee, dag } = parts
  const { header, signatures } = certificate
  if (!committee.has(header.author)) return rejected({ code: 'unknown-author' })
  if (header.round < 1) return rejected({ code: 'round-zero' })
  if (header.round > dag.highestQuorumRound + futureRoundsMax) {
    return ignored({ code: 'far-future-round' })
  }
  if (header.round <= dag.gcRound) return ignored({ code: 'below-garbage-collection' })
  if (dag.at(header.round, header.author) !== undefined) return ignored({ code: 'known' })
  if (signatures.some(entry => !committee.has(entry.voter)))
    return rejected({ code: 'unknown-voter' })
  const weight = committee.weightOfAll(signatures.map(entry => entry.voter))
  if (weight < committee.quorumWeight) return rejected({ code: 'vote-weight-short' })
  return screenParents(header, parts)
}

/** Signatures that must hold; vertices that are in the DAG already are not checked again. */
export function signaturesOf(message: BullsharkMessage, parts: BullsharkParts): SignatureCheck[] {
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
      return certificateChecks(message.certificate, parts)
    case 'pulled':
    case 'caught-up':
      return message.certificates
        .filter(certificate => isNews(certificate, parts))
        .flatMap(certificate => certificateChecks(certificate, parts))
    default:
      return []
  }
}

/** Neither known nor collected: only these are checked and only these may be accepted. */
export function isNews(certificate: Certificate, { dag }: BullsharkParts): boolean {
  const { round, author } = certificate.header
  return round > dag.gcRound && dag.at(round, author) === undefined
}

function certificateChecks(certificate: Certificate, parts: BullsharkParts): SignatureCheck[] {
  const message = certificateSigningBytes(certificate, parts.domain)
  return certificate.signatures.map(({ voter, signature }) => ({
    publicKey: parts.committee.member(voter).publicKey,
    message,
    signature
  }))
}
