import type { Digest } from '@novacron/base'
import type { SignedSlot } from '../machine.ts'
import type { Report } from './violation.ts'

/** At most one content for each slot and signer on the wire, across all lives of the signer. */
export class DoubleSigningChecker {
  readonly #report: Report
  readonly #liars: ReadonlySet<number>
  /** Who has which content, by signer and slot, of signers that may have lost their record. */
  readonly #holders = new Map<string, Map<Digest, Set<number>>>()
  readonly #twice = new Set<number>()
  /** Content by slot and signer. */
  readonly #signed = new Map<string, Map<number, Digest>>()

  /** `liars` may sign what they like. */
  constructor(report: Report, liars: ReadonlySet<number> = new Set()) {
    this.#report = report
    this.#liars = liars
  }

  sent(slots: readonly SignedSlot[]): void {
    let latest: string | undefined
    let contents: Map<number, Digest> | undefined
    for (const { signer, slot, content } of slots) {
      if (this.#liars.has(signer)) continue
      if (contents === undefined || slot !== latest) contents = this.#contentsOf(slot)
      latest = slot
      const known = contents.get(signer)
      if (known === undefined) contents.set(signer, content)
      else if (known !== content) {
        this.#report({
          verdict: 'double-signed',
          facts: `replica ${signer} signed ${known} and ${content} for ${slot}`
        })
      }
    }
  }

  /**
   * For a signer that may have lost its record: a signature binds it once so many places have it that any quorum it asks
   * knows of it. What fewer have, no protocol can tell it.
   */
  arrived(at: number, slots: readonly SignedSlot[], placesMin: number): void {
    for (const one of slots) {
      const { signer, slot, content } = one
      const key = `${signer}/${slot}`
      const contents = this.#holders.get(key) ?? new Map<Digest, Set<number>>()
      const holders = contents.get(content) ?? new Set()
      this.#holders.set(key, contents.set(content, holders.add(at)))
      if (contents.size > 1) this.#twice.add(signer)
      if (holders.size >= placesMin || this.#signed.get(slot)?.has(signer) === true)
        this.sent([one])
    }
  }

  /** Whether a signer that may have lost its record signed again what too few had to bind it: to accuse it is right then. */
  hasSignedTwice(signer: number): boolean {
    return this.#twice.has(signer)
  }

  /** One lookup for all votes of a certificate. */
  #contentsOf(slot: string): Map<number, Digest> {
    let contents = this.#signed.get(slot)
    if (contents === undefined) {
      contents = new Map()
      this.#signed.set(slot, contents)
    }
    return contents
  }
}
