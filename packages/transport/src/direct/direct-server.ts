import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { equalBytes, type StreamClass, streamClasses, toHex } from '@novacron/base'
import { sessionBytes } from './agreement.ts'
import { DirectStream } from './direct-stream.ts'
import { acceptTls, peerFingerprint } from './handshake.ts'

/** What a dialer says first on each socket: `session 16 | class 1`. */
export const prefaceBytes: number = sessionBytes + 1

export type DirectStreams = Readonly<Record<StreamClass, DirectStream>>

export interface DirectServerLimits {
  /** Sockets between their first byte and their preface. */
  readonly handshakesMax: number
  readonly timeoutMs: number
}

/** Sockets that a peer has agreed to open. */
interface Expected {
  readonly session: Uint8Array
  readonly fingerprint: Uint8Array
  readonly sockets: Map<StreamClass, TLSSocket>
  readonly resolve: (streams: DirectStreams) => void
  readonly reject: (error: Error) => void
}

/**
 * The accepting side of direct sockets. While no peer is expected nobody gets as far as a handshake, and a certificate
 * that nobody has announced gets no further than its handshake.
 */
export class DirectServer implements Disposable {
  readonly #limits: DirectServerLimits
  readonly #context: SecureContext
  readonly #expected = new Map<string, Expected>()
  readonly #handshakes = new Set<Socket>()

  constructor(limits: DirectServerLimits, context: SecureContext) {
    this.#limits = limits
    this.#context = context
  }

  get handshakes(): number {
    return this.#handshakes.size
  }

  /**
   * Waits for one socket of each class, from whoever holds the certificate of `fingerprint` and names `session`. They belong
   * to the caller and have been told that they are welcome.
   */
  expect(
    session: Uint8Array,
    fingerprint: Uint8Array,
    signal: AbortSignal
  ): Promise<DirectStreams> {
    const key = toHex(session)
    const { promise, resolve, reject } = Promise.withResolvers<DirectStreams>()
    const expected = { session, fingerprint, sockets: new Map(), resolve, reject }
    this.#expected.set(key, expected)
    const onAbort = (): void => reject(new Error('time is over'))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    return promise
      .catch((error: unknown) => {
        for (const socket of expected.sockets.values()) socket.destroy()
        throw error
      })
      .finally(() => {
        signal.removeEventListener('abort', onAbort)
        this.#expected.delete(key)
      })
  }

  /** A connection whose first byte was of TLS; belongs to the server from here on. */
  accept(raw: Socket): void {
    if (this.#expected.size === 0 || this.#handshakes.size >= this.#limits.handshakesMax) {
      raw.destroy()
      return
    }
    const socket = acceptTls(raw, this.#context)
    this.#handshakes.add(raw)
    const timer = setTimeout(() => raw.destroy(), this.#limits.timeoutMs)
    const settle = (): void => {
      clearTimeout(timer)
      this.#handshakes.delete(raw)
    }
    // A close follows.
    raw.on('error', () => undefined)
    socket.on('error', () => undefined)
    raw.once('close', settle)
    socket.once('secure', () => this.#secured(socket, settle))
  }

  [Symbol.dispose](): void {
    for (const { reject } of this.#expected.values()) reject(new Error('stopped'))
    for (const raw of this.#handshakes) raw.destroy()
  }

  #secured(socket: TLSSocket, settle: () => void): void {
    const shown = peerFingerprint(socket)
    const isAnnounced = [...this.#expected.values()].some(
      ({ fingerprint }) => shown !== undefined && equalBytes(fingerprint, shown)
    )
    if (shown === undefined || !isAnnounced) {
      socket.destroy()
      return
    }
    const onReadable = (): void => {
      const preface = socket.read(prefaceBytes) as Buffer | null
      if (preface === null) return
      socket.removeListener('readable', onReadable)
      settle()
      this.#welcome(socket, shown, preface)
    }
    socket.on('readable', onReadable)
    onReadable()
  }

  #welcome(socket: TLSSocket, shown: Uint8Array, preface: Uint8Array): void {
    const expected = this.#expected.get(toHex(preface.subarray(0, sessionBytes)))
    const streamClass = streamClasses[preface[sessionBytes] as number]
    const isRight =
      expected !== undefined &&
      streamClass !== undefined &&
      equalBytes(expected.fingerprint, shown) &&
      !expected.sockets.has(streamClass)
    if (!isRight) {
      socket.destroy()
      return
    }
    const { sockets, resolve, reject } = expected
    sockets.set(streamClass, socket)
    socket.once('close', () => reject(new Error('closed')))
    if (sockets.size < streamClasses.length) return
    for (const one of sockets.values()) one.write(new Uint8Array([1]))
    const streamOf = (name: StreamClass): DirectStream =>
      new DirectStream(sockets.get(name) as TLSSocket)
    resolve({ order: streamOf('order'), sync: streamOf('sync'), bulk: streamOf('bulk') })
  }
}
