import { createServer } from 'node:net'
import type { PeerId, StreamClass } from '@novacron/base'
import {
  defaultMeshOptions,
  type GossipTopic,
  type Mesh,
  type MeshEvent,
  type MeshMember,
  type MeshOptions,
  type PeerStatus,
  peerIdOfSeed,
  startMesh
} from '../src/index.ts'

export const chain: string = 'c0ffee'.padEnd(64, '0')

export function seedOf(n: number): Uint8Array {
  return new Uint8Array(32).fill(n)
}

export function options(overrides: Partial<MeshOptions> = {}): MeshOptions {
  return {
    ...defaultMeshOptions,
    chain,
    reconnect: { backoffMinMs: 20, backoffMaxMs: 200 },
    ...overrides
  }
}

export interface ReceivedFrame {
  readonly from: PeerId
  readonly streamClass: StreamClass
  readonly frame: Uint8Array
}

/** One node of a test, everything that it was told, and a way to wait for more of it. */
export class TestNode implements AsyncDisposable {
  readonly peer: PeerId
  readonly frames: ReceivedFrame[] = []
  readonly events: MeshEvent[] = []
  readonly states: { readonly peer: PeerId; readonly state: string }[] = []
  readonly gossip: { readonly topic: GossipTopic; readonly message: Uint8Array }[] = []
  /** Replaced by a test to delay or count. */
  onFrame: (received: ReceivedFrame) => void | Promise<void> = () => undefined
  judge: (message: Uint8Array) => 'accept' | 'ignore' | 'reject' = () => 'accept'
  mesh!: Mesh
  #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = []

  private constructor(peer: PeerId) {
    this.peer = peer
  }

  static async start(
    seed: number,
    members: readonly MeshMember[],
    overrides: Partial<MeshOptions> = {}
  ): Promise<TestNode> {
    const node = new TestNode(peerIdOfSeed(seedOf(seed)))
    node.mesh = await startMesh(
      options(overrides),
      {
        privateKeySeed: seedOf(seed),
        members,
        handlers: {
          onFrame: (from, streamClass, frame) => {
            const received = { from, streamClass, frame }
            node.frames.push(received)
            const handled = node.onFrame(received)
            node.changed()
            return handled
          },
          onPeer: (peer, state) => {
            node.states.push({ peer, state })
            node.changed()
          },
          onGossip: (topic, message) => {
            const verdict = node.judge(message)
            if (verdict === 'accept') node.gossip.push({ topic, message })
            node.changed()
            return verdict
          },
          onEvent: event => {
            node.events.push(event)
            node.changed()
          }
        }
      },
      new AbortController().signal
    )
    return node
  }

  get member(): MeshMember {
    return { peer: this.peer, addresses: this.mesh.addresses() }
  }

  /** Resolves once the condition holds; it is looked at whenever this node is told something. */
  when(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve()
    return new Promise(resolve => {
      this.#waiting.push({ isMet, resolve })
    })
  }

  changed(): void {
    const met = this.#waiting.filter(({ isMet }) => isMet())
    this.#waiting = this.#waiting.filter(waiting => !met.includes(waiting))
    for (const { resolve } of met) resolve()
  }

  isConnected(peer: PeerId): boolean {
    return this.states.findLast(state => state.peer === peer)?.state === 'connected'
  }

  async connected(...others: readonly TestNode[]): Promise<void> {
    await this.when(() => others.every(({ peer }) => this.isConnected(peer)))
  }

  status(peer: PeerId): PeerStatus {
    const status = this.mesh.peers().find(one => one.peer === peer)
    if (status === undefined) throw new Error(`no status of ${peer}`)
    return status
  }

  framesOf(streamClass: StreamClass): Uint8Array[] {
    return this.frames.filter(one => one.streamClass === streamClass).map(one => one.frame)
  }

  eventsOf<T extends MeshEvent['type']>(type: T): Extract<MeshEvent, { type: T }>[] {
    return this.events.filter(event => event.type === type) as Extract<MeshEvent, { type: T }>[]
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.mesh[Symbol.asyncDispose]()
  }
}

/** Starts members one after the other: each knows the addresses of those before it, and all know all ids. */
export async function startCommittee(
  stack: AsyncDisposableStack,
  seeds: readonly number[],
  overrides: Partial<MeshOptions> = {}
): Promise<TestNode[]> {
  const nodes: TestNode[] = []
  for (const seed of seeds) {
    const members = seeds.map(other => {
      const peer = peerIdOfSeed(seedOf(other))
      return { peer, addresses: nodes.find(node => node.peer === peer)?.mesh.addresses() ?? [] }
    })
    nodes.push(stack.use(await TestNode.start(seed, members, overrides)))
  }
  for (const node of nodes) await node.connected(...nodes.filter(other => other !== node))
  return nodes
}

/** TCP ports on loopback that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      return server
    })
  )
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** A frame that says which one it is, and whose every byte depends on that. */
export function numberedFrame(n: number, length: number): Uint8Array {
  const frame = new Uint8Array(length).fill(n * 31 + 7)
  new DataView(frame.buffer).setUint32(0, n)
  return frame
}

/** The number of a frame whose bytes are all as they were sent. */
export function numberOf(frame: Uint8Array): number {
  const n = new DataView(frame.buffer, frame.byteOffset).getUint32(0)
  const expected = numberedFrame(n, frame.length)
  if (Buffer.compare(frame, expected) !== 0) throw new Error(`frame ${n} was damaged`)
  return n
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n)
}
