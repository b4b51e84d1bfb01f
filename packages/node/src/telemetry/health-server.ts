import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isHostAllowed } from '../api/host-check.ts'
import { listenTcp } from '../api/unix-socket.ts'
import type { HealthCheck } from './health.ts'

/** Where health and metrics are served; there is no authentication, so the loopback is the default. */
export interface HealthServerOptions {
  /** Loopback by default. */
  readonly host?: string
  /** 0 lets the system choose. */
  readonly port: number
  /** Names in the Host header beside those of the loopback and `host` itself. */
  readonly hostnames?: readonly string[]
  readonly connectionsMax?: number
}

export interface HealthServerNeeds {
  readonly metrics: { readonly contentType: string; render(): Promise<string> }
  /** Of the process: answered while the event loop turns. */
  readonly liveness: () => readonly HealthCheck[]
  readonly readiness: () => readonly HealthCheck[]
}

export interface HealthServer extends AsyncDisposable {
  readonly url: string
}

const defaultConnectionsMax = 64
const headerBytesMax = 8192
const requestTimeoutMs = 5_000

/**
 * Serves `/metrics`, `/livez` and `/readyz` (`?verbose` lists the checks) until disposed.
 *
 * throws  Fault<SocketFault>
 */
export async function startHealthServer(
  options: HealthServerOptions,
  needs: HealthServerNeeds
): Promise<HealthServer> {
  const { host = '127.0.0.1', hostnames = [] } = options
  const names = [host, ...hostnames].map(name => name.toLowerCase())
  const server = createServer(
    {
      maxHeaderSize: headerBytesMax,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 1000
    },
    (request, response) => void answer(request, response, names, needs)
  )
  server.maxConnections = options.connectionsMax ?? defaultConnectionsMax
  const port = await listenTcp(server, host, options.port)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  names: readonly string[],
  { metrics, liveness, readiness }: HealthServerNeeds
): Promise<void> {
  request.resume()
  const [path, query = ''] = (request.url ?? '').split('?', 2)
  const isVerbose = new URLSearchParams(query).has('verbose')
  if (!isHostAllowed(request.headers.host, names)) {
    send(response, 403, 'unknown Host header\n')
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    send(response, 405, 'GET only\n')
  } else if (path === '/metrics') {
    await sendMetrics(response, metrics)
  } else if (path === '/livez') {
    sendChecks(response, liveness(), isVerbose)
  } else if (path === '/readyz') {
    sendChecks(response, readiness(), isVerbose)
  } else {
    send(response, 404, 'the paths are /metrics, /livez and /readyz\n')
  }
}

async function sendMetrics(
  response: ServerResponse,
  metrics: HealthServerNeeds['metrics']
): Promise<void> {
  try {
    send(response, 200, await metrics.render(), metrics.contentType)
  } catch {
    send(response, 500, 'the metrics could not be read\n')
  }
}

/** Plain `ok`, or one line for each check when one fails or all were asked for. */
function sendChecks(
  response: ServerResponse,
  checks: readonly HealthCheck[],
  isVerbose: boolean
): void {
  const isOk = checks.every(check => check.ok)
  const lines = checks.map(({ name, ok, detail }) => `[${ok ? '+' : '-'}] ${name}: ${detail}\n`)
  const verdict = isOk ? 'ok\n' : 'failed\n'
  send(response, isOk ? 200 : 503, isVerbose || !isOk ? `${lines.join('')}${verdict}` : verdict)
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  contentType = 'text/plain; charset=utf-8'
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  })
  response.end(text)
}
