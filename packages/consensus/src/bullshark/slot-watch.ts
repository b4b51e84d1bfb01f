import type { CommitIndex } from '@novacron/base'
import { type Certificate, encodeCertificate } from '../dag/certificate.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'

/**
 * Two valid certificates of different vertices for one slot: a quorum has signed each, so whoever is in both signed twice.
 * That takes more than f faults, or stolen keys. No order is safe from there on, so the node stops and says so.
 * The evidence stays here, for whoever runs the node: no other node checks it, and each sees the certificates itself.
 *
 * source: Danezis et al., arXiv 2105.11827, section 3: at most one certificate for a slot
 */
export class SlotWatch {
  readonly #parts: BullsharkParts
  #reason: string | undefined

  constructor(parts: BullsharkParts) {
    this.#parts = parts
  }

  /** Why nothing is ordered or signed any more; undefined while all is well. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Looks for another vertex in the slot of a certificate whose signatures hold. True when there is one. */
  look(certificate: Certificate, lastIndex: CommitIndex, out: BullsharkEffect[]): boolean {
    const { dag, committee } = this.#parts
    const { round, author } = certificate.header
    const held = dag.at(round, author)
    if (held === undefined || held.digest === certificate.digest) return false
    if (this.#reason !== undefined) return true
    const voters = new Set(held.signatures.map(({ voter }) => voter))
    const twice = certificate.signatures.map(({ voter }) => voter).filter(v => voters.has(v))
    const peers = twice.map(voter => committee.peerOf(voter))
    const slot = `round ${round} of ${committee.peerOf(author)}`
    this.#reason = `two certificates for ${slot}: ${peers.join(', ')} signed both; ordering has stopped`
    const objects = [encodeCertificate(held), encodeCertificate(certificate)]
    for (const against of peers) {
      out.push({ type: 'evidence', against, kind: 'certificate-conflict', objects })
    }
    const facts = { round, author, signedBoth: peers.join(',') }
    out.push({ type: 'note', level: 'error', event: 'two-certificates', facts })
    out.push({ type: 'stopped', index: lastIndex, reason: this.#reason })
    return true
  }
}
