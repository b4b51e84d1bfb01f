import { randomBytes } from 'node:crypto'
import { Fault, type PeerId } from '@novacron/base'
import { DirectPlane, type DirectPlaneNeeds } from './direct/direct-plane.ts'
import { Door } from './direct/door.ts'
import { Gossip } from './gossip/gossip.ts'
import { connectionGate } from './guard/gate.ts'
import { Penalties } from './guard/penalties.ts'
import { Hub } from './hub.ts'
import { createMeshNode, type MeshNode } from './libp2p-node.ts'
import { LinkTable } from './link/link-table.ts'
import type { Mesh, MeshEvent, MeshNeeds } from './mesh.ts'
import { checkMeshOptions, type MeshOptionFault, type MeshOptions } from './options.ts'
import { peerIdOfSeed } from './peer-key.ts'
import { outside } from './rethrow.ts'
import { incarnationBytes } from './wire/control.ts'

export interface ListenFault {
  readonly code: 'listen-failed'
  readonly addresses: string
  readonly error: string
}

/**
 * Starts a node of the mesh and begins to connect to the committee (a member) or to the peers it is told to keep (an
 * observer). Resolves when it listens. `signal` cancels the start; afterwards, dispose.
 *
 * @throws {Fault<MeshOptionFault>} for a bad option, {Fault<ListenFault>} when it cannot listen.
 */
export async function startMesh(
  options: MeshOptions,
  needs: MeshNeeds,
  signal: AbortSignal
): Promise<Mesh> {
  checkMeshOptions(options)
  checkConnections(options, needs.members.length)
  signal.throwIfAborted()
  const self = peerIdOfSeed(needs.privateKeySeed)
  const table = new LinkTable(self)
  const penalties = new Penalties(options.penalty)
  const trusted = new Set<PeerId>(needs.members.map(({ peer }) => peer))
  const emit = (event: MeshEvent): void => {
    outside(() => needs.handlers.onEvent?.(event))
  }
  const gater = connectionGate({
    isTrusted: peer => trusted.has(peer),
    isRefused: peer => penalties.isRefused(peer, performance.now()),
    observers: () => table.observers(trusted),
    observersMax: options.observersMax,
    onRefused: (peer, code) => emit({ type: 'connection-refused', peer, code })
  })
  const { plane, door } = directParts(options, {
    self,
    privateKeySeed: needs.privateKeySeed,
    isTrusted: peer => trusted.has(peer),
    linkOf: connection => table.of(connection),
    emit,
    random: needs.random ?? Math.random
  })
  const node = await createMeshNode(options, {
    door,
    privateKeySeed: needs.privateKeySeed,
    gater,
    penaltyOf: peer => penalties.points(peer, performance.now())
  })
  const incarnation = new Uint8Array(randomBytes(incarnationBytes))
  const hub = new Hub(options, {
    ...needs,
    self,
    node,
    table,
    penalties,
    trusted,
    incarnation,
    plane,
    emit
  })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => node.stop())
  stack.defer(() => hub.stop())
  if (door !== undefined) stack.use(door)
  if (plane !== undefined) stack.use(plane)
  await hub.listen()
  await listen(node, options)
  signal.throwIfAborted()
  const gossip = new Gossip(options, node.services.gossip, {
    handlers: needs.handlers,
    emit,
    penalize: (peer, code) => hub.penalize(peer, code)
  })
  hub.start()
  return meshOf(self, node, hub, gossip, stack.move())
}

interface DirectParts {
  readonly plane: DirectPlane | undefined
  readonly door: Door | undefined
}

function directParts(options: MeshOptions, needs: DirectPlaneNeeds): DirectParts {
  if (!options.direct.enabled) return { plane: undefined, door: undefined }
  const plane = new DirectPlane(options, needs)
  const limits = { silentMax: options.inboundPendingMax, timeoutMs: options.handshakeTimeoutMs }
  return { plane, door: new Door(limits, socket => plane.server.accept(socket)) }
}

function meshOf(
  self: PeerId,
  node: MeshNode,
  hub: Hub,
  gossip: Gossip,
  resources: AsyncDisposableStack
): Mesh {
  return {
    self,
    addresses: () => node.getMultiaddrs().map(String),
    send: (to, streamClass, frame) => hub.send(to, streamClass, frame),
    publish: (topic, message) => gossip.publish(topic, message),
    peers: () => hub.peers(),
    keepConnected: member => hub.keepConnected(member),
    penalize: (peer, code) => hub.penalize(peer, code),
    [Symbol.asyncDispose]: () => resources.disposeAsync()
  }
}

/** Both sides of a pair may dial at once, so a committee briefly needs two connections for each member. */
function checkConnections({ connectionsMax, observersMax }: MeshOptions, members: number): void {
  const min = 2 * members + observersMax
  if (connectionsMax >= min) return
  throw new Fault<MeshOptionFault>({
    code: 'mesh-option',
    option: 'connectionsMax',
    value: String(connectionsMax),
    allowed: `an integer >= ${min} with ${members} members`
  })
}

async function listen(node: MeshNode, options: MeshOptions): Promise<void> {
  try {
    await node.start()
  } catch (error) {
    throw new Fault<ListenFault>(
      { code: 'listen-failed', addresses: options.listen.join(', '), error: String(error) },
      { cause: error }
    )
  }
}
