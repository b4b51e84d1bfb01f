import { multiaddr } from '@multiformats/multiaddr'
import { Fault, type StreamClass, streamClasses } from '@novacron/base'

/** Bounds of one stream class with one peer, in bytes. */
export interface ClassLimits {
  /** Largest frame. Checked before anything is allocated. */
  readonly frameBytesMax: number
  /** Frames that a sender may have under way: not yet handled by the receiver. Bounds the receiver's memory. */
  readonly windowBytes: number
  /** Frames that wait at the sender; beyond it `send` answers false. */
  readonly queueBytesMax: number
}

export type ClassLimitsByClass = Readonly<Record<StreamClass, ClassLimits>>

/** Everything that the mesh is told; all but the chain has a default. */
export interface MeshOptions {
  /** Multiaddrs to listen on; TCP port 0 takes a free one. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others in place of those listened on; empty tells the real ones. */
  readonly announce: readonly string[]
  /** Chain digest, hex; its first 16 digits are part of every protocol id and topic. */
  readonly chain: string
  /** Offered in this order. TLS 1.3 costs a third less CPU in bulk, four times less on small frames. */
  readonly encryption: readonly ('tls' | 'noise')[]
  readonly discovery: {
    /** Multiaddrs with `/p2p/` ids. */
    readonly bootstrap: readonly string[]
    readonly mdns: boolean
  }
  /** With committee members and the peers we chose to keep connected. */
  readonly classes: ClassLimitsByClass
  /** What observers that come to us may send; the queue is what may wait for them, and must hold a frame of `classes`. */
  readonly observerClasses: ClassLimitsByClass
  readonly heartbeat: {
    readonly intervalMs: number
    /** Silence after which a connection counts as dead: several intervals. */
    readonly timeoutMs: number
  }
  /** Sockets of our own beside libp2p; see `DirectPlane`. */
  readonly direct: {
    readonly enabled: boolean
    /** Accepted sockets that have not shown yet whose they are. */
    readonly handshakesMax: number
    /** Pauses before the next attempt with a peer. */
    readonly backoffMinMs: number
    readonly backoffMaxMs: number
  }
  readonly reconnect: { readonly backoffMinMs: number; readonly backoffMaxMs: number }
  /** For each address of a peer, one after the other. */
  readonly dialTimeoutMs: number
  /** From an encrypted connection to three open streams. */
  readonly handshakeTimeoutMs: number
  /** Inbound connections of peers outside the committee. */
  readonly observersMax: number
  /** Discovered peers that an observer dials by itself. */
  readonly upstreamsMax: number
  /** All connections; must hold two for each member (both sides may dial at once) and the observers. */
  readonly connectionsMax: number
  /** Inbound connections a second and host; ten nodes of one machine start together. */
  readonly inboundPerSecondMax: number
  /** Inbound connections that are not encrypted yet. */
  readonly inboundPendingMax: number
  readonly gossip: {
    readonly heartbeatMs: number
    /** Largest message on `heads` and `evidence`. */
    readonly hintBytesMax: number
    /** Largest message on `checkpoints`: 200 bytes and 64 for each signer. */
    readonly checkpointBytesMax: number
    readonly publishPerSecondMax: number
    readonly publishBurstMax: number
  }
  readonly penalty: {
    /** Points at which a peer is disconnected and refused; see `penaltyPoints`. */
    readonly pointsMax: number
    readonly halfLifeMs: number
    readonly refuseMs: number
  }
}

const kib = 1024
const mib = 1024 * kib

/** Everything but the chain has a default. */
export const defaultMeshOptions: Omit<MeshOptions, 'chain'> = {
  listen: ['/ip4/127.0.0.1/tcp/0'],
  announce: [],
  encryption: ['tls', 'noise'],
  discovery: { bootstrap: [], mdns: false },
  classes: {
    order: { frameBytesMax: mib, windowBytes: 4 * mib, queueBytesMax: 8 * mib },
    sync: { frameBytesMax: 8 * mib, windowBytes: 12 * mib, queueBytesMax: 16 * mib },
    bulk: { frameBytesMax: 4 * mib, windowBytes: 8 * mib, queueBytesMax: 32 * mib }
  },
  observerClasses: {
    order: { frameBytesMax: 64 * kib, windowBytes: 256 * kib, queueBytesMax: mib },
    sync: { frameBytesMax: 256 * kib, windowBytes: mib, queueBytesMax: 16 * mib },
    bulk: { frameBytesMax: 256 * kib, windowBytes: mib, queueBytesMax: 8 * mib }
  },
  heartbeat: { intervalMs: 2000, timeoutMs: 7000 },
  direct: { enabled: false, handshakesMax: 64, backoffMinMs: 1_000, backoffMaxMs: 60_000 },
  reconnect: { backoffMinMs: 200, backoffMaxMs: 1_000 },
  dialTimeoutMs: 5000,
  handshakeTimeoutMs: 5000,
  observersMax: 64,
  upstreamsMax: 4,
  connectionsMax: 512,
  inboundPerSecondMax: 100,
  inboundPendingMax: 64,
  gossip: {
    heartbeatMs: 1000,
    hintBytesMax: kib,
    checkpointBytesMax: 16 * kib,
    publishPerSecondMax: 50,
    publishBurstMax: 100
  },
  penalty: { pointsMax: 100, halfLifeMs: 60_000, refuseMs: 60_000 }
}

