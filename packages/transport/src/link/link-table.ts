import type { Connection } from '@libp2p/interface'
import type { PeerId } from '@novacron/base'
import type { Link } from './link.ts'

/**
 * The connections of this node, and which one of each peer is in use.
 *
 * Both sides may dial at once. The side with the smaller peer id decides: it uses the first connection that the other has
 * opened all the way, and answers a hello on no other. A later connection replaces the one in use only if the peer was
 * started anew, or if nothing has been heard on the old one for longer than a heartbeat takes. The other side follows.
 */
export class LinkTable {
  readonly #self: PeerId
  readonly #byConnection = new Map<string, Link>()
  readonly #active = new Map<PeerId, Link>()

  constructor(self: PeerId) {
    this.#self = self
  }

  get links(): Iterable<Link> {
    return this.#byConnection.values()
  }

  add(link: Link): void {
    this.#byConnection.set(link.connection.id, link)
  }

  of(connection: Connection): Link | undefined {
    return this.#byConnection.get(connection.id)
  }

  active(peer: PeerId): Link | undefined {
    return this.#active.get(peer)
  }

  /** Any connection, chosen or not. */
  hasAny(peer: PeerId): boolean {
    for (const link of this.#byConnection.values()) if (link.peer === peer) return true
    return false
  }

  /** Inbound connections of peers outside of `trusted`. */
  observers(trusted: ReadonlySet<PeerId>): number {
    let count = 0
    for (const { connection, peer } of this.#byConnection.values()) {
      if (connection.direction === 'inbound' && !trusted.has(peer)) count += 1
    }
    return count
  }

  decides(peer: PeerId): boolean {
    return this.#self < peer
  }

  /** What to do with a connection on which the peer has greeted us. */
  choose(link: Link, nowMs: number): 'use' | 'refuse' {
    const current = this.#active.get(link.peer)
    if (current === undefined || !this.decides(link.peer)) return 'use'
    const isRestarted = current.peerIncarnation !== link.peerIncarnation
    return isRestarted || current.isQuiet(nowMs) ? 'use' : 'refuse'
  }

  use(link: Link): void {
    this.#active.set(link.peer, link)
  }

  /** True if this was the connection in use. */
  remove(link: Link): boolean {
    this.#byConnection.delete(link.connection.id)
    if (this.#active.get(link.peer) !== link) return false
    return this.#active.delete(link.peer)
  }
}
