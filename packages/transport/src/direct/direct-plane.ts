import { type KeyObject, randomBytes } from 'node:crypto'
import type { Connection, Stream } from '@libp2p/interface'
import { concatBytes, type PeerId } from '@novacron/base'
import { backoffMs } from '../dial/backoff.ts'
import type { Link } from '../link/link.ts'
import type { MeshEvent } from '../mesh.ts'
import type { MeshOptions } from '../options.ts'
import { directProtocol } from '../protocol.ts'
import {
  type AgreementTerms,
  answerBytes,
  isSigned,
  nonceBytes,
  offerBytes,
  sessionBytes,
  signatureBytes,
  signingKeyOf,
  signTerms
} from './agreement.ts'
import { type DirectCertificate, makeDirectCertificate } from './certificate.ts'
import { openDirectSockets } from './direct-client.ts'
import { DirectServer } from './direct-server.ts'
import { ExactReader } from './exact-reader.ts'
import { directContext } from './handshake.ts'
import { tcpPlaceOf } from './tcp-place.ts'

export interface DirectPlaneNeeds {
  readonly self: PeerId
  readonly privateKeySeed: Uint8Array
  isTrusted(peer: PeerId): boolean
  linkOf(connection: Connection): Link | undefined
  emit(event: MeshEvent): void
  readonly random: () => number
}

/** How the last attempts with a peer went. */
interface Standing {
  attempt: number
  notBeforeMs: number
}

/** Sockets that lived so long, in milliseconds, make up for earlier failures. */
const provedMs = 60_000

/**
 * Moves the links to members and kept peers from libp2p streams to direct sockets. A link begins on libp2p and stays there
 * for as long as no sockets can be made; the side that dialed tries, again and again with growing pauses, on the address
 * that led to the peer. When one of the sockets breaks, the link ends, as it does when libp2p's connection breaks.
 */
export class DirectPlane implements Disposable {
  readonly #options: MeshOptions
  readonly #needs: DirectPlaneNeeds
  readonly #key: KeyObject
  readonly #certificate: DirectCertificate = makeDirectCertificate()
  readonly #context = directContext(this.#certificate)
  readonly #standings = new Map<PeerId, Standing>()
  readonly #busy = new WeakSet<Link>()
  readonly #stopped = new AbortController()
  readonly server: DirectServer

  constructor(options: MeshOptions, needs: DirectPlaneNeeds) {
    this.#options = options
    this.#needs = needs
    this.#key = signingKeyOf(needs.privateKeySeed)
    const { handshakesMax } = options.direct
    const timeoutMs = options.handshakeTimeoutMs
    this.server = new DirectServer({ handshakesMax, timeoutMs }, this.#context)
  }

  /** To be called for a link in use, whenever there may be something to do. Resolves when that is done. */
  async maybeMove(link: Link, nowMs: number): Promise<void> {
    const { peer, connection } = link
    const isMine = connection.direction === 'outbound' && this.#needs.isTrusted(peer)
    if (!isMine || !link.isActive || link.plane === 'direct' || this.#busy.has(link)) return
    if (nowMs < (this.#standings.get(peer)?.notBeforeMs ?? 0)) return
    if (this.#stopped.signal.aborted) return
    this.#busy.add(link)
    try {
      await this.#dial(link)
    } catch (error) {
      this.#failed(peer, String(error))
    } finally {
      this.#busy.delete(link)
    }
  }

  /** The stream on which a peer that dialed us proposes direct sockets. */
  async onStream(stream: Stream, connection: Connection): Promise<void> {
    const link = this.#needs.linkOf(connection)
    const reader = new ExactReader(stream, this.#signal())
    const isWelcome =
      link?.plane === 'libp2p' &&
      connection.direction === 'inbound' &&
      this.#needs.isTrusted(link.peer) &&
      !this.#busy.has(link)
    if (!isWelcome) {
      stream.abort(new Error('no direct sockets'))
      return
    }
    this.#busy.add(link)
    try {
      await this.#answer(link, stream, reader)
    } catch (error) {
      stream.abort(error as Error)
      this.#failed(link.peer, String(error))
    } finally {
      this.#busy.delete(link)
    }
  }

  /** A link has ended: sockets that broke early count as a failed attempt. */
  closed(link: Link, code: string, nowMs: number): void {
    if (link.plane === 'libp2p') return
    if (nowMs - link.movedAtMs >= provedMs) this.#standings.delete(link.peer)
    if (code === 'direct-broken') this.#failed(link.peer, code)
  }

  [Symbol.dispose](): void {
    this.#stopped.abort()
    this.server[Symbol.dispose]()
  }

  async #dial(link: Link): Promise<void> {
    const signal = this.#signal()
    const place = tcpPlaceOf(link.connection.remoteAddr)
    const protocol = directProtocol(this.#options.chain)
    const stream = await link.connection.newStream(protocol, { signal })
    const reader = new ExactReader(stream, signal)
    try {
      const offer = this.#offer()
      stream.send(offer)
      const answered = await reader.read(answerBytes)
      const answer = answered.subarray(0, offerBytes + sessionBytes)
      const terms = this.#terms(this.#needs.self, link.peer, offer, answer)
      if (!isSigned(terms, 'listener', answered.subarray(answer.length))) {
        throw new Error('wrong signature')
      }
      stream.send(signTerms(terms, 'dialer', this.#key))
      await reader.read(1)
      const session = answer.slice(offerBytes)
      const fingerprint = answer.slice(nonceBytes, offerBytes)
      link.move(await openDirectSockets({ ...place, session, fingerprint }, this.#context, signal))
      // Nothing depends on how it ends.
      stream.close({ signal }).catch(() => undefined)
    } catch (error) {
      stream.abort(error as Error)
      throw error
    }
  }

  async #answer(link: Link, stream: Stream, reader: ExactReader): Promise<void> {
    const offer = await reader.read(offerBytes)
    const answer = concatBytes([this.#offer(), new Uint8Array(randomBytes(sessionBytes))])
    const terms = this.#terms(link.peer, this.#needs.self, offer, answer)
    stream.send(concatBytes([answer, signTerms(terms, 'listener', this.#key)]))
    if (!isSigned(terms, 'dialer', await reader.read(signatureBytes))) {
      throw new Error('wrong signature')
    }
    const fingerprint = offer.subarray(nonceBytes)
    const sockets = this.server.expect(answer.subarray(offerBytes), fingerprint, reader.signal)
    // A stream that breaks here leaves nobody to hear that they did not come, which would end the process.
    sockets.catch(() => undefined)
    stream.send(new Uint8Array([1]))
    link.move(await sockets)
  }

  #offer(): Uint8Array {
    return concatBytes([new Uint8Array(randomBytes(nonceBytes)), this.#certificate.fingerprint])
  }

  #terms(dialer: PeerId, listener: PeerId, offer: Uint8Array, answer: Uint8Array): AgreementTerms {
    return { chain: this.#options.chain, dialer, listener, offer, answer }
  }

  #signal(): AbortSignal {
    const timeout = AbortSignal.timeout(this.#options.handshakeTimeoutMs)
    return AbortSignal.any([this.#stopped.signal, timeout])
  }

  #failed(peer: PeerId, error: string): void {
    if (this.#stopped.signal.aborted) return
    const attempt = this.#standings.get(peer)?.attempt ?? 0
    const retryInMs = backoffMs(attempt, this.#options.direct, this.#needs.random)
    const notBeforeMs = performance.now() + retryInMs
    this.#standings.set(peer, { attempt: attempt + 1, notBeforeMs })
    this.#needs.emit({ type: 'direct-failed', peer, attempt, retryInMs, error })
  }
}
