import type { Digest } from '@novacron/base'
import type { CommittedSubDag, VertexReference } from '@novacron/consensus'
import type { SignedSlot } from '../machine.ts'
import type { Report } from './violation.ts'

/** Where a protocol's members say yes to a vertex, and whether what they signed there is that vertex. */
export interface Backing {
  readonly voteSlot: string
  /** Who makes a vertex says yes to it. */
  readonly proposal: { readonly slot: string; readonly signer: number }
  matches(content: Digest): boolean
}

export interface CertificationOptions {
  /** Members whose signatures are counted; all others are taken to have signed everything. */
  readonly honest: ReadonlySet<number>
  /** Of those, so many must have signed what is in the log. */
  readonly signersMin: number
}

/**
 * Integrity of the order: whatever is in the log has been signed by a quorum, less those who lie. Signatures count when their own
 * signer sends them, so no certificate is believed.
 */
export class CertificationChecker {
  readonly #options: CertificationOptions
  readonly #report: Report
  /** Content by slot and signer. */
  readonly #signed = new Map<string, Map<number, Digest>>()

  constructor(options: CertificationOptions, report: Report) {
    this.#options = options
    this.#report = report
  }

  sent(place: number, slots: readonly SignedSlot[]): void {
    if (!this.#options.honest.has(place)) return
    for (const { signer, slot, content } of slots) {
      if (signer !== place) continue
      const contents = this.#signed.get(slot)
      if (contents === undefined) this.#signed.set(slot, new Map([[signer, content]]))
      else contents.set(signer, content)
    }
  }

  appended(
    place: number,
    { index, vertices }: CommittedSubDag,
    backingOf: (vertex: VertexReference) => Backing | undefined
  ): void {
    const { signersMin } = this.#options
    for (const vertex of vertices) {
      const backing = backingOf(vertex)
      if (backing === undefined) continue
      const signers = this.#signersOf(backing)
      if (signers.size >= signersMin) continue
      this.#report({
        verdict: 'uncertified',
        facts: `place ${place}: commit ${index} orders vertex ${vertex.round}/${vertex.author}, which ${signers.size} honest members signed, at least ${signersMin} of a quorum`
      })
    }
  }

  #signersOf({ voteSlot, proposal, matches }: Backing): ReadonlySet<number> {
    const signers = new Set<number>()
    const header = this.#signed.get(proposal.slot)?.get(proposal.signer)
    if (header !== undefined && matches(header)) signers.add(proposal.signer)
    for (const [signer, content] of this.#signed.get(voteSlot) ?? []) {
      if (matches(content)) signers.add(signer)
    }
    return signers
  }
}
