import {
  ascii,
  type Epoch,
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
const floorKey = ascii('floor')
const votePrefix = ascii('vote/')

/** What a recovery found: propose above the one, vote above the other. */
export interface SigningFloor {
  readonly proposeFloor: Round
  readonly abstainUntil: Round
}

/**
 * What this replica has signed last: its own header, and its vote for each author. Written durably before anything of it
 * is sent, so that no restart signs a second one for a slot.
 */
export class SignedRecord {
  #header: SignedHeader | undefined
  readonly #votes = new Map<ReplicaId, Vote>()
  #floor: SigningFloor = { proposeFloor: 0 as Round, abstainUntil: 0 as Round }
  #isRecovering = false

  /** The record was lost, and no recovery has ended since: what is in it is not all. */
  get isRecovering(): boolean {
    return this.#isRecovering
  }

  /** Of the last recovery that had to find one: it binds every later life as well. */
  get floor(): SigningFloor {
    return this.#floor
  }

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

  /**
   * Does the record, unless it was lost, go as far as this header, signed or voted for? One that a crash left in the database
   * without its record was never sent, nor the vote for it.
   */
  covers({ header: { author, round } }: SignedHeader): boolean {
    const isLost = this.#header === undefined && this.#votes.size === 0
    return isLost || round <= (this.#votes.get(author)?.round ?? 0)
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

  beginRecovery(epoch: Epoch): Write {
    this.#isRecovering = true
    return this.#floorWrite(epoch)
  }

  endRecovery(epoch: Epoch, floor: SigningFloor): Write {
    this.#isRecovering = false
    this.#floor = floor
    return this.#floorWrite(epoch)
  }

  #floorWrite(epoch: Epoch): Write {
    const { proposeFloor, abstainUntil } = this.#floor
    const writer = new Writer(25).u64(epoch).u8(this.#isRecovering ? 1 : 0)
    const value = writer.u64(proposeFloor).u64(abstainUntil).finish()
    return { type: 'put', table: tables.signed, key: floorKey, value }
  }

  #restoreFloor(reader: Reader, epoch: Epoch): void {
    if (reader.u64() !== epoch) return
    this.#isRecovering = reader.u8() === 1
    this.#floor = { proposeFloor: reader.u64() as Round, abstainUntil: reader.u64() as Round }
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
      if (key.length === floorKey.length) this.#restoreFloor(reader, domain.epoch)
      else if (key.length === headerKey.length) {
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
