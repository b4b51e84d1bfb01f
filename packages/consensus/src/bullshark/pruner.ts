import { ascii, type CommitIndex, Reader, type Round, type Write, Writer } from '@novacron/base'
import { decodeSubDag } from '../dag/sub-dag.ts'
import type { Row } from '../orderer.ts'
import { emptyKey, indexKey, roundKey, tables } from '../tables.ts'
import { commitWindow } from './committer.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'

export const lowestIndexKey: Uint8Array = ascii('lowest-commit')

/** Deletes what lies below a checkpoint that a quorum holds, and remembers the lowest commit that can still be served. */
export class Pruner {
  readonly #parts: BullsharkParts
  #lowestIndex = 1 as CommitIndex
  #nextToken = 0
  #pending: { token: string; below: CommitIndex } | undefined

  constructor(parts: BullsharkParts) {
    this.#parts = parts
  }

  get lowestIndex(): CommitIndex {
    return this.#lowestIndex
  }

  restore(lowestIndex: CommitIndex): void {
    this.#lowestIndex = lowestIndex
  }

  /** After a snapshot nothing up to `index` can be served. */
  adopt(index: CommitIndex): Write {
    this.#lowestIndex = (index + 1) as CommitIndex
    return this.#write()
  }

  /** Whoever stands at the commit before `below` needs the rounds above its collection, so that record is read first. */
  start(below: CommitIndex, out: BullsharkEffect[]): void {
    if (below <= this.#lowestIndex || this.#pending !== undefined) return
    const token = `prune/${this.#nextToken++}`
    this.#pending = { token, below }
    const key = indexKey(below - 1)
    out.push({ type: 'read', token, keys: [{ table: tables.commit, key }] })
  }

  /** True when the token was this pruner's. */
  onRead(token: string, rows: readonly Row[], out: BullsharkEffect[]): boolean {
    const pending = this.#pending
    if (pending?.token !== token) return false
    this.#pending = undefined
    const value = rows[0]?.value
    if (value === undefined) return true
    const { domain, hash, options, committee } = this.#parts
    const commit = decodeSubDag(value, domain, hash)
    const firstRound = Math.max(0, commit.anchor.round - options.gcDepthRounds) as Round
    const roundRange = {
      from: roundKey(domain.epoch, 0 as Round),
      to: roundKey(domain.epoch, firstRound)
    }
    const firstKept = Math.max(0, pending.below - commitWindow(options, committee.size))
    this.#lowestIndex = pending.below
    out.push({
      type: 'persist',
      durable: false,
      writes: [
        { type: 'delete-range', table: tables.certificate, ...roundRange },
        { type: 'delete-range', table: tables.header, ...roundRange },
        { type: 'delete-range', table: tables.commit, from: emptyKey, to: indexKey(firstKept) },
        this.#write()
      ]
    })
    return true
  }

  #write(): Write {
    const value = new Writer(8).u64(this.#lowestIndex).finish()
    return { type: 'put', table: tables.meta, key: lowestIndexKey, value }
  }
}

/** 1 for a row that is not there. @throws {Fault<DecodeFault>} */
export function readLowestIndex(value: Uint8Array | undefined): CommitIndex {
  if (value === undefined) return 1 as CommitIndex
  const reader = new Reader(value)
  const index = reader.u64() as CommitIndex
  reader.end()
  return index
}
