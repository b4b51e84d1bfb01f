import type { NodeSockets } from './api/node-report.ts'
import { assembleCore, type Core } from './assembly/core.ts'
import { openNodeLogs } from './assembly/logs.ts'
import { type MeshStarter, startNodeMesh } from './assembly/mesh.ts'
import { dropUnnamedBatches } from './assembly/reconcile.ts'
import { chainFactsOf } from './assembly/replica-settings.ts'
import { startServers } from './assembly/servers.ts'
import { bindToChain, openNodeStore } from './assembly/store.ts'
import type { DataPaths } from './config/data-paths.ts'
import { loadNode } from './config/init.ts'
import { placeSockets } from './config/socket-place.ts'
import { sodium } from './config/sodium.ts'
import type { Control } from './control/control.ts'
import type { StoreNeeds } from './store/level-store.ts'
import { startSampling } from './telemetry/gauges.ts'
import { errorFacts } from './telemetry/log.ts'
import { machineCounters } from './telemetry/machine-counters.ts'
import { createPrometheusMetrics } from './telemetry/prometheus.ts'

export type StopReason =
  | { readonly type: 'asked' }
  /** A broken invariant or a failed disk: the process must end with an error. */
  | { readonly type: 'failed'; readonly error: unknown }

export interface RunningNode extends AsyncDisposable {
  readonly name: string
  readonly paths: DataPaths
  readonly control: Control
  /** Resolves when `node.stop` was called or the node failed; the owner then disposes it. */
  readonly stopped: Promise<StopReason>
}

export interface StartOptions {
  /** The store's seams, for crash tests. */
  readonly store?: StoreNeeds
  /** How the mesh is started, for programs that stand between a node and its peers. */
  readonly mesh?: MeshStarter
}

/**
 * Starts a node from its data directory: store, machine, mesh, servers, in this order; disposal releases them in reverse. A
 * failed start releases what it had acquired.
 *
 * throws  ConfigFault, StoreFault, ListenFault, SocketFault
 */
export async function startNode(
  directory: string,
  options: StartOptions,
  signal: AbortSignal
): Promise<RunningNode> {
  await using stack = new AsyncDisposableStack()
  const loaded = loadNode(directory)
  const { name } = loaded.options
  const logs = stack.use(openNodeLogs(loaded))
  const log = logs.module('node')
  const stopping = Promise.withResolvers<StopReason>()
  const onFailure = (error: unknown): void => {
    log.fatal('failed', { error: errorFacts(error) })
    stopping.resolve({ type: 'failed', error })
  }
  const late: { core?: Core; urls?: Partial<NodeSockets> } = {}
  const opened = await openNodeStore(loaded, options.store ?? {}, {
    log: logs.module('store'),
    onDiskFull: () => late.core?.driver.onDiskFull(),
    onFailure
  })
  const store = stack.use(opened.store)
  signal.throwIfAborted()
  const facts = chainFactsOf(loaded.genesis)
  const { committee, domain } = facts
  await bindToChain(store, domain.chain, loaded.paths.genesis)
  const dropped = await dropUnnamedBatches(store, domain, loaded.genesis.cluster.gcDepthRounds)
  if (dropped > 0) log.info('unnamed-batches-dropped', { count: dropped })
  const prometheus = stack.use(createPrometheusMetrics({ machineCounters }))
  const { metrics } = prometheus
  const sockets = stack.use(placeSockets(directory, loaded.options.api.socketDirectory))
  const core = assembleCore({
    loaded,
    facts,
    opened,
    logs,
    metrics,
    sockets: () => ({ control: sockets.control, ingest: sockets.ingest, ...late.urls }),
    onStopAsked: () => stopping.resolve({ type: 'asked' }),
    onFailure
  })
  late.core = core
  const { replica, control, wire, telemetry } = core
  const driver = stack.use(core.driver)
  driver.post({ type: 'started' })
  const mesh = await startNodeMesh(
    { loaded, chain: domain.chain, committee, driver, telemetry },
    signal,
    options.mesh
  )
  wire.connect(stack.use(mesh))
  const onRoundTrip = (roundTripMs: number) =>
    driver.post({ type: 'network-measured', roundTripMs })
  stack.use(startSampling({ replica, mesh, store, prometheus, onRoundTrip }))
  const serverLog = logs.module('api')
  const servers = stack.use(
    await startServers({ loaded, facts, control, store, sockets, prometheus, log: serverLog })
  )
  late.urls = servers.urls
  const signatures = sodium === undefined ? 'openssl' : 'libsodium'
  log.info('started', { name, peer: loaded.keys.peerId, chain: domain.chain, signatures })
  const owned = stack.move()
  return {
    name,
    paths: loaded.paths,
    control,
    stopped: stopping.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync()
  }
}
