import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { bootstrap } from '@libp2p/bootstrap'
import { type Identify, identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { type PeerId, streamClasses } from '@novacron/base'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { addressesPerPeerMax } from './dial/dialer.ts'
import type { Door } from './direct/door.ts'
import { type GossipService, gossipService } from './gossip/gossip.ts'
import { safeMuxer } from './guard/safe-muxer.ts'
import type { MeshOptions } from './options.ts'
import { privateKeyOfSeed } from './private-key.ts'
import { mdnsService } from './protocol.ts'

export type MeshServices = { identify: Identify; gossip: GossipService }
export type MeshNode = Libp2p<MeshServices>

/** Streams of one connection in each direction: three of ours, gossip, identify, and some while old ones close. */
const streamsPerConnectionMax = 16
const identifyBytesMax = 8 * 1024

export interface NodeNeeds {
  readonly privateKeySeed: Uint8Array
  readonly gater: ConnectionGater
  /** Where direct sockets come in, when there are any. */
  readonly door: Door | undefined
  penaltyOf(peer: PeerId): number
}

/** A libp2p node with every limit set; not started. It neither dials nor identifies by itself: the mesh does. */
export function createMeshNode(options: MeshOptions, needs: NodeNeeds): Promise<MeshNode> {
  const { connectionsMax, direct } = options
  // A peer that uses direct sockets has one for each class besides.
  const perPeer = direct.enabled ? 1 + streamClasses.length : 1
  const transport = tcp({ maxConnections: connectionsMax * perPeer, backlog: 256 })
  return createLibp2p<MeshServices>({
    privateKey: privateKeyOfSeed(needs.privateKeySeed),
    start: false,
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports: [needs.door?.stand(transport) ?? transport],
    connectionEncrypters: options.encryption.map(name => (name === 'tls' ? tls() : noise())),
    streamMuxers: [
      safeMuxer(
        yamux({
          maxInboundStreams: streamsPerConnectionMax,
          maxOutboundStreams: streamsPerConnectionMax,
          streamOptions: { maxWriteBufferLength: writeBufferBytesMax(options) }
        })
      )
    ],
    connectionGater: needs.gater,
    connectionManager: {
      maxConnections: options.connectionsMax,
      maxIncomingPendingConnections: options.inboundPendingMax,
      inboundConnectionThreshold: options.inboundPerSecondMax,
      inboundUpgradeTimeout: options.handshakeTimeoutMs,
      dialTimeout: options.dialTimeoutMs * addressesPerPeerMax,
      addressDialTimeout: options.dialTimeoutMs
    },
    // Our heartbeat watches the connections; this one would open a stream each time.
    connectionMonitor: { enabled: false },
    peerDiscovery: peerDiscovery(options),
    services: {
      // The mesh identifies a peer once it has chosen the connection, so that gossip never runs on one that is given up.
      identify: identify({ runOnConnectionOpen: false, maxMessageSize: identifyBytesMax }),
      gossip: gossipService(options, needs.penaltyOf)
    }
  })
}

/** A stream that the peer does not read is reset when it holds more than we ever have under way on it. */
function writeBufferBytesMax({ classes, observerClasses }: MeshOptions): number {
  const windows = streamClasses.flatMap(name => [classes[name], observerClasses[name]])
  return 2 * Math.max(...windows.map(({ windowBytes }) => windowBytes)) + 1024 * 1024
}

type PeerDiscovery = NonNullable<Libp2pOptions['peerDiscovery']>

export function peerDiscovery({ chain, discovery }: MeshOptions): PeerDiscovery {
  const found: PeerDiscovery = []
  if (discovery.bootstrap.length > 0) {
    found.push(bootstrap({ list: [...discovery.bootstrap], timeout: 0 }))
  }
  if (discovery.mdns) found.push(mdns({ serviceTag: mdnsService(chain) }))
  return found
}
