import type { PeerId, StreamClass } from '@novacron/base'
import type { GossipTopic, Mesh, PeerStatus } from '@novacron/transport'
import type { Wire } from './driver.ts'

/** The driver needs the mesh and the mesh the driver: until the mesh is there, what is sent is lost as on any bad link. */
export class LateWire implements Wire {
  readonly #onSent: (streamClass: StreamClass, bytes: number) => void
  #mesh: Mesh | undefined

  constructor(onSent: (streamClass: StreamClass, bytes: number) => void = () => {}) {
    this.#onSent = onSent
  }

  connect(mesh: Mesh): void {
    this.#mesh = mesh
  }

  send(to: PeerId, streamClass: StreamClass, frame: Uint8Array): boolean {
    const isTaken = this.#mesh?.send(to, streamClass, frame) ?? false
    if (isTaken) this.#onSent(streamClass, frame.length)
    return isTaken
  }

  publish(topic: GossipTopic, message: Uint8Array): void {
    this.#mesh?.publish(topic, message)
  }

  penalize(peer: PeerId, code: string): void {
    this.#mesh?.penalize(peer, code)
  }

  peers(): readonly PeerStatus[] {
    return this.#mesh?.peers() ?? []
  }
}
