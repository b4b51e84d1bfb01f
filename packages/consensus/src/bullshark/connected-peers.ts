import type { PeerId } from '@novacron/base'
import type { Committee } from '../committee.ts'

/** Who can be asked, members before others, in an order that every run of a seed repeats. */
export class ConnectedPeers {
  readonly #committee: Committee
  readonly #peers = new Set<PeerId>()
  #ordered: readonly PeerId[] | undefined = []

  constructor(committee: Committee) {
    this.#committee = committee
  }

  has(peer: PeerId): boolean {
    return this.#peers.has(peer)
  }

  set(peer: PeerId, isConnected: boolean): void {
    if (isConnected) this.#peers.add(peer)
    else this.#peers.delete(peer)
    this.#ordered = undefined
  }

  ordered(): readonly PeerId[] {
    const rank = (peer: PeerId) => this.#committee.replicaOf(peer) ?? this.#committee.size
    this.#ordered ??= [...this.#peers].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    return this.#ordered
  }
}
