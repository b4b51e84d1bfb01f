export {
  type BytesByClass,
  type DropReason,
  type GossipTopic,
  gossipTopics,
  type Mesh,
  type MeshEvent,
  type MeshHandlers,
  type MeshMember,
  type MeshNeeds,
  type PeerStatus,
  type Plane
} from './mesh.ts'
export {
  type ClassLimits,
  type ClassLimitsByClass,
  checkMeshOptions,
  defaultMeshOptions,
  type MeshOptionFault,
  type MeshOptions
} from './options.ts'
export { peerIdOfPublicKey, peerIdOfSeed, publicKeyOfPeerId } from './peer-key.ts'
export { type ListenFault, startMesh } from './start-mesh.ts'
