import type { MeshHandlers, Plane } from '../mesh.ts'
import type { LaneTotal, Link } from './link.ts'

type Totals = Readonly<Record<LaneTotal, number>>

const none: Totals = { sentBytes: 0, receivedBytes: 0, directSentBytes: 0, directReceivedBytes: 0 }

/** Tells which plane carried how much since the last look at a link. */
export class Traffic {
  readonly #onTraffic: MeshHandlers['onTraffic']
  readonly #told = new WeakMap<Link, Totals>()

  constructor(onTraffic: MeshHandlers['onTraffic']) {
    this.#onTraffic = onTraffic
  }

  look(link: Link): void {
    const before = this.#told.get(link) ?? none
    const now: Totals = {
      sentBytes: link.totalBytes('sentBytes'),
      receivedBytes: link.totalBytes('receivedBytes'),
      directSentBytes: link.totalBytes('directSentBytes'),
      directReceivedBytes: link.totalBytes('directReceivedBytes')
    }
    this.#told.set(link, now)
    const direct = {
      sent: now.directSentBytes - before.directSentBytes,
      received: now.directReceivedBytes - before.directReceivedBytes
    }
    this.#tell('direct', direct.sent, direct.received)
    this.#tell(
      'libp2p',
      now.sentBytes - before.sentBytes - direct.sent,
      now.receivedBytes - before.receivedBytes - direct.received
    )
  }

  #tell(plane: Plane, sentBytes: number, receivedBytes: number): void {
    if (sentBytes > 0 || receivedBytes > 0) this.#onTraffic?.(plane, sentBytes, receivedBytes)
  }
}
