import { connect, createServer, type Server, type Socket } from 'node:net'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Connection, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { multiaddr } from '@multiformats/multiaddr'
import { concatBytes, type StreamClass, streamClasses } from '@novacron/base'
import { createLibp2p, type Libp2p, type Libp2pOptions } from 'libp2p'
import { safeMuxer } from '../src/guard/safe-muxer.ts'
import { privateKeyOfSeed } from '../src/private-key.ts'
import { streamProtocol } from '../src/protocol.ts'
import { helloRecord, incarnationBytes } from '../src/wire/control.ts'
import { encodeRecords, type WireRecord } from '../src/wire/record.ts'
import { chain, seedOf } from './network.ts'

type MuxerFactory = NonNullable<Libp2pOptions['streamMuxers']>[number]

/** A peer that speaks libp2p and then does what a test tells it to. */
export class RawPeer implements AsyncDisposable {
  readonly node: Libp2p
  connection!: Connection
  readonly streams = new Map<StreamClass, Stream>()
  readonly closed: Promise<void>
  #onClosed: () => void = () => undefined

  private constructor(node: Libp2p) {
    this.node = node
    this.closed = new Promise(resolve => {
      this.#onClosed = resolve
    })
  }

  static async dial(
    seed: number,
    addresses: readonly string[],
    muxer: MuxerFactory = safeMuxer(yamux())
  ): Promise<RawPeer> {
    const node = await createLibp2p({
      privateKey: privateKeyOfSeed(seedOf(seed)),
      addresses: { listen: [] },
      transports: [tcp()],
      connectionEncrypters: [tls()],
      streamMuxers: [muxer],
      connectionMonitor: { enabled: false }
    })
    const peer = new RawPeer(node)
    try {
      peer.connection = await node.dial(addresses.map(address => multiaddr(address)))
      peer.connection.addEventListener('close', () => peer.#onClosed())
    } catch (error) {
      await node.stop()
      throw error
    }
    return peer
  }

  async open(...classes: readonly StreamClass[]): Promise<void> {
    for (const streamClass of classes) {
      const stream = await this.connection.newStream(streamProtocol(chain, streamClass))
      stream.addEventListener('message', () => undefined)
      this.streams.set(streamClass, stream)
    }
  }

  /** Streams and hellos as the protocol wants them. */
  async greet(frameBytesMax = 1024, windowBytes = 4096): Promise<void> {
    await this.open(...streamClasses)
    const incarnation = new Uint8Array(incarnationBytes).fill(1)
    for (const streamClass of streamClasses) {
      this.write(streamClass, helloRecord(incarnation, frameBytesMax, windowBytes))
    }
  }

  write(streamClass: StreamClass, ...records: readonly WireRecord[]): void {
    this.writeBytes(streamClass, concatBytes([...encodeRecords(records)]))
  }

  writeBytes(streamClass: StreamClass, bytes: Uint8Array): void {
    this.streams.get(streamClass)?.send(bytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.abort(new Error('test over'))
    await this.node.stop()
  }
}

/** A TCP relay that can fall silent without closing anything, as a pulled cable does. */
export class Relay implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets: Socket[] = []
  #isCut = false

  private constructor(server: Server) {
    this.#server = server
  }

  static async to(targetPort: number): Promise<Relay> {
    const server = createServer()
    const relay = new Relay(server)
    server.on('connection', near => {
      const far = connect(targetPort, '127.0.0.1')
      for (const [from, to] of [
        [near, far],
        [far, near]
      ] as const) {
        relay.#sockets.push(from)
        from.on('data', bytes => {
          if (!relay.#isCut) to.write(bytes)
        })
        // A close follows.
        from.on('error', () => undefined)
        from.on('close', () => {
          if (!relay.#isCut) to.destroy()
        })
      }
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return relay
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  cut(): void {
    this.#isCut = true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

export function portOf(address: string): number {
  return Number(/\/tcp\/(\d+)/.exec(address)?.[1])
}
