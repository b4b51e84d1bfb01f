import { type Millis, PeerBudgets, type PeerId } from '@novacron/base'
import type { ReplicaMessage } from '@novacron/replica'

/** What serving peers outside the committee may cost: anybody may connect as an observer. */
export interface ObserverBudgetOptions {
  readonly observerBytesPerSecond: number
  readonly observersBytesPerSecond: number
}

export const defaultObserverBudgetOptions: ObserverBudgetOptions = {
  observerBytesPerSecond: 8_000_000,
  observersBytesPerSecond: 32_000_000
}

const observersRemembered = 1_024
/** Certificates are read, decoded and put together anew; payload and snapshots are passed on as they lie there. */
const orderWeight = 4
/** Decoding and judging a frame, however small. */
const frameCostBytes = 1_024

/** Who is not trusted pays for answers, and is heard again once they are paid. */
export class ObserverBudget {
  readonly #trusted: ReadonlySet<PeerId>
  readonly #budgets: PeerBudgets

  /** `trusted` peers pay nothing: members, and upstreams that the operator chose. */
  constructor(options: ObserverBudgetOptions, trusted: readonly PeerId[]) {
    this.#trusted = new Set(trusted)
    this.#budgets = new PeerBudgets({
      peerBytesPerSecond: options.observerBytesPerSecond,
      allBytesPerSecond: options.observersBytesPerSecond,
      peersMax: observersRemembered
    })
  }

  /** Is a frame of this peer to be looked at? That alone costs something. */
  admits(from: PeerId, now: Millis): boolean {
    if (this.#trusted.has(from)) return true
    if (this.#budgets.isSpent(from, now)) return false
    this.#budgets.spend(from, frameCostBytes, now)
    return true
  }

  /** An answer was made for this peer, whether or not it finds room in its queue. */
  onAnswer(to: PeerId, layer: ReplicaMessage['layer'], bytes: number, now: Millis): void {
    if (this.#trusted.has(to)) return
    this.#budgets.spend(to, layer === 'order' ? bytes * orderWeight : bytes, now)
  }
}
