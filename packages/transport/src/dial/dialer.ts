import type { PeerId } from '@novacron/base'
import type { MeshMember } from '../mesh.ts'
import { backoffMs } from './backoff.ts'

/** Addresses remembered for one peer; the first ones stay, since they came from the configuration. */
export const addressesPerPeerMax = 16

/** How long a dial may take, and how it is repeated. */
export interface DialerOptions {
  readonly reconnect: { readonly backoffMinMs: number; readonly backoffMaxMs: number }
  readonly dialTimeoutMs: number
}

export interface DialerNeeds {
  /** Opens a connection to the peer at any of these addresses, or rejects. */
  dial(peer: PeerId, addresses: readonly string[], signal: AbortSignal): Promise<void>
  /** Connected or about to be: no dial is needed. */
  isTaken(peer: PeerId): boolean
  onFailed(peer: PeerId, attempt: number, retryInMs: number, error: unknown): void
  readonly random: () => number
}

/** A dial may take so many times what the last one took that came through, and at least so long. */
const redialPatience = { factor: 10, leastMs: 1_000 }
/** One in so many takes its full time all the same: the way may have become slower. */
const patientEvery = 3

interface KeptPeer {
  addresses: string[]
  /** What the last dial took that came through. */
  tookMs: number | undefined
  attempt: number
  timer: NodeJS.Timeout | undefined
  dialing: Promise<void> | undefined
}

/** Keeps a set of peers connected: one dial at a time for each, again and again with growing, jittered pauses. */
export class Dialer {
  readonly #options: DialerOptions
  readonly #needs: DialerNeeds
  readonly #kept = new Map<PeerId, KeptPeer>()
  readonly #stopped = new AbortController()

  constructor(options: DialerOptions, needs: DialerNeeds) {
    this.#options = options
    this.#needs = needs
  }

  get peers(): Iterable<PeerId> {
    return this.#kept.keys()
  }

  has(peer: PeerId): boolean {
    return this.#kept.has(peer)
  }

  isDialing(peer: PeerId): boolean {
    return this.#kept.get(peer)?.dialing !== undefined
  }

  addresses(peer: PeerId): readonly string[] {
    return this.#kept.get(peer)?.addresses ?? []
  }

  /** Also adds addresses to a peer that is kept already. */
  keep({ peer, addresses }: MeshMember, firstInMs: number): void {
    const known = this.#kept.get(peer)
    if (known === undefined) {
      const kept = {
        addresses: [],
        tookMs: undefined,
        attempt: 0,
        timer: undefined,
        dialing: undefined
      }
      this.#kept.set(peer, kept)
      this.#learn(kept, addresses)
      this.#schedule(peer, kept, firstInMs)
    } else {
      this.#learn(known, addresses)
      if (known.timer === undefined && known.dialing === undefined) {
        this.#schedule(peer, known, firstInMs)
      }
    }
  }

  /** The peer's last connection is gone. One that lasted starts the pauses anew. */
  lost(peer: PeerId, livedMs: number): void {
    const kept = this.#kept.get(peer)
    if (kept === undefined || kept.timer !== undefined || kept.dialing !== undefined) return
    if (livedMs >= this.#options.reconnect.backoffMaxMs) kept.attempt = 0
    this.#retry(peer, kept)
  }

  /** Resolves when no dial is under way any more. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    const dialing: (Promise<void> | undefined)[] = []
    for (const kept of this.#kept.values()) {
      clearTimeout(kept.timer)
      kept.timer = undefined
      dialing.push(kept.dialing)
    }
    await Promise.all(dialing)
  }

  #learn(kept: KeptPeer, addresses: readonly string[]): void {
    const merged = new Set([...kept.addresses, ...addresses])
    kept.addresses = [...merged].slice(0, addressesPerPeerMax)
  }

  #retry(peer: PeerId, kept: KeptPeer): number {
    const inMs = backoffMs(kept.attempt, this.#options.reconnect, this.#needs.random)
    kept.attempt += 1
    this.#schedule(peer, kept, inMs)
    return inMs
  }

  #schedule(peer: PeerId, kept: KeptPeer, inMs: number): void {
    if (this.#stopped.signal.aborted || kept.addresses.length === 0) return
    kept.timer = setTimeout(() => {
      kept.timer = undefined
      if (!this.#needs.isTaken(peer)) kept.dialing = this.#dial(peer, kept)
    }, inMs)
  }

  async #dial(peer: PeerId, kept: KeptPeer): Promise<void> {
    const timeout = AbortSignal.timeout(this.#timeoutMs(kept))
    const startedMs = performance.now()
    const signal = AbortSignal.any([this.#stopped.signal, timeout])
    let failure: { readonly error: unknown } | undefined
    try {
      await this.#needs.dial(peer, kept.addresses, signal)
      kept.tookMs = performance.now() - startedMs
    } catch (error) {
      failure = { error }
    }
    kept.dialing = undefined
    if (this.#stopped.signal.aborted || this.#needs.isTaken(peer)) return
    const { attempt } = kept
    const retryInMs = this.#retry(peer, kept)
    if (failure !== undefined) this.#needs.onFailed(peer, attempt, retryInMs, failure.error)
  }

  /** A dial that is taken and never answered holds the next one back, also when the peer has been there again for long. */
  #timeoutMs({ addresses, tookMs, attempt }: KeptPeer): number {
    const fullMs = this.#options.dialTimeoutMs * addresses.length
    if (tookMs === undefined || attempt % patientEvery === patientEvery - 1) return fullMs
    const { factor, leastMs } = redialPatience
    return Math.min(fullMs, Math.max(leastMs, Math.ceil(factor * tookMs)))
  }
}
