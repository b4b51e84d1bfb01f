import type { Digest } from '@novacron/base'
import type { SignedSlot } from '../machine.ts'
import type { Report } from './violation.ts'

/** At most one content for each slot and signer on the wire, across all lives of the signer. */
export class DoubleSigningChecker {
  readonly #report: Report
  readonly #signed = new Map<string, Digest>()

  constructor(report: Report) {
    this.#report = report
  }

  sent(slots: readonly SignedSlot[]): void {
    for (const { signer, slot, content } of slots) {
      const key = `${signer}/${slot}`
      const known = this.#signed.get(key)
      if (known === undefined) this.#signed.set(key, content)
      else if (known !== content) {
        this.#report({
          verdict: 'double-signed',
          facts: `replica ${signer} signed ${known} and ${content} for ${slot}`
        })
      }
    }
  }
}
