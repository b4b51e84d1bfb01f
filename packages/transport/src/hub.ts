import type { Connection, PeerInfo, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { type PeerId, type StreamClass, streamClasses, toPeerId } from '@novacron/base'
import { Dialer } from './dial/dialer.ts'
import type { DirectPlane } from './direct/direct-plane.ts'
import type { Penalties } from './guard/penalties.ts'
import type { MeshNode } from './libp2p-node.ts'
import { Link, type LinkOptions, type LinkOwner } from './link/link.ts'
import type { LinkTable } from './link/link-table.ts'
import { Traffic } from './link/traffic.ts'
import type { DropReason, MeshEvent, MeshMember, MeshNeeds, PeerStatus } from './mesh.ts'
import type { ClassLimits, MeshOptions } from './options.ts'
import { statusOf } from './peer-status.ts'
import { directProtocol, streamProtocol } from './protocol.ts'
import { outside } from './rethrow.ts'

export interface HubNeeds extends MeshNeeds {
  readonly self: PeerId
  readonly node: MeshNode
  readonly table: LinkTable
  readonly penalties: Penalties
  /** Committee members and kept peers; grows with `keepConnected`. */
  readonly trusted: Set<PeerId>
  /** Random bytes of this start of the process. */
  readonly incarnation: Uint8Array
  /** Undefined leaves all links on libp2p. */
  readonly plane: DirectPlane | undefined
  emit(event: MeshEvent): void
}

/** Brings libp2p's connections, the links on them, the dialer and the node's handlers together. */
export class Hub implements LinkOwner {
  readonly #options: MeshOptions
  readonly #needs: HubNeeds
  readonly #members: ReadonlySet<PeerId>
  readonly #dialer: Dialer
  readonly #identified = new Set<Link>()
  readonly #traffic: Traffic
  readonly #background = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #lastTickMs = 0
  #upstreams = 0
  #isStopped = false

  constructor(options: MeshOptions, needs: HubNeeds) {
    this.#options = options
    this.#needs = needs
    this.#traffic = new Traffic((plane, sentBytes, receivedBytes) =>
      outside(() => needs.handlers.onTraffic?.(plane, sentBytes, receivedBytes))
    )
    this.#members = new Set(needs.members.map(({ peer }) => peer))
    this.#dialer = new Dialer(options, {
      dial: (peer, addresses, signal) => this.#dial(peer, addresses, signal),
      isTaken: peer => needs.table.hasAny(peer),
      onFailed: (peer, attempt, retryInMs, error) =>
        needs.emit({ type: 'dial-failed', peer, attempt, retryInMs, error: String(error) }),
      random: needs.random ?? Math.random
    })
  }

  /** Call before the node starts: no connection may come in unseen. */
  async listen(): Promise<void> {
    const { node } = this.#needs
    node.addEventListener('connection:open', event => this.#opened(event.detail))
    node.addEventListener('connection:close', event => {
      this.#needs.table.of(event.detail)?.close('connection-closed')
    })
    node.addEventListener('peer:discovery', event => this.#discovered(event.detail))
    for (const streamClass of streamClasses) {
      await node.handle(
        streamProtocol(this.#options.chain, streamClass),
        (stream, connection) => this.#accept(streamClass, stream, connection),
        { maxInboundStreams: 1, maxOutboundStreams: 1 }
      )
    }
    if (this.#needs.plane !== undefined) await this.#listenDirect(this.#needs.plane)
  }

  async #listenDirect(plane: DirectPlane): Promise<void> {
    await this.#needs.node.handle(
      directProtocol(this.#options.chain),
      (stream, connection) => this.#run(plane.onStream(stream, connection)),
      { maxInboundStreams: 1, maxOutboundStreams: 1 }
    )
  }

  /** Call once the node has started. */
  start(): void {
    const { members, self, table } = this.#needs
    const { heartbeat, reconnect } = this.#options
    this.#lastTickMs = performance.now()
    this.#timer = setInterval(() => this.#tick(performance.now()), heartbeat.intervalMs / 2)
    if (!this.#members.has(self)) return
    for (const member of members) {
      // The deciding side dials first, so that most pairs do not dial twice.
      const firstInMs = table.decides(member.peer) ? 0 : reconnect.backoffMinMs
      if (member.peer !== self) this.#dialer.keep(member, firstInMs)
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    for (const link of [...this.#needs.table.links]) link.close('stopped')
    await this.#dialer.stop()
    await Promise.all(this.#background)
  }

  send(to: PeerId, streamClass: StreamClass, frame: Uint8Array): boolean {
    const link = this.#needs.table.active(to)
    const reason = link === undefined ? 'not-connected' : link.send(streamClass, frame)
    if (reason !== undefined) this.#dropped(to, streamClass, 1, frame.length, reason)
    return reason === undefined
  }

  keepConnected(member: MeshMember): void {
    if (member.peer === this.#needs.self || this.#isStopped) return
    this.#needs.trusted.add(member.peer)
    this.#dialer.keep(member, 0)
  }

  penalize(peer: PeerId, code: string): void {
    const { penalties, table, emit } = this.#needs
    emit({ type: 'peer-penalized', peer, code })
    if (!penalties.add(peer, code, performance.now())) return
    emit({ type: 'peer-refused', peer, forMs: this.#options.penalty.refuseMs })
    for (const link of [...table.links]) if (link.peer === peer) link.close('penalized')
  }

  peers(): readonly PeerStatus[] {
    const { members, self, table, penalties } = this.#needs
    const addresses = new Map(members.map(member => [member.peer, member.addresses]))
    const peers = new Set([...addresses.keys(), ...this.#dialer.peers])
    for (const link of table.links) if (link.isActive) peers.add(link.peer)
    peers.delete(self)
    const nowMs = performance.now()
    return [...peers].map(peer =>
      statusOf(peer, table.active(peer), nowMs, {
        isMember: this.#members.has(peer),
        isConnecting: table.hasAny(peer) || this.#dialer.isDialing(peer),
        isRefused: penalties.isRefused(peer, nowMs),
        addresses: addresses.get(peer) ?? this.#dialer.addresses(peer),
        penaltyPoints: penalties.points(peer, nowMs)
      })
    )
  }

  onGreeted(link: Link): void {
    const { table, handlers } = this.#needs
    if (table.choose(link, performance.now()) === 'refuse') {
      link.close('duplicate')
      return
    }
    table.active(link.peer)?.close('replaced')
    table.use(link)
    link.activate()
    outside(() => handlers.onPeer(link.peer, 'connected'))
    this.#identify(link)
    this.#moveToDirect(link)
  }

  onFrame(link: Link, streamClass: StreamClass, frame: Uint8Array): void | Promise<void> {
    return this.#needs.handlers.onFrame(link.peer, streamClass, frame)
  }

  onDropped(
    link: Link,
    streamClass: StreamClass,
    frames: number,
    bytes: number,
    reason: DropReason
  ): void {
    this.#dropped(link.peer, streamClass, frames, bytes, reason)
  }

  onViolation(link: Link, code: string): void {
    this.penalize(link.peer, code)
  }

  onClosed(link: Link, code: string): void {
    const { table, handlers, emit } = this.#needs
    const { peer } = link
    this.#identified.delete(link)
    emit({ type: 'connection-closed', peer, code })
    this.#traffic.look(link)
    this.#needs.plane?.closed(link, code, performance.now())
    if (table.remove(link)) outside(() => handlers.onPeer(peer, 'disconnected'))
    if (!this.#isStopped && !table.hasAny(peer)) {
      this.#dialer.lost(peer, performance.now() - link.openedAtMs)
    }
  }

  #opened(connection: Connection): void {
    const { table, trusted, emit } = this.#needs
    const { observersMax } = this.#options
    const link = new Link(connection, this.#linkOptions(connection), this, performance.now())
    table.add(link)
    if (this.#isStopped) link.close('stopped')
    else if (connection.direction === 'outbound') this.#run(this.#openStreams(link))
    else if (!trusted.has(link.peer) && table.observers(trusted) > observersMax) {
      emit({ type: 'connection-refused', peer: link.peer, code: 'observers-full' })
      link.close('observers-full')
    }
    // The other side decides: propose this connection.
    if (!link.isClosed && !table.decides(link.peer)) link.grant()
  }

  #linkOptions(connection: Connection): LinkOptions {
    const { heartbeat, handshakeTimeoutMs, classes, observerClasses } = this.#options
    const { incarnation, trusted } = this.#needs
    const isTrusted =
      connection.direction === 'outbound' || trusted.has(toPeerId(connection.remotePeer.toString()))
    if (isTrusted) {
      return { incarnation, heartbeat, handshakeTimeoutMs, granted: classes, limits: classes }
    }
    // An observer may be sent what a member may, but holds less of our memory.
    const limits = (name: StreamClass): ClassLimits => {
      return { ...classes[name], queueBytesMax: observerClasses[name].queueBytesMax }
    }
    return {
      incarnation,
      heartbeat,
      handshakeTimeoutMs,
      granted: observerClasses,
      limits: { order: limits('order'), sync: limits('sync'), bulk: limits('bulk') }
    }
  }

  async #openStreams(link: Link): Promise<void> {
    const { chain, handshakeTimeoutMs } = this.#options
    const signal = AbortSignal.timeout(handshakeTimeoutMs)
    const open = async (streamClass: StreamClass): Promise<void> => {
      const protocol = streamProtocol(chain, streamClass)
      const stream = await link.connection.newStream(protocol, { signal, maxOutboundStreams: 1 })
      link.attach(streamClass, stream)
    }
    try {
      // In this order: a saturated connection serves its streams in the order of their creation.
      await Promise.all(streamClasses.map(open))
    } catch {
      link.close('streams-refused')
    }
  }

  #accept(streamClass: StreamClass, stream: Stream, connection: Connection): void {
    const link = this.#needs.table.of(connection)
    if (link === undefined || connection.direction === 'outbound') {
      stream.abort(new Error('streams are opened by the side that dialed'))
    } else link.attach(streamClass, stream)
  }

  async #dial(peer: PeerId, addresses: readonly string[], signal: AbortSignal): Promise<void> {
    const withPeer = addresses.map(address =>
      multiaddr(address.includes('/p2p/') ? address : `${address}/p2p/${peer}`)
    )
    await this.#needs.node.dial(withPeer, { signal })
  }

  /** libp2p only reports what it finds; who is dialed is decided here. */
  #discovered({ id, multiaddrs }: PeerInfo): void {
    const { self, table } = this.#needs
    const peer = toPeerId(id.toString())
    if (peer === self || multiaddrs.length === 0 || this.#isStopped) return
    const member = { peer, addresses: multiaddrs.map(String) }
    if (this.#dialer.has(peer)) this.#dialer.keep(member, 0)
    else if (!this.#members.has(self) && !table.hasAny(peer)) {
      if (this.#upstreams >= this.#options.upstreamsMax) return
      this.#upstreams += 1
      this.keepConnected(member)
    }
  }

  /** Gossip begins with this, on the chosen connection only. */
  #identify(link: Link): void {
    if (this.#identified.has(link)) return
    this.#identified.add(link)
    const { identify } = this.#needs.node.services
    const identified = identify.identify(link.connection).then(
      () => undefined,
      () => void this.#identified.delete(link)
    )
    this.#run(identified)
  }

  #moveToDirect(link: Link): void {
    const { plane } = this.#needs
    if (plane !== undefined) this.#run(plane.maybeMove(link, performance.now()))
  }

  #tick(nowMs: number): void {
    const lateMs = nowMs - this.#lastTickMs - this.#options.heartbeat.intervalMs / 2
    this.#lastTickMs = nowMs
    for (const link of [...this.#needs.table.links]) {
      // A process that stood still has not read what came in meanwhile.
      if (lateMs > this.#options.heartbeat.intervalMs) link.forgive(lateMs)
      link.tick(nowMs)
      this.#traffic.look(link)
      if (!link.isActive) continue
      this.#identify(link)
      this.#moveToDirect(link)
    }
  }

  #dropped(
    peer: PeerId,
    streamClass: StreamClass,
    frames: number,
    bytes: number,
    reason: DropReason
  ): void {
    this.#needs.emit({ type: 'frame-dropped', peer, streamClass, frames, bytes, reason })
  }

  #run(work: Promise<void>): void {
    this.#background.add(work)
    void work.finally(() => this.#background.delete(work))
  }
}
