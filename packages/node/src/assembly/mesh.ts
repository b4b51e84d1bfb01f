import type { Committee } from '@novacron/consensus'
import { defaultMeshOptions, type Mesh, type MeshOptions, startMesh } from '@novacron/transport'
import type { LoadedNode } from '../config/init.ts'
import type { Driver } from '../driver/driver.ts'
import type { Telemetry } from '../telemetry/observer.ts'
import { batchFrameBytes } from './sizes.ts'

/** Evidence carries two whole headers. */
const gossipHintBytesMax = 16_384

/** The bulk streams carry the largest batch of the chain, and some more at a time. */
export function classesFor(batchBytes: number): Pick<MeshOptions, 'classes' | 'observerClasses'> {
  const { classes, observerClasses } = defaultMeshOptions
  const { frameBytesMax, windowBytes, queueBytesMax } = classes.bulk
  const bulk = {
    frameBytesMax: Math.max(frameBytesMax, batchBytes),
    windowBytes: Math.max(windowBytes, 2 * batchBytes),
    queueBytesMax: Math.max(queueBytesMax, 4 * batchBytes)
  }
  const toObservers = {
    ...observerClasses.bulk,
    queueBytesMax: Math.max(observerClasses.bulk.queueBytesMax, 2 * batchBytes)
  }
  return {
    classes: { ...classes, bulk },
    observerClasses: { ...observerClasses, bulk: toObservers }
  }
}

/** `startMesh`, or what stands in its place. */
export type MeshStarter = typeof startMesh

export interface NodeMeshNeeds {
  readonly loaded: LoadedNode
  readonly chain: string
  readonly committee: Committee
  readonly driver: Driver
  readonly telemetry: Telemetry
}

/** Connects the driver to the mesh: members to all members, observers to their upstreams or else to the members. */
export async function startNodeMesh(
  { loaded, chain, committee, driver, telemetry }: NodeMeshNeeds,
  signal: AbortSignal,
  start: MeshStarter = startMesh
): Promise<Mesh> {
  const { options, keys, genesis } = loaded
  const meshOptions: MeshOptions = {
    ...defaultMeshOptions,
    chain,
    listen: options.listen,
    announce: options.announce,
    discovery: options.discovery,
    encryption: [...new Set(options.network.encryption)],
    // Two for each member, since both sides may dial at once.
    connectionsMax: Math.max(
      defaultMeshOptions.connectionsMax,
      2 * genesis.members.length + defaultMeshOptions.observersMax
    ),
    direct: { ...defaultMeshOptions.direct, enabled: options.network.direct },
    ...classesFor(batchFrameBytes(genesis.cluster)),
    gossip: { ...defaultMeshOptions.gossip, hintBytesMax: gossipHintBytesMax }
  }
  const mesh = await start(
    meshOptions,
    {
      privateKeySeed: keys.peer.seed,
      members: genesis.members,
      handlers: {
        onFrame: (from, streamClass, frame) => {
          telemetry.onReceived(streamClass, frame.length)
          return driver.receive(from, frame)
        },
        onPeer: (peer, state) => driver.post({ type: `peer-${state}`, peer }),
        onGossip: (topic, message, from) => driver.receiveGossip(from, topic, message),
        onEvent: event => telemetry.onMeshEvent(event),
        onTraffic: (plane, sentBytes, receivedBytes) =>
          telemetry.onTraffic(plane, sentBytes, receivedBytes)
      }
    },
    signal
  )
  const isMember = committee.replicaOf(keys.peerId) !== undefined
  const upstreams = options.upstreams.length > 0 ? options.upstreams : genesis.members
  for (const peer of isMember ? options.upstreams : upstreams) mesh.keepConnected(peer)
  return mesh
}
