import {
  accepted,
  Fault,
  type Hash,
  type PeerId,
  Reader,
  rejected,
  type Verdict
} from '@novacron/base'
import {
  type Committee,
  headerSigningBytes,
  readSignedHeader,
  type SignatureCheck,
  type SignedHeader,
  type SigningDomain
} from '@novacron/consensus'

/** Two signed objects of one author for one slot: proof that it broke the rules. */
export interface Evidence {
  readonly against: PeerId
  readonly kind: string
  readonly objects: readonly Uint8Array[]
}

export const evidenceObjectsMax = 2
export const evidenceObjectBytesMax = 65_536

/** Does it prove what it says, once the signatures hold? */
export function screenEvidence(
  evidence: Evidence,
  committee: Committee,
  domain: SigningDomain,
  hash: Hash
): Verdict {
  if (evidence.kind !== 'header-equivocation') return rejected({ code: 'unknown-evidence' })
  const headers = maybeHeadersOf(evidence, domain, hash)
  if (headers === undefined) return rejected({ code: 'evidence-malformed' })
  const [first, second] = headers
  if (first === undefined || second === undefined) return rejected({ code: 'evidence-incomplete' })
  const author = committee.replicaOf(evidence.against)
  const isSameSlot =
    author !== undefined &&
    headers.every(({ header }) => header.author === author && header.epoch === domain.epoch) &&
    first.header.round === second.header.round
  const proves = isSameSlot && first.header.id !== second.header.id
  return proves ? accepted : rejected({ code: 'evidence-proves-nothing' })
}

/** Signatures that must hold, for evidence that was accepted by `screenEvidence`. */
export function evidenceChecks(
  evidence: Evidence,
  committee: Committee,
  domain: SigningDomain,
  hash: Hash
): SignatureCheck[] {
  return headersOf(evidence, domain, hash).map(({ header, signature }) => ({
    publicKey: committee.member(header.author).publicKey,
    message: headerSigningBytes(header, domain),
    signature
  }))
}

/** Undefined when an object is not a signed header: what a stranger sent never throws. */
function maybeHeadersOf(
  evidence: Evidence,
  domain: SigningDomain,
  hash: Hash
): SignedHeader[] | undefined {
  try {
    return headersOf(evidence, domain, hash)
  } catch (error) {
    if (error instanceof Fault) return undefined
    throw error
  }
}

/** @throws {Fault<DecodeFault>} when an object is not a signed header. */
function headersOf(evidence: Evidence, domain: SigningDomain, hash: Hash): SignedHeader[] {
  return evidence.objects.map(bytes => {
    const reader = new Reader(bytes)
    const signed = readSignedHeader(reader, domain, hash)
    reader.end()
    return signed
  })
}
