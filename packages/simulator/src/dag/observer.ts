import { type Millis, toVerified } from '@novacron/base'
import {
  Bullshark,
  type BullsharkMessage,
  type BullsharkOptions,
  type BullsharkRules,
  type Certificate,
  type CommittedSubDag,
  type OrdererInput,
  type SignedHeader
} from '@novacron/consensus'
import type { DagBuilder } from './builder.ts'

export interface DagObserverNeeds {
  readonly builder: DagBuilder
  readonly rules?: BullsharkRules
}

/** An orderer that signs nothing and is given certificates one by one: what it commits depends on them alone. */
export class DagObserver {
  readonly commits: CommittedSubDag[] = []
  readonly orderer: Bullshark
  readonly #builder: DagBuilder

  constructor(options: Partial<BullsharkOptions>, { builder, rules }: DagObserverNeeds) {
    this.#builder = builder
    this.orderer = new Bullshark(options, {
      committee: builder.committee,
      domain: builder.domain,
      self: undefined,
      hash: builder.hash,
      sign: () => new Uint8Array(64),
      hasBatch: () => true,
      sizeOfBatch: () => undefined,
      wasSignedLogPresent: true,
      ...(rules === undefined ? {} : { rules })
    })
    this.#step({ type: 'started' })
  }

  /** Returns the commits that this certificate brought. */
  give(certificate: Certificate): readonly CommittedSubDag[] {
    const before = this.commits.length
    const from = this.#builder.committee.peerOf(certificate.header.author)
    const message: BullsharkMessage = { type: 'certificate', certificate }
    this.#step({ type: 'received', from, message: toVerified(message) })
    return this.commits.slice(before)
  }

  /** Returns the commits that this signed header brought, as a member would hear of it. */
  giveHeader(signed: SignedHeader): readonly CommittedSubDag[] {
    const before = this.commits.length
    const from = this.#builder.committee.peerOf(signed.header.author)
    const message: BullsharkMessage = { type: 'header', signed }
    this.#step({ type: 'received', from, message: toVerified(message) })
    return this.commits.slice(before)
  }

  #step(input: OrdererInput<BullsharkMessage>): void {
    const { epoch } = this.orderer
    for (const effect of this.orderer.step({ ...input, epoch }, 1_000_000 as Millis)) {
      if (effect.type === 'read') {
        this.#step({ type: 'read-done', token: effect.token, rows: [] })
      } else if (effect.type === 'deliver') {
        this.commits.push(effect.subDag)
        this.#step({ type: 'executed', index: effect.subDag.index })
      }
    }
  }
}
