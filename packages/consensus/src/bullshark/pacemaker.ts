import type { Millis, ReplicaId, Round } from '@novacron/base'
import type { Awaited } from './engine.ts'
import type { BullsharkParts } from './parts.ts'

/** What the decision to open the next round rests on, besides the DAG. */
export interface PaceInput {
  /** Round of the own last header, and the floor that recovery set. */
  readonly signedFloor: Round
  readonly lastAnchorRound: Round
  readonly isPayloadWaiting: boolean
  /** The own vertex of the last round is not certified: leaving without it would make it an orphan. */
  readonly isOwnVertexPending: boolean
  readonly highestHeaderSeen: Round
  readonly executionLagCommits: number
}

/** What of the commit engine the pace rests on. */
export interface PaceLeaders {
  anchorsOf(round: Round): readonly ReplicaId[]
  awaits(round: Round, self: ReplicaId): Awaited
}

export type Pace =
  | { readonly type: 'propose'; readonly round: Round; readonly without: Awaited }
  | { readonly type: 'wait'; readonly until: Millis; readonly reason?: string }
  | { readonly type: 'blocked'; readonly reason?: string }

/**
 * Of the time-out, which is four round trips: an anchor whose header is here has its certificate within one of them, unless it
 * is held back, and so has much payload, which would otherwise be named again and wait for that; a link is worth an eighth of one.
 */
const waitShares: Readonly<Record<Exclude<Awaited, 'leader' | 'silent-leader'>, number>> = {
  nothing: 0,
  links: 1 / 32,
  payload: 1 / 4,
  anchors: 1 / 4
}

/**
 * Rounds without a commit after which the wait for a leader that nobody hears is twice as long. One that is gone must cost little;
 * one that is only far away must be heard in the end, whoever it is that the network holds up.
 */
const barrenRounds = 16

const withoutCommit = 'too many rounds without a commit'

/**
 * When to open the next round: parents of a quorum, then the anchor (or the votes on it) or a time-out; on demand, so that
 * an idle network turns slowly.
 */
export class Pacemaker {
  readonly #parts: BullsharkParts
  readonly #leaders: PaceLeaders
  #round = 0 as Round
  #enteredAt = 0 as Millis
  #lastProposedAt = Number.NEGATIVE_INFINITY
  #maxHeaderDelayMs: number
  #baseHeaderDelayMs: number

  constructor(parts: BullsharkParts, leaders: PaceLeaders) {
    this.#parts = parts
    this.#leaders = leaders
    this.#maxHeaderDelayMs = parts.options.maxHeaderDelayMs
    this.#baseHeaderDelayMs = parts.options.maxHeaderDelayMs
  }

  /** The highest round with certificates of a quorum, since when it is known. */
  get round(): Round {
    return this.#round
  }

  /** Four round trips, within the configured bounds: a leader that has not been heard by then is late. */
  onRoundTrip(roundTripMs: number): void {
    const { maxHeaderDelayMs, maxHeaderDelayCeilingMs } = this.#parts.options
    const measured = Math.ceil(4 * roundTripMs)
    this.#baseHeaderDelayMs = Math.min(
      maxHeaderDelayCeilingMs,
      Math.max(maxHeaderDelayMs, measured)
    )
    this.#maxHeaderDelayMs = Math.max(this.#maxHeaderDelayMs, this.#baseHeaderDelayMs)
  }

  decide(input: PaceInput, now: Millis): Pace {
    const { dag, options, self } = this.#parts
    if (self === undefined) return { type: 'blocked' }
    const round = dag.highestQuorumRound
    if (round > this.#round || this.#enteredAt === 0) {
      this.#round = round
      this.#enteredAt = now
    }
    const next = (round + 1) as Round
    if (next <= input.signedFloor) return { type: 'blocked' }
    if (input.executionLagCommits > options.executionLagCommitsMax) {
      return { type: 'blocked', reason: 'the executor is behind' }
    }
    const leads = this.#leaders.anchorsOf(next)[0] === self
    const isBusy =
      input.isPayloadWaiting || dag.uncommittedPayloadCount > 0 || input.highestHeaderSeen >= next
    const delayMs = isBusy ? (leads ? 0 : options.minHeaderDelayMs) : options.idleHeaderDelayMs
    const earliest = this.#lastProposedAt + delayMs
    const deadline = this.#enteredAt + this.#maxHeaderDelayMs
    const awaited = this.#leaders.awaits(round, self)
    const barren = next - input.lastAnchorRound
    let at = earliest
    if (awaited === 'leader' || input.isOwnVertexPending) at = Math.max(earliest, deadline)
    if (awaited !== 'leader') at = Math.max(at, this.#enteredAt + this.#waitMs(awaited, barren))
    const ahead = options.proposeAheadGcDepths * options.gcDepthRounds
    const isStuck = barren > ahead
    if (isStuck) at = Math.max(at, this.#enteredAt + this.#stuckDelayMs())
    if (now >= at) return { type: 'propose', round: next, without: awaited }
    const until = Math.ceil(at) as Millis
    return isStuck ? { type: 'wait', until, reason: withoutCommit } : { type: 'wait', until }
  }

  #waitMs(awaited: Exclude<Awaited, 'leader'>, barren: number): number {
    if (awaited !== 'silent-leader') return this.#baseHeaderDelayMs * waitShares[awaited]
    const { maxHeaderDelayCeilingMs } = this.#parts.options
    const doublings = Math.min(30, Math.floor(barren / barrenRounds))
    return Math.min(maxHeaderDelayCeilingMs, this.#baseHeaderDelayMs * 2 ** doublings)
  }

  /**
   * Without a commit nothing is forgotten, so rounds go on slowly then. They must go on, and with time enough for everything to
   * arrive: if the vertices that are there commit nothing, only further ones do.
   */
  #stuckDelayMs(): number {
    const { maxHeaderDelayCeilingMs, idleHeaderDelayMs } = this.#parts.options
    return 2 * Math.max(maxHeaderDelayCeilingMs, idleHeaderDelayMs)
  }

  /** The round before was left without that. */
  onProposed(now: Millis, without: Awaited): void {
    this.#lastProposedAt = now
    if (without === 'leader') {
      const { maxHeaderDelayCeilingMs } = this.#parts.options
      this.#maxHeaderDelayMs = Math.min(maxHeaderDelayCeilingMs, this.#maxHeaderDelayMs * 2)
    } else if (without !== 'silent-leader') {
      this.#maxHeaderDelayMs = Math.max(this.#baseHeaderDelayMs, this.#maxHeaderDelayMs / 2)
    }
  }
}
