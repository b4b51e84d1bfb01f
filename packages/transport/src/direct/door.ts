import type { Server, Socket } from 'node:net'
import type { Transport } from '@libp2p/interface'

/** First byte of a TLS handshake record. What libp2p speaks first begins with a length, 0x13. */
const tlsHandshake = 0x16

interface DoorLimits {
  /** Connections that have not said anything yet. */
  readonly silentMax: number
  readonly timeoutMs: number
}

type Listener = { readonly server: Server; onSocket(socket: Socket): void }

/**
 * Lets direct sockets come in on the port that libp2p listens on, so that whatever leads to one leads to the other: no
 * second port to open, to announce or to send through a proxy. The first byte decides whose connection it is; it is put
 * back. libp2p's listener has no place for this, so its server's connections pass by here first.
 */
export class Door implements Disposable {
  readonly #limits: DoorLimits
  readonly #onDirect: (socket: Socket) => void
  readonly #silent = new Set<Socket>()
  #isClosed = false

  /** `onDirect` owns the socket. */
  constructor(limits: DoorLimits, onDirect: (socket: Socket) => void) {
    this.#limits = limits
    this.#onDirect = onDirect
  }

  get silent(): number {
    return this.#silent.size
  }

  /** libp2p's TCP transport, with this door in its listeners. */
  stand<Components>(
    makeTransport: (components: Components) => Transport
  ): (components: Components) => Transport {
    return components => {
      const transport = makeTransport(components)
      const createListener = transport.createListener.bind(transport)
      transport.createListener = options => {
        const listener = createListener(options)
        const { server } = listener as unknown as Listener
        server.removeAllListeners('connection')
        server.on('connection', socket => this.#admit(socket, listener as unknown as Listener))
        return listener
      }
      return transport
    }
  }

  /** Afterwards everything that comes in is hung up on. */
  [Symbol.dispose](): void {
    this.#isClosed = true
    for (const socket of this.#silent) socket.destroy()
  }

  #admit(socket: Socket, listener: Listener): void {
    if (this.#isClosed || this.#silent.size >= this.#limits.silentMax) {
      socket.destroy()
      return
    }
    this.#silent.add(socket)
    const timer = setTimeout(() => socket.destroy(), this.#limits.timeoutMs)
    // A close follows.
    const onError = (): void => undefined
    const settle = (): void => {
      clearTimeout(timer)
      this.#silent.delete(socket)
      socket.removeListener('close', settle)
      socket.removeListener('readable', onReadable)
    }
    const onReadable = (): void => {
      const first = socket.read(1) as Buffer | null
      // Readable and nothing to read: it has ended.
      if (first === null) {
        socket.destroy()
        return
      }
      settle()
      socket.unshift(first)
      socket.removeListener('error', onError)
      if (first[0] === tlsHandshake) this.#onDirect(socket)
      else listener.onSocket(socket)
    }
    socket.on('error', onError)
    socket.once('close', settle)
    socket.once('readable', onReadable)
  }
}
