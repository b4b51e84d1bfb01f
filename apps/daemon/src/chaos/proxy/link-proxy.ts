import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Conditions, type Flow, quietConditions } from './conditions.ts'
import { type Bottleneck, Pipe } from './pipe.ts'
import { TokenBucket } from './token-bucket.ts'

/** Connections through one link at a time; more are reset. */
export const linkConnectionsMax = 64

export interface LinkTarget {
  readonly host: string
  readonly port: number
}

/** What has gone through a link since it was made. */
export interface LinkCounts {
  connections: number
  refused: number
  forwardBytes: number
  backwardBytes: number
  swallowedBytes: number
}

/** Where the rates of both directions are kept; who gives the same to several links makes them share it. */
export interface LinkBuckets {
  readonly forward: TokenBucket
  readonly backward: TokenBucket
}

interface Through {
  readonly dialed: Socket
  readonly listening: Socket
  readonly forward: Pipe
  readonly backward: Pipe
}

/** One way to dial one daemon: a port of the loopback whose connections go on to another port, under conditions. */
export class LinkProxy implements AsyncDisposable {
  readonly counts: LinkCounts = {
    connections: 0,
    refused: 0,
    forwardBytes: 0,
    backwardBytes: 0,
    swallowedBytes: 0
  }
  readonly #server: Server
  readonly #target: LinkTarget
  readonly #random: () => number
  readonly #buckets: LinkBuckets
  readonly #through = new Set<Through>()
  /** Accepted while half-open: nobody will ever answer. */
  readonly #parked = new Set<Socket>()
  #conditions: Conditions = quietConditions
  #shared: { readonly forward: readonly Bottleneck[]; readonly backward: readonly Bottleneck[] } = {
    forward: [],
    backward: []
  }

  private constructor(
    server: Server,
    target: LinkTarget,
    random: () => number,
    buckets: LinkBuckets
  ) {
    this.#server = server
    this.#target = target
    this.#random = random
    this.#buckets = buckets
    server.on('connection', socket => this.#accept(socket))
  }

  static async listen(
    target: LinkTarget,
    random: () => number,
    buckets: LinkBuckets = { forward: new TokenBucket(), backward: new TokenBucket() }
  ): Promise<LinkProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port: 0 }, resolve)
    })
    return new LinkProxy(server, target, random, buckets)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#through.size + this.#parked.size
  }

  get conditions(): Conditions {
    return this.#conditions
  }

  /**
   * Changes what happens from now on. A connection that has lost bytes ends as soon as its direction passes again: what
   * follows a gap is no continuation.
   */
  set(conditions: Conditions): void {
    this.#conditions = conditions
    if (conditions.door !== 'half-open') for (const socket of this.#parked) socket.resetAndDestroy()
    for (const through of this.#through) {
      const { dialed, forward, backward } = through
      const isBroken =
        (forward.hasLostBytes && conditions.forward.mode !== 'swallow') ||
        (backward.hasLostBytes && conditions.backward.mode !== 'swallow')
      if (conditions.door === 'refuse' || isBroken) {
        dialed.resetAndDestroy()
      } else {
        forward.update()
        backward.update()
      }
    }
  }

  /** Sets what the bytes of connections from now on share with those of other links. */
  share(forward: readonly Bottleneck[], backward: readonly Bottleneck[]): void {
    this.#shared = { forward, backward }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise(resolve => this.#server.close(resolve))
    for (const socket of this.#parked) socket.destroy()
    for (const { dialed, listening } of this.#through) {
      dialed.destroy()
      listening.destroy()
    }
    await closed
  }

  #accept(socket: Socket): void {
    socket.on('error', () => undefined)
    const { door } = this.#conditions
    if (door === 'refuse' || this.connections >= linkConnectionsMax) {
      this.counts.refused++
      socket.resetAndDestroy()
      return
    }
    this.counts.connections++
    if (door === 'half-open') {
      this.#parked.add(socket)
      socket.once('close', () => this.#parked.delete(socket))
      return
    }
    this.#join(socket)
  }

  #join(dialed: Socket): void {
    const listening = connect({ ...this.#target, allowHalfOpen: true, noDelay: true })
    const { counts } = this
    const through: Through = {
      dialed,
      listening,
      forward: this.#pipe(dialed, listening, 'forward', bytes => {
        counts.forwardBytes += bytes
      }),
      backward: this.#pipe(listening, dialed, 'backward', bytes => {
        counts.backwardBytes += bytes
      })
    }
    this.#through.add(through)
    // An end without warning at one side is one at the other.
    const end = (): void => {
      this.#through.delete(through)
      dialed.destroy()
      listening.destroy()
    }
    dialed.once('close', hadError => {
      if (hadError || !listening.writableEnded) listening.resetAndDestroy()
      end()
    })
    listening.on('error', () => dialed.resetAndDestroy())
    listening.once('close', end)
  }

  #pipe(
    source: Socket,
    sink: Socket,
    direction: 'forward' | 'backward',
    onPassed: (bytes: number) => void
  ): Pipe {
    const flow = (): Flow => {
      const conditions = this.#conditions
      const own = conditions[direction]
      return conditions.door === 'half-open' ? { ...own, mode: 'hold' } : own
    }
    const onSwallowed = (bytes: number): void => {
      this.counts.swallowedBytes += bytes
    }
    const shared = this.#shared[direction]
    const bucket = this.#buckets[direction]
    const random = this.#random
    return new Pipe(source, sink, { flow, random, onPassed, onSwallowed, bucket, shared })
  }
}
