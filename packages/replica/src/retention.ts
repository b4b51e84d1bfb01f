import type { Hash } from '@novacron/base'
import { ascii, type CommitIndex, Reader, type Write, Writer } from '@novacron/base'
import {
  decodeSubDag,
  emptyKey,
  indexKey,
  type Row,
  type SigningDomain,
  tables
} from '@novacron/consensus'
import { digestsOf, payloadOf } from './commit-queue.ts'
import type { ReplicaEffect } from './effects.ts'
import type { ReplicaOptions } from './options.ts'
import { outcomeTable } from './outcome.ts'

/** Where pruning has got to: everything below is dropped. */
export const retainedKey: Uint8Array = ascii('retained-from')

/**
 * Drops payload and outcomes below a certified checkpoint once there are more commits or bytes than are to be kept. Reads
 * the commit records a piece at a time, since they say which batches go.
 */
export class Retention {
  readonly #options: ReplicaOptions
  readonly #domain: SigningDomain
  readonly #hash: Hash
  #from = 1 as CommitIndex
  #bytes = 0
  #target = 0
  #isReading = false

  constructor(options: ReplicaOptions, domain: SigningDomain, hash: Hash) {
    this.#options = options
    this.#domain = domain
    this.#hash = hash
  }

  /** Lowest commit whose payload is kept. */
  get from(): CommitIndex {
    return this.#from
  }

  get retainedBytes(): number {
    return this.#bytes
  }

  restore(value: Uint8Array | undefined): void {
    if (value === undefined) return
    const reader = new Reader(value)
    this.#from = reader.u64() as CommitIndex
    this.#bytes = reader.u64()
  }

  /** A snapshot replaced everything up to `index`. */
  adopt(index: CommitIndex): Write {
    this.#from = (index + 1) as CommitIndex
    this.#bytes = 0
    return this.write()
  }

  onExecuted(payloadBytes: number): void {
    this.#bytes += payloadBytes
  }

  /** A quorum holds the state after `index`: what lies below may go, as far as retention asks. */
  onCertified(index: CommitIndex, out: ReplicaEffect[]): void {
    this.#target = Math.max(this.#target, index)
    this.#maybeRead(out)
  }

  /** Returns the index below which everything is dropped now, when it moved. */
  onRead(token: string, rows: readonly Row[], out: ReplicaEffect[]): CommitIndex | undefined {
    if (token !== 'retention' || !this.#isReading) return undefined
    this.#isReading = false
    const before = this.#from
    for (const { value } of rows) {
      if (value === undefined || !this.#isOver()) break
      const subDag = decodeSubDag(value, this.#domain, this.#hash)
      if (subDag.index >= this.#target) break
      const digests = digestsOf(subDag)
      if (digests.length > 0) out.push({ type: 'drop-batches', digests })
      const dropped = payloadOf(subDag).reduce((sum, batch) => sum + batch.sizeBytes, 0)
      this.#bytes = Math.max(0, this.#bytes - dropped)
      this.#from = (subDag.index + 1) as CommitIndex
    }
    if (this.#from === before) return undefined
    const range = { from: emptyKey, to: indexKey(this.#from) }
    const writes: Write[] = [{ type: 'delete-range', table: outcomeTable, ...range }, this.write()]
    out.push({ type: 'persist', durable: false, writes })
    this.#maybeRead(out)
    return this.#from
  }

  #isOver(): boolean {
    const { retentionCommits, retentionBytes } = this.#options
    return this.#target - this.#from > retentionCommits || this.#bytes > retentionBytes
  }

  #maybeRead(out: ReplicaEffect[]): void {
    if (this.#isReading || this.#from >= this.#target || !this.#isOver()) return
    this.#isReading = true
    const limit = this.#options.readCommitsMax
    const range = {
      table: tables.commit,
      from: indexKey(this.#from),
      to: indexKey(this.#from + limit),
      limit
    }
    out.push({ type: 'read', token: 'retention', range })
  }

  /** Where pruning stands, to be stored with each checkpoint. */
  write(): Write {
    const value = new Writer(16).u64(this.#from).u64(this.#bytes).finish()
    return { type: 'put', table: tables.meta, key: retainedKey, value }
  }
}
