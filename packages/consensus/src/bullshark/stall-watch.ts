import type { Millis, ReplicaId } from '@novacron/base'
import { Patience } from './patience.ts'

/** A pull that this many peers have not answered is left to catch-up. */
export const stuckPullAttempts = 6
/** Resends without progress after which a member asks for commits, whatever it believes about its lag. */
export const stalledResends = 3

/** The longest wait for progress, in multiples of the first: as much later a link that is back may go unnoticed. */
export const stallPatienceMax = 3
/** Who stays silent for longer, in multiples of the first wait, was away: others send something twice in that time. */
const silenceMax = 2 * stallPatienceMax
/** When a peer is back the next look comes after this share of the first wait, so that others can be back as well. */
const hurryShare = 1 / 4

/** Tells, from one look to the next, whether rounds or commits have moved, and when to look again. */
export class StallWatch {
  readonly #leastMs: number
  readonly #patience: Patience
  #round = 0
  #index = 0
  #stalledLooks = 0
  /** The newest round that was seen, since when. */
  #newest: { readonly round: number; readonly since: Millis } | undefined
  /** When each member was heard last. */
  readonly #heardAt = new Map<ReplicaId, Millis>()

  constructor(resendDelayMs: number) {
    this.#leastMs = resendDelayMs
    this.#patience = new Patience(resendDelayMs, stallPatienceMax)
  }

  /** From one look to the next. */
  get delayMs(): number {
    return this.#patience.ms
  }

  /** To the next look after a peer is back. */
  get hurryMs(): number {
    return Math.ceil(this.#leastMs * hurryShare)
  }

  /**
   * Learns how long rounds take, but not from those in which something was sent again: they might have done without.
   *
   * source: Karn, Partridge, "Improving Round-Trip Time Estimates in Reliable Transport Protocols", SIGCOMM 1987
   */
  see(round: number, now: Millis): void {
    const newest = this.#newest
    if (newest !== undefined && round <= newest.round) return
    const isNext = newest !== undefined && round === newest.round + 1
    if (isNext && this.#stalledLooks === 0) this.#patience.onAnswer(now - newest.since)
    this.#newest = { round, since: now }
  }

  /** Looks in a row without progress; 0 when something moved since the last. */
  look(round: number, index: number): number {
    const moved = round > this.#round || index > this.#index
    this.#round = round
    this.#index = index
    this.#stalledLooks = moved ? 0 : this.#stalledLooks + 1
    if (!moved) this.#patience.onSilence()
    return this.#stalledLooks
  }

  /** A message of this member: true when it is heard again after so long that it cannot have been well, or its link. */
  heard(member: ReplicaId, now: Millis): boolean {
    const before = this.#heardAt.get(member)
    this.#heardAt.set(member, now)
    const isBack = before !== undefined && now - before > silenceMax * this.#leastMs
    return isBack && this.#hurry()
  }

  /** True when there is a reason to look soon. */
  connected(): boolean {
    return this.#hurry()
  }

  #hurry(): boolean {
    if (this.#stalledLooks === 0) return false
    this.#patience.reset()
    return true
  }
}
