import { bytesOfDigest, type Digest, digestOf, type Hash } from '@novacron/base'
import type { ReplicaEffect } from './effects.ts'
import type { Evidence } from './evidence.ts'
import { encodeGossip } from './messages.ts'

/** digest -> evidence as it was gossiped */
export const evidenceTable = 'evidence'

/** Keeps proof of misbehaviour, each piece once, and at most so many. */
export class EvidenceBook {
  readonly #hash: Hash
  readonly #max: number
  readonly #known = new Set<Digest>()

  constructor(max: number, hash: Hash) {
    this.#max = max
    this.#hash = hash
  }

  get max(): number {
    return this.#max
  }

  get size(): number {
    return this.#known.size
  }

  /** True when it was news. */
  add(evidence: Evidence, out: ReplicaEffect[]): boolean {
    const value = encodeGossip({ topic: 'evidence', evidence })
    const digest = digestOf(this.#hash, value)
    if (this.#known.has(digest) || this.#known.size >= this.#max) return false
    this.#known.add(digest)
    const key = bytesOfDigest(digest)
    out.push({
      type: 'persist',
      durable: false,
      writes: [{ type: 'put', table: evidenceTable, key, value }]
    })
    out.push({
      type: 'note',
      level: 'error',
      event: 'evidence',
      facts: { against: evidence.against, kind: evidence.kind }
    })
    return true
  }
}