export interface MeshOptionFault {
  readonly code: 'mesh-option'
  readonly option: string
  readonly value: string
  readonly allowed: string
}

/** @throws {Fault<MeshOptionFault>} naming the first option that is out of its range. */
export function checkMeshOptions(options: MeshOptions): void {
  const { heartbeat, reconnect, direct, gossip, penalty } = options
  allow('listen', options.listen.length, options.listen.length >= 1, 'at least one multiaddr')
  for (const address of options.listen) checkAddress('listen', address)
  for (const address of options.announce) checkAddress('announce', address)
  for (const address of options.discovery.bootstrap) checkAddress('discovery.bootstrap', address)
  const chainDigits = /^[0-9a-f]{16,}$/.test(options.chain)
  allow('chain', options.chain, chainDigits, 'at least 16 lowercase hex digits')
  const distinct = new Set(options.encryption).size === options.encryption.length
  const some = options.encryption.length >= 1
  allow('encryption', options.encryption, some && distinct, 'tls, noise, or both, in order')
  for (const streamClass of streamClasses) {
    checkClass(`classes.${streamClass}`, options.classes[streamClass])
    checkClass(`observerClasses.${streamClass}`, options.observerClasses[streamClass])
    const { queueBytesMax } = options.observerClasses[streamClass]
    const { frameBytesMax } = options.classes[streamClass]
    atLeast(`observerClasses.${streamClass}.queueBytesMax`, queueBytesMax, frameBytesMax)
  }
  atLeast('heartbeat.intervalMs', heartbeat.intervalMs, 10)
  atLeast('heartbeat.timeoutMs', heartbeat.timeoutMs, 2 * heartbeat.intervalMs)
  atLeast('reconnect.backoffMinMs', reconnect.backoffMinMs, 1)
  atLeast('reconnect.backoffMaxMs', reconnect.backoffMaxMs, reconnect.backoffMinMs)
  atLeast('direct.handshakesMax', direct.handshakesMax, streamClasses.length)
  atLeast('direct.backoffMinMs', direct.backoffMinMs, 1)
  atLeast('direct.backoffMaxMs', direct.backoffMaxMs, direct.backoffMinMs)
  atLeast('dialTimeoutMs', options.dialTimeoutMs, 100)
  atLeast('handshakeTimeoutMs', options.handshakeTimeoutMs, 100)
  atLeast('observersMax', options.observersMax, 0)
  atLeast('upstreamsMax', options.upstreamsMax, 0)
  atLeast('connectionsMax', options.connectionsMax, options.observersMax + 1)
  atLeast('inboundPerSecondMax', options.inboundPerSecondMax, 1)
  atLeast('inboundPendingMax', options.inboundPendingMax, 1)
  atLeast('gossip.heartbeatMs', gossip.heartbeatMs, 50)
  atLeast('gossip.hintBytesMax', gossip.hintBytesMax, 64)
  atLeast('gossip.checkpointBytesMax', gossip.checkpointBytesMax, 264)
  atLeast('gossip.publishPerSecondMax', gossip.publishPerSecondMax, 1)
  atLeast('gossip.publishBurstMax', gossip.publishBurstMax, 1)
  atLeast('penalty.pointsMax', penalty.pointsMax, 1)
  atLeast('penalty.halfLifeMs', penalty.halfLifeMs, 1)
  atLeast('penalty.refuseMs', penalty.refuseMs, 0)
}

function checkAddress(option: string, address: string): void {
  const needsPeer = option === 'discovery.bootstrap'
  let names: readonly string[] = []
  try {
    names = multiaddr(address)
      .getComponents()
      .map(({ name }) => name)
  } catch {
    // No multiaddr at all has no components either.
  }
  const isRight = names.length > 0 && (!needsPeer || names.at(-1) === 'p2p')
  allow(option, address, isRight, needsPeer ? 'multiaddrs that end in /p2p/<id>' : 'multiaddrs')
}

function checkClass(name: string, limits: ClassLimits): void {
  atLeast(`${name}.frameBytesMax`, limits.frameBytesMax, 64)
  atLeast(`${name}.windowBytes`, limits.windowBytes, limits.frameBytesMax)
  atLeast(`${name}.queueBytesMax`, limits.queueBytesMax, limits.frameBytesMax)
  const fits = limits.windowBytes <= 0x4000_0000
  allow(`${name}.windowBytes`, limits.windowBytes, fits, 'at most 1 GiB')
}

function atLeast(option: string, value: number, min: number): void {
  allow(option, value, Number.isSafeInteger(value) && value >= min, `an integer >= ${min}`)
}

function allow(option: string, value: unknown, allowed: boolean, what: string): void {
  if (allowed) return
  throw new Fault<MeshOptionFault>({
    code: 'mesh-option',
    option,
    value: String(value),
    allowed: what
  })
}
