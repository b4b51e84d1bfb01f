import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Fault } from '@novacron/base'
import { ControlService, type ControlServiceNeeds, type Gate } from './control-service.ts'
import { hostnameOf, isHostAllowed, isLoopback } from './host-check.ts'
import { refuseAuthorization } from './jwt.ts'
import { type ApiOptions, checkApiOptions, defaultApiOptions } from './options.ts'
import { listenTcp, listenUnix } from './unix-socket.ts'

/** Where the control API listens, and its limits. */
export interface ControlServerOptions {
  /** Of the unix socket; its mode is 0600, and whoever can open it is the operator. */
  readonly socketPath: string
  readonly tcp?: ControlTcpOptions
  readonly limits?: Partial<ApiOptions>
}

/** A listener beside the unix socket, for callers with a token. */
export interface ControlTcpOptions {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  /** 32 bytes that sign the bearer tokens. */
  readonly secret: Uint8Array
  /** PEM. Without it only loopback hosts are listened on. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** Names in the Host header beside those of the loopback and `host` itself. */
  readonly hostnames?: readonly string[]
}

export type ControlServerFault = {
  readonly code: 'tls-required'
  readonly host: string
  readonly allowed: string
}

export interface ControlServer extends AsyncDisposable {
  readonly socketPath: string
  /** Of the TCP listener, with the port that was given. */
  readonly url?: string
  /** WebSocket connections that are open. */
  readonly clientCount: number
}

/**
 * Serves the control API until disposed. Disposal closes WebSockets with a reason, lets answers that are being written
 * leave, and removes the socket file.
 *
 * throws  Fault<SocketFault | ControlServerFault>
 */
export async function startControlServer(
  options: ControlServerOptions,
  needs: ControlServiceNeeds
): Promise<ControlServer> {
  const limits = { ...defaultApiOptions, ...options.limits }
  checkApiOptions(limits)
  await using stack = new AsyncDisposableStack()
  const service = new ControlService(limits, needs)
  const local = createServer(httpOptions(limits))
  serve(local, service, () => undefined)
  await listenUnix(local, options.socketPath)
  stack.defer(() => rm(options.socketPath, { force: true }))
  stack.defer(() => closed(local))
  let url: string | undefined
  if (options.tcp !== undefined) {
    const { server, url: tcpUrl } = await startTcp(options.tcp, limits, service)
    stack.defer(() => closed(server))
    url = tcpUrl
  }
  stack.defer(() => service.close())
  const owned = stack.move()
  return {
    socketPath: options.socketPath,
    ...(url === undefined ? {} : { url }),
    get clientCount() {
      return service.clientCount
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync()
  }
}

function httpOptions(limits: ApiOptions): ServerOptions {
  return {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.bodyTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs)
  }
}

function serve(server: Server, service: ControlService, gate: Gate): void {
  server.maxConnections = service.options.connectionsMax
  server.on('request', (request, response) => void service.answer(request, response, gate))
  server.on('upgrade', (request, socket, head) => service.upgrade(request, socket, head, gate))
}

async function startTcp(
  options: ControlTcpOptions,
  limits: ApiOptions,
  service: ControlService
): Promise<{ readonly server: Server; readonly url: string }> {
  const { host, tls } = options
  if (tls === undefined && !isLoopback(host)) {
    const allowed = 'a loopback host, or tls {key, cert}'
    throw new Fault<ControlServerFault>({ code: 'tls-required', host, allowed })
  }
  const server =
    tls === undefined
      ? createServer(httpOptions(limits))
      : createTlsServer({ ...httpOptions(limits), key: tls.key, cert: tls.cert })
  serve(server, service, tcpGate(options))
  const port = await listenTcp(server, host, options.port)
  const name = host.includes(':') ? `[${host}]` : host
  return { server, url: `${tls === undefined ? 'http' : 'https'}://${name}:${port}` }
}

function tcpGate({ host, hostnames = [], secret }: ControlTcpOptions): Gate {
  const names = [host, ...hostnames].map(name => name.toLowerCase())
  return request => {
    if (!isHostAllowed(request.headers.host, names)) return { status: 403, reason: 'unknown Host' }
    if (isCrossOrigin(request)) return { status: 403, reason: 'Origin differs from Host' }
    const reason = refuseAuthorization(request.headers.authorization, secret, Date.now() / 1000)
    return reason === undefined ? undefined : { status: 401, reason }
  }
}

/** Browsers name the page that asks; programs do not. */
function isCrossOrigin({ headers }: IncomingMessage): boolean {
  if (headers.origin === undefined) return false
  const origin = headers.origin.replace(/^https?:\/\//, '')
  return hostnameOf(origin) === undefined || origin.toLowerCase() !== headers.host?.toLowerCase()
}

function closed(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
    // Answers that are being written get their time; what is still open afterwards is cut.
    setTimeout(() => server.closeAllConnections(), stopGraceMs).unref()
  })
}

const stopGraceMs = 1_000
