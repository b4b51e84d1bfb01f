import { type ControlServerOptions, startControlServer } from '../api/control-server.ts'
import { readJwtSecret } from '../api/jwt.ts'
import type { NodeSockets } from '../api/node-report.ts'
import type { LoadedNode } from '../config/init.ts'
import type { SocketPlace } from '../config/socket-place.ts'
import type { Control } from '../control/control.ts'
import { startIngestServer } from '../ingest/server.ts'
import type { Store } from '../store/store.ts'
import { type ReadinessFacts, readinessChecks } from '../telemetry/health.ts'
import { startHealthServer } from '../telemetry/health-server.ts'
import { errorFacts, type Log } from '../telemetry/log.ts'
import type { PrometheusMetrics } from '../telemetry/prometheus.ts'
import type { ChainFacts } from './replica-settings.ts'
import { ingestFrameBytes } from './sizes.ts'

export interface ServerNeeds {
  readonly loaded: LoadedNode
  readonly facts: ChainFacts
  readonly control: Control
  readonly store: Store
  readonly sockets: SocketPlace
  readonly prometheus: PrometheusMetrics
  readonly log: Log
}

export interface Servers extends AsyncDisposable {
  readonly urls: Pick<NodeSockets, 'health' | 'controlTcp'>
}

/** Control API, ingest socket, health and metrics. Disposal closes them in reverse. */
export async function startServers(needs: ServerNeeds): Promise<Servers> {
  const { loaded, control, sockets, prometheus, log } = needs
  const { api, limits, metrics } = loaded.options
  await using stack = new AsyncDisposableStack()
  const server = stack.use(
    await startControlServer(
      {
        socketPath: sockets.control,
        limits: { connectionsMax: limits.apiConnections },
        ...(await tcpOptions(api.tcp))
      },
      {
        node: control,
        onInternalError: (method, error) =>
          log.error('api-internal-error', { method, error: errorFacts(error) }),
        onCall: (_method, seconds, outcome) => {
          prometheus.metrics.apiCalls[outcome].add(1)
          prometheus.metrics.apiCallSeconds.observe(seconds)
        }
      }
    )
  )
  const { ingestConnections, ingestInFlightBytes } = prometheus.metrics
  stack.use(
    await startIngestServer(
      {
        socketPath: sockets.ingest,
        limits: {
          connectionsMax: limits.ingestConnections,
          payloadBytesMax: loaded.genesis.cluster.transactionBytesMax,
          frameBytesMax: ingestFrameBytes(loaded.genesis.cluster)
        }
      },
      {
        sink: control,
        meters: { connections: ingestConnections, inFlightBytes: ingestInFlightBytes }
      }
    )
  )
  const health = metrics.port === null ? undefined : stack.use(await startHealth(needs))
  const owned = stack.move()
  return {
    urls: {
      ...(health === undefined ? {} : { health: health.url }),
      ...(server.url === undefined ? {} : { controlTcp: server.url })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync()
  }
}

async function tcpOptions(
  tcp: LoadedNode['options']['api']['tcp']
): Promise<Pick<ControlServerOptions, 'tcp'>> {
  if (tcp === null) return {}
  const secret = await readJwtSecret(tcp.jwtSecretFile)
  return { tcp: { host: tcp.host, port: tcp.port, secret } }
}

function startHealth({ loaded, control, store, facts, prometheus }: ServerNeeds) {
  const { host, port } = loaded.options.metrics
  return startHealthServer(
    { host, port: port ?? 0 },
    {
      metrics: prometheus,
      liveness: () => [{ name: 'loop', ok: true, detail: 'the event loop turns' }],
      readiness: () => readinessChecks(readinessFacts(control, store, facts))
    }
  )
}

/** Commits of `bullshark` that a node may be behind and still be ready. */
const commitsBehindMax = 50

function readinessFacts(
  control: Control,
  store: Store,
  { committee, commitFactor }: ChainFacts
): ReadinessFacts {
  const { state, committedIndex, executedIndex, peer } = control.status()
  const connected = new Set(
    control.peers().flatMap(other => (other.state === 'connected' ? [other.peer] : []))
  )
  const connectedWeight = committee.members
    .filter(member => member.peer === peer || connected.has(member.peer))
    .reduce((sum, member) => sum + member.weight, 0)
  return {
    state,
    commitsBehind: committedIndex - executedIndex,
    commitsBehindMax: commitsBehindMax * commitFactor,
    connectedWeight,
    // An observer follows with a single good upstream.
    quorumWeight: control.isMember ? committee.quorumWeight : 0,
    isStoreWritable: store.stats().state === 'open'
  }
}
