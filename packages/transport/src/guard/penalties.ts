import type { PeerId } from '@novacron/base'

/** Points of what a peer can do wrong; anything else counts `otherPoints`. Two breaches of the wire format are enough. */
const penaltyPoints: Readonly<Record<string, number>> = {
  'unknown-record': 50,
  'bad-record': 50,
  'misplaced-record': 50,
  'frame-too-large': 50,
  'credit-exceeded': 50,
  truncated: 50,
  'u64-unsafe': 50
}
const otherPoints = 10

/** Peers remembered; the one with the oldest penalty is forgotten first. */
export const peersPenalizedMax = 4096

/** When a peer has done enough wrong, and for how long it is refused. */
export interface PenaltyOptions {
  readonly pointsMax: number
  readonly halfLifeMs: number
  readonly refuseMs: number
}

interface Standing {
  points: number
  atMs: number
  refusedUntilMs: number
}

/** Who misbehaved how much, halved with time; at `pointsMax` a peer is refused for `refuseMs`. */
export class Penalties {
  readonly #options: PenaltyOptions
  readonly #standings = new Map<PeerId, Standing>()

  constructor(options: PenaltyOptions) {
    this.#options = options
  }

  /** True if the peer is refused from now on. */
  add(peer: PeerId, code: string, nowMs: number): boolean {
    const refusedUntilMs = this.#standings.get(peer)?.refusedUntilMs ?? 0
    const points = this.points(peer, nowMs) + (penaltyPoints[code] ?? otherPoints)
    const isRefused = points >= this.#options.pointsMax
    this.#standings.delete(peer)
    this.#standings.set(peer, {
      points,
      atMs: nowMs,
      refusedUntilMs: isRefused ? nowMs + this.#options.refuseMs : refusedUntilMs
    })
    for (const oldest of this.#standings.keys()) {
      if (this.#standings.size <= peersPenalizedMax) break
      this.#standings.delete(oldest)
    }
    return isRefused
  }

  points(peer: PeerId, nowMs: number): number {
    const standing = this.#standings.get(peer)
    if (standing === undefined) return 0
    return standing.points * 2 ** (-(nowMs - standing.atMs) / this.#options.halfLifeMs)
  }

  isRefused(peer: PeerId, nowMs: number): boolean {
    return (this.#standings.get(peer)?.refusedUntilMs ?? 0) > nowMs
  }
}
