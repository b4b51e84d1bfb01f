import type { Millis } from '@novacron/base'

/** Of own bytes accepted and not committed; `latency` is from the sealing of a batch to its commit. */
export interface AdmissionLimits {
  readonly bytesMin: number
  /** Before anything is known. */
  readonly bytesStart: number
  readonly bytesMax: number
  /** Above so many times the least latency lately, and this much more, bytes only wait. */
  readonly patience: number
  readonly slackMs: number
}

/** The least latency is looked for anew after this, since a network may become slower for good. */
const epochMs = 30_000
const shrink = 0.8
const growth = 0.25
/** Only who uses this much of the window has shown that it could be larger. */
const usedShare = 0.5

/**
 * How much may be under way. Past saturation a larger backlog orders nothing sooner: it only spreads payload that takes the
 * place of the votes for it. So the window shrinks while commits take much longer than they could, and grows while they do
 * not: additive increase by what is committed, multiplicative decrease, as for a network path.
 *
 * source: Chiu and Jain, 1989, on AIMD; the least latency as the measure of an idle path: Cardwell et al., BBR, 2016
 */
export class AdmissionWindow {
  readonly #limits: AdmissionLimits
  #bytes: number
  /** Least latency of the epoch before and of this one. */
  #leastBefore = Number.POSITIVE_INFINITY
  #least = Number.POSITIVE_INFINITY
  #epochEndsAt = 0
  #shrunkAt = Number.NEGATIVE_INFINITY
  /** The most that was under way since it shrank last. */
  #usedBytes = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
    this.#bytes = Math.min(limits.bytesMax, limits.bytesStart)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** A batch of `bytes` was committed `latencyMs` after it was sealed, while `pendingBytes` were under way. */
  onCommitted(bytes: number, latencyMs: number, pendingBytes: number, now: Millis): void {
    this.#measure(latencyMs, now)
    const { bytesMin, bytesMax, patience, slackMs } = this.#limits
    this.#usedBytes = Math.max(this.#usedBytes, pendingBytes + bytes)
    const target = patience * Math.min(this.#least, this.#leastBefore) + slackMs
    if (latencyMs > target) {
      // Batches of one backlog all come late: it is one reason to shrink.
      if (now - this.#shrunkAt < latencyMs) return
      this.#shrunkAt = now
      // What nobody has used would have to shrink away first, while whoever uses all of a smaller window is held up.
      const usedBytes = Math.min(this.#bytes, this.#usedBytes)
      this.#usedBytes = 0
      this.#bytes = Math.max(bytesMin, Math.floor(usedBytes * shrink))
    } else if (pendingBytes + bytes >= usedShare * this.#bytes) {
      this.#bytes = Math.min(bytesMax, Math.ceil(this.#bytes + growth * bytes))
    }
  }

  #measure(latencyMs: number, now: Millis): void {
    if (now >= this.#epochEndsAt) {
      this.#epochEndsAt = now + epochMs
      this.#leastBefore = this.#least
      this.#least = Number.POSITIVE_INFINITY
    }
    this.#least = Math.min(this.#least, latencyMs)
  }
}
