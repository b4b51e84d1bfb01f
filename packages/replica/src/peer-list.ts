import type { PeerId } from '@novacron/base'

/** Who is connected, by name: the same order on every run, and nothing is sorted again for one that comes or goes. */
export class PeerList {
  #sorted: readonly PeerId[] = []

  /** Ascending; a list that was handed out does not change. */
  get sorted(): readonly PeerId[] {
    return this.#sorted
  }

  set(peer: PeerId, isConnected: boolean): void {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle] as PeerId) < peer) low = middle + 1
      else high = middle
    }
    const isThere = this.#sorted[low] === peer
    if (isConnected && !isThere) this.#sorted = this.#sorted.toSpliced(low, 0, peer)
    else if (!isConnected && isThere) this.#sorted = this.#sorted.toSpliced(low, 1)
  }
}
