import type { Committee } from '@novacron/consensus'
import { defaultMeshOptions, type Mesh, type MeshOptions, startMesh } from '@novacron/transport'
import type { LoadedNode } from '../config/init.ts'
import type { Driver } from '../driver/driver.ts'
import type { Telemetry } from '../telemetry/observer.ts'

/** Evidence carries two whole headers. */
const gossipHintBytesMax = 16_384

/** Connects the driver to the mesh: members to all members, observers to their upstreams or else to the members. */
export async function startNodeMesh(
  { options, keys, genesis }: LoadedNode,
  chain: string,
  committee: Committee,
  driver: Driver,
  telemetry: Telemetry,
  signal: AbortSignal
): Promise<Mesh> {
  const meshOptions: MeshOptions = {
    ...defaultMeshOptions,
    chain,
    listen: options.listen,
    announce: options.announce,
    discovery: options.discovery,
    gossip: { ...defaultMeshOptions.gossip, hintBytesMax: gossipHintBytesMax }
  }
  const mesh = await startMesh(
    meshOptions,
    {
      privateKeySeed: keys.peer.seed,
      members: genesis.members,
      handlers: {
        onFrame: (from, _class, frame) => driver.receive(from, frame),
        onPeer: (peer, state) => driver.post({ type: `peer-${state}`, peer }),
        onGossip: (topic, message, from) => driver.receiveGossip(from, topic, message),
        onEvent: event => telemetry.onMeshEvent(event)
      }
    },
    signal
  )
  const isMember = committee.replicaOf(keys.peerId) !== undefined
  const upstreams = options.upstreams.length > 0 ? options.upstreams : genesis.members
  for (const peer of isMember ? options.upstreams : upstreams) mesh.keepConnected(peer)
  return mesh
}
