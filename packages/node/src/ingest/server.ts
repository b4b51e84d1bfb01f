import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { listenUnix } from '../api/unix-socket.ts'
import { type Gauge, nullGauge } from '../telemetry/meter.ts'
import { encodeAcknowledgements, ingestCodes } from './acknowledgement.ts'
import { closedRecord, IngestConnection } from './connection.ts'
import { checkIngestOptions, defaultIngestOptions, type IngestOptions } from './options.ts'
import type { CommittedRun, IngestSink } from './sink.ts'

/** Where the ingest socket is, and its limits. */
export interface IngestServerOptions {
  /** Of the unix socket; its mode is 0600. */
  readonly socketPath: string
  readonly limits?: Partial<IngestOptions>
}

export interface IngestServerNeeds {
  readonly sink: IngestSink
  readonly meters?: {
    readonly connections: Gauge
    readonly inFlightBytes: Gauge
  }
  /** Told of each connection that ended, `none` when the client closed it. */
  readonly onClosed?: (reason: keyof typeof ingestCodes) => void
}

export interface IngestServer extends AsyncDisposable {
  readonly socketPath: string
  readonly connectionCount: number
}

/**
 * Serves the binary ingest socket until disposed, which closes every client with the reason `stopping`.
 *
 * throws  Fault<SocketFault>
 */
export async function startIngestServer(
  options: IngestServerOptions,
  needs: IngestServerNeeds
): Promise<IngestServer> {
  const limits = { ...defaultIngestOptions, ...options.limits }
  checkIngestOptions(limits)
  const clients = new IngestClients(limits, needs)
  const server = createServer(socket => clients.accept(socket))
  await listenUnix(server, options.socketPath)
  return {
    socketPath: options.socketPath,
    get connectionCount() {
      return clients.count
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>(resolve => {
        server.close(() => resolve())
      })
      clients.close()
      await closed
      await rm(options.socketPath, { force: true })
    }
  }
}

/** Connections, and which of them wait for which session. */
class IngestClients {
  readonly #limits: IngestOptions
  readonly #needs: IngestServerNeeds
  readonly #connections = new Set<IngestConnection>()
  readonly #bySession = new Map<string, Set<IngestConnection>>()
  readonly #unsubscribe: (() => void)[]

  constructor(limits: IngestOptions, needs: IngestServerNeeds) {
    this.#limits = limits
    this.#needs = needs
    const { sink } = needs
    this.#unsubscribe = [sink.onCommitted(runs => this.#onCommitted(runs))]
    const stop = sink.onReady?.(() => this.#onReady())
    if (stop !== undefined) this.#unsubscribe.push(stop)
  }

  get count(): number {
    return this.#connections.size
  }

  accept(socket: Socket): void {
    if (this.#connections.size >= this.#limits.connectionsMax) {
      socket.on('error', () => {})
      socket.resume()
      socket.once('finish', () => socket.destroy())
      socket.end(encodeAcknowledgements([closedRecord(ingestCodes.tooManyConnections)]))
      this.#needs.onClosed?.('tooManyConnections')
      return
    }
    const connection: IngestConnection = new IngestConnection(socket, this.#limits, {
      sink: this.#needs.sink,
      onSession: session => this.#listen(session, connection),
      onClosed: reason => this.#forget(connection, reason)
    })
    this.#connections.add(connection)
    this.#measure()
  }

  close(): void {
    for (const stop of this.#unsubscribe) stop()
    for (const connection of this.#connections) connection.close('stopping')
  }

  #listen(session: string, connection: IngestConnection): void {
    const listeners = this.#bySession.get(session)
    if (listeners === undefined) this.#bySession.set(session, new Set([connection]))
    else listeners.add(connection)
  }

  #forget(connection: IngestConnection, reason: keyof typeof ingestCodes): void {
    this.#connections.delete(connection)
    for (const session of connection.sessions) {
      const listeners = this.#bySession.get(session)
      listeners?.delete(connection)
      if (listeners?.size === 0) this.#bySession.delete(session)
    }
    this.#measure()
    this.#needs.onClosed?.(reason)
  }

  #onCommitted(runs: readonly CommittedRun[]): void {
    for (const run of runs) {
      for (const connection of this.#bySession.get(run.session) ?? []) connection.committed(run)
    }
    this.#measure()
  }

  #onReady(): void {
    for (const connection of this.#connections) connection.ready()
  }

  #measure(): void {
    const { meters } = this.#needs
    let inFlightBytes = 0
    for (const connection of this.#connections) inFlightBytes += connection.inFlightBytes
    ;(meters?.connections ?? nullGauge).set(this.#connections.size)
    ;(meters?.inFlightBytes ?? nullGauge).set(inFlightBytes)
  }
}
