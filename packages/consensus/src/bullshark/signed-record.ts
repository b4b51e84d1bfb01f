import {
  ascii,
  type Hash,
  Reader,
  type ReplicaId,
  type Round,
  type Write,
  Writer
} from '@novacron/base'
import { encodeSignedHeader, readSignedHeader, type SignedHeader } from '../dag/header.ts'
import { readVote, type Vote, writeVote } from '../dag/vote.ts'
import type { Row } from '../orderer.ts'
import type { SigningDomain } from '../signing.ts'
import { tables } from '../tables.ts'
import { type SigningRules, signingRules } from './signing-rules.ts'

const headerKey = ascii('header')
const votePrefix = ascii('vote/')

/**
 * What this replica has signed last: its own header, and its vote for each author. Written durably before anything of it
 * is sent, so that no restart signs a second one for a slot.
 */
export class SignedRecord {
  #header: SignedHeader | undefined
  readonly #votes = new Map<ReplicaId, Vote>()

  get header(): SignedHeader | undefined {
    return this.#header
  }

  /** Round of the last own header; 0 before the first. */
  get headerRound(): Round {
    return this.#header?.header.round ?? (0 as Round)
  }

  voteFor(author: ReplicaId): Vote | undefined {
    return this.#votes.get(author)
  }

  setHeader(signed: SignedHeader): Write {
    this.#header = signed
    return { type: 'put', table: tables.signed, key: headerKey, value: encodeSignedHeader(signed) }
  }

  setVote(vote: Vote): Write {
    this.#votes.set(vote.author, vote)
    const writer = Writer.pooled(160)
    writeVote(writer, vote)
    return { type: 'put', table: tables.signed, key: voteKey(vote.author), value: writer.finish() }
  }

  /** Rows of the table `signed`; those of another epoch bind nothing in this one. */
  restore(
    rows: readonly Row[],
    domain: SigningDomain,
    hash: Hash,
    rules: Pick<SigningRules, 'restoredHeader'> = signingRules
  ): void {
    for (const { key, value } of rows) {
      if (value === undefined) continue
      const reader = new Reader(value)
      if (key.length === headerKey.length) {
        const signed = readSignedHeader(reader, domain, hash)
        if (signed.header.epoch === domain.epoch) this.#header = rules.restoredHeader(signed)
      } else {
        const vote = readVote(reader)
        if (vote.epoch === domain.epoch) this.#votes.set(vote.author, vote)
      }
    }
  }
}

function voteKey(author: ReplicaId): Uint8Array {
  return new Writer(7).raw(votePrefix).u16(author).finish()
}
