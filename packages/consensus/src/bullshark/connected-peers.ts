import type { PeerId } from '@novacron/base'
import type { Committee } from '../committee.ts'

/** Who can be asked, members before others, in an order that every run of a seed repeats. */
export class ConnectedPeers {
  readonly #committee: Committee
  /** Always in order: one that comes or goes moves the others, so that nothing is sorted again for each of a thousand. */
  #ordered: readonly PeerId[] = []

  constructor(committee: Committee) {
    this.#committee = committee
  }

  has(peer: PeerId): boolean {
    return this.#ordered[this.#placeOf(peer)] === peer
  }

  set(peer: PeerId, isConnected: boolean): void {
    const place = this.#placeOf(peer)
    const isThere = this.#ordered[place] === peer
    if (isConnected && !isThere) this.#ordered = this.#ordered.toSpliced(place, 0, peer)
    else if (!isConnected && isThere) this.#ordered = this.#ordered.toSpliced(place, 1)
  }

  ordered(): readonly PeerId[] {
    return this.#ordered
  }

  /** First place whose peer does not come before this one. */
  #placeOf(peer: PeerId): number {
    let low = 0
    let high = this.#ordered.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isBefore(this.#ordered[middle] as PeerId, peer)) low = middle + 1
      else high = middle
    }
    return low
  }

  #isBefore(a: PeerId, b: PeerId): boolean {
    const difference = this.#rankOf(a) - this.#rankOf(b)
    return difference < 0 || (difference === 0 && a < b)
  }

  #rankOf(peer: PeerId): number {
    return this.#committee.replicaOf(peer) ?? this.#committee.size
  }
}
