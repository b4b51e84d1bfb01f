import type { Millis, PeerId } from './brand.ts'

export interface PeerBudgetOptions {
  /** What one peer may cost. */
  readonly peerBytesPerSecond: number
  /** What all of them together may cost. */
  readonly allBytesPerSecond: number
  /** Peers that are remembered; beyond it the one that paid least lately is forgotten. */
  readonly peersMax: number
}

/**
 * What serving each peer, and all of them together, may cost. A second's worth is saved up. The last answer may cost more than
 * is left, since its size is known only afterwards: the peer then waits until that is paid back.
 */
export class PeerBudgets {
  readonly #options: PeerBudgetOptions
  readonly #peers = new Map<PeerId, Budget>()
  readonly #all: Budget

  constructor(options: PeerBudgetOptions) {
    this.#options = options
    this.#all = new Budget(options.allBytesPerSecond)
  }

  /** Has this peer, or have all of them, cost what they may? */
  isSpent(peer: PeerId, now: Millis): boolean {
    return this.#all.isSpent(now) || (this.#peers.get(peer)?.isSpent(now) ?? false)
  }

  spend(peer: PeerId, bytes: number, now: Millis): void {
    this.#all.spend(bytes, now)
    const { peersMax, peerBytesPerSecond } = this.#options
    const budget = this.#peers.get(peer) ?? new Budget(peerBytesPerSecond)
    // The map is in the order of spending, so that the first has waited longest.
    this.#peers.delete(peer)
    this.#peers.set(peer, budget)
    budget.spend(bytes, now)
    const [oldest] = this.#peers.keys()
    if (this.#peers.size > peersMax && oldest !== undefined) this.#peers.delete(oldest)
  }
}

/** Bytes that may be spent; below zero what was overdrawn. */
class Budget {
  readonly #bytesPerSecond: number
  #left: number
  #at = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond
    this.#left = bytesPerSecond
  }

  isSpent(now: Millis): boolean {
    this.#refill(now)
    return this.#left <= 0
  }

  spend(bytes: number, now: Millis): void {
    this.#refill(now)
    this.#left -= bytes
  }

  #refill(now: Millis): void {
    const refill = (Math.max(0, now - this.#at) * this.#bytesPerSecond) / 1_000
    this.#left = Math.min(this.#bytesPerSecond, this.#left + refill)
    this.#at = Math.max(this.#at, now)
  }
}
