import type { Digest, Millis, PeerId } from '@novacron/base'
import type { BatchReference } from '../dag/header.ts'
import type { MempoolEffect } from './machine.ts'
import type { MempoolOptions } from './options.ts'
import { pullTimer } from './timers.ts'

interface Pull {
  readonly holders: readonly PeerId[]
  attempts: number
  dueAt: number
}

/** Batches that are named and not here: each asked from one peer at a time, another after a time-out. */
export class BatchPulls {
  readonly #options: MempoolOptions
  readonly #pulls = new Map<Digest, Pull>()
  #peers: readonly PeerId[] = []
  #isTimerSet = false

  constructor(options: MempoolOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#pulls.size
  }

  has(digest: Digest): boolean {
    return this.#pulls.has(digest)
  }

  setPeers(peers: readonly PeerId[]): void {
    this.#peers = peers
  }

  /** False when there was no room for all. */
  want(batches: readonly BatchReference[], holders: readonly PeerId[], now: Millis): boolean {
    for (const { digest } of batches) {
      if (this.#pulls.has(digest)) continue
      if (this.#pulls.size >= this.#options.pullsMax) return false
      this.#pulls.set(digest, { holders, attempts: 0, dueAt: now + this.#options.pullDelayMs })
    }
    return true
  }

  done(digest: Digest): void {
    this.#pulls.delete(digest)
  }

  onTimer(): void {
    this.#isTimerSet = false
  }

  /** Asks for everything that is due, and sets the timer for what is not. */
  advance(now: Millis, out: MempoolEffect[]): void {
    if (this.#isTimerSet || this.#pulls.size === 0) return
    const byPeer = new Map<PeerId, Digest[]>()
    for (const [digest, pull] of this.#pulls) {
      if (pull.dueAt > now) continue
      const peer = this.#nextPeer(pull)
      pull.attempts++
      pull.dueAt = now + this.#options.pullRetryMs
      if (peer === undefined) continue
      const digests = byPeer.get(peer)
      if (digests === undefined) byPeer.set(peer, [digest])
      else digests.push(digest)
    }
    for (const [peer, digests] of byPeer) this.#ask(peer, digests, out)
    this.#isTimerSet = true
    const tickMs = Math.max(1, Math.min(this.#options.pullDelayMs, this.#options.pullRetryMs))
    out.push({ type: 'set-timer', timer: pullTimer, at: (now + tickMs) as Millis })
  }

  /** Those who certified it first, then everyone. */
  #nextPeer({ holders, attempts }: Pull): PeerId | undefined {
    if (attempts < holders.length) return holders[attempts]
    const others = this.#peers.length > 0 ? this.#peers : holders
    return others.length === 0 ? undefined : others[attempts % others.length]
  }

  #ask(peer: PeerId, digests: readonly Digest[], out: MempoolEffect[]): void {
    const { pullDigestsMax } = this.#options
    for (let start = 0; start < digests.length; start += pullDigestsMax) {
      const message = {
        type: 'pull-batches',
        digests: digests.slice(start, start + pullDigestsMax)
      } as const
      out.push({ type: 'send', to: peer, class: 'sync', message })
    }
  }
}
