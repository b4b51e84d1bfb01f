import type { Millis, Round } from '@novacron/base'
import type { Certificate } from '../dag/certificate.ts'
import { type BatchReference, payloadBytesOf } from '../dag/header.ts'
import type { Certifier } from './certifier.ts'
import type { Committer } from './committer.ts'
import type { DagKeeper } from './dag-keeper.ts'
import type { Awaited } from './engine.ts'
import { Pacemaker } from './pacemaker.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'
import type { SignedRecord } from './signed-record.ts'
import type { TimerBook } from './timer-book.ts'

export interface ProposerNeeds {
  readonly parts: BullsharkParts
  readonly certifier: Certifier
  readonly committer: Committer
  readonly keeper: DagKeeper
  readonly record: SignedRecord
  readonly timers: TimerBook
}

/** Opens rounds: when the pacemaker says so it asks for payload, and what is offered becomes the own next header. */
export class Proposer {
  readonly #needs: ProposerNeeds
  readonly #pacemaker: Pacemaker
  #floor = 0 as Round
  #isPayloadWaiting = false
  #requestedRound = 0 as Round
  #leftWithout: Awaited = 'nothing'
  #blockedReason: string | undefined

  constructor(needs: ProposerNeeds) {
    this.#needs = needs
    this.#pacemaker = new Pacemaker(needs.parts, needs.committer)
  }

  /** In words: why no round is opened although one could be. */
  get blockedReason(): string | undefined {
    return this.#blockedReason
  }

  /** Proposes nothing at or below `round`: it may have been signed before. */
  raiseFloor(round: Round): void {
    this.#floor = round
  }

  onPayloadWaiting(): void {
    this.#isPayloadWaiting = true
  }

  onRoundTrip(roundTripMs: number): void {
    this.#pacemaker.onRoundTrip(roundTripMs)
  }

  /** The caller may sign, and the log goes on. */
  maybeRequest(executionLagCommits: number, now: Millis, out: BullsharkEffect[]): void {
    if (this.#requestedRound !== 0) return
    const { parts, committer, certifier, timers } = this.#needs
    const pace = this.#pacemaker.decide(
      {
        signedFloor: this.#signedFloor(),
        lastAnchorRound: committer.lastAnchorRound,
        isPayloadWaiting: this.#isPayloadWaiting,
        isOwnVertexPending: certifier.isPending(parts.dag.highestQuorumRound),
        highestHeaderSeen: certifier.highestHeaderSeen,
        executionLagCommits
      },
      now
    )
    this.#blockedReason = pace.type === 'propose' ? undefined : pace.reason
    if (pace.type === 'wait') timers.set('propose', pace.until, out)
    if (pace.type !== 'propose') return
    if (pace.without === 'leader' || pace.without === 'silent-leader') {
      out.push({ type: 'count', name: 'leader_timeout', by: 1 })
    }
    this.#requestedRound = pace.round
    this.#leftWithout = pace.without
    const { headerBatchesMax, headerPayloadBytesMax } = parts.options
    const carried = this.#needs.keeper.unlinkedPayload()
    out.push({
      type: 'request-payload',
      batchesMax: Math.max(0, headerBatchesMax - carried.length),
      bytesMax: Math.max(0, headerPayloadBytesMax - payloadBytesOf(carried))
    })
  }

  /** Returns the certificate of a committee of one, which needs no votes. What cannot be proposed is given back. */
  onPayload(
    batches: readonly BatchReference[],
    maySign: boolean,
    now: Millis,
    out: BullsharkEffect[]
  ): Certificate | undefined {
    const { parts, certifier, keeper } = this.#needs
    const round = (parts.dag.highestQuorumRound + 1) as Round
    const isStillOpen = this.#requestedRound !== 0 && round > this.#signedFloor() && maySign
    this.#requestedRound = 0 as Round
    this.#isPayloadWaiting = false
    if (!isStillOpen) {
      if (batches.length > 0) out.push({ type: 'requeue', batches })
      return undefined
    }
    const carried = keeper.unlinkedPayload().slice(0, parts.options.headerBatchesMax)
    const signed = certifier.propose(round, [...carried, ...batches], now, out)
    this.#pacemaker.onProposed(now, this.#leftWithout)
    keeper.replaceUnlinked(round, signed.header.payload)
    keeper.noteHeader(signed.header)
    return certifier.certifyAlone(out)
  }

  #signedFloor(): Round {
    return Math.max(this.#needs.record.headerRound, this.#floor) as Round
  }
}
