import { bullsharkCodec, type MessageCodec } from '@novacron/consensus'
import { type ReplicaMessage, replicaCodec } from '@novacron/replica'
import type { NodeSockets } from './api/node-report.ts'
import { makeControl } from './assembly/control.ts'
import { openNodeLogs } from './assembly/logs.ts'
import { startNodeMesh } from './assembly/mesh.ts'
import { dropUnnamedBatches } from './assembly/reconcile.ts'
import { chainFactsOf, makeReplica } from './assembly/replica-settings.ts'
import { startServers } from './assembly/servers.ts'
import { openNodeStore } from './assembly/store.ts'
import type { DataPaths } from './config/data-paths.ts'
import { sha256, verifySignature, verifySignatureAsync } from './config/ed25519.ts'
import { loadNode } from './config/init.ts'
import { placeSockets } from './config/socket-place.ts'
import type { Control } from './control/control.ts'
import { systemClock } from './driver/clock.ts'
import { Driver } from './driver/driver.ts'
import { LateWire } from './driver/late-wire.ts'
import { signatureChecker } from './driver/signatures.ts'
import { SpilledBatches } from './driver/spilled-batches.ts'
import type { StoreNeeds } from './store/level-store.ts'
import { startSampling } from './telemetry/gauges.ts'
import { errorFacts } from './telemetry/log.ts'
import { machineCounters } from './telemetry/machine-counters.ts'
import { Telemetry } from './telemetry/observer.ts'
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
  const logs = stack.use(openNodeLogs(loaded))
  const log = logs.module('node')
  const { name } = loaded.options
  const stopping = Promise.withResolvers<StopReason>()
  const onFailure = (error: unknown): void => {
    log.fatal('failed', { error: errorFacts(error) })
    stopping.resolve({ type: 'failed', error })
  }
  const late: { driver?: Driver; urls?: Partial<NodeSockets> } = {}
  const { store, signedLog } = await openNodeStore(loaded, options.store ?? {}, {
    log: logs.module('store'),
    onDiskFull: () => late.driver?.onDiskFull(),
    onFailure
  })
  stack.use(store)
  signal.throwIfAborted()
  const facts = chainFactsOf(loaded.genesis)
  const { gcDepthRounds } = loaded.genesis.cluster
  const dropped = await dropUnnamedBatches(store, facts.domain, gcDepthRounds)
  if (dropped > 0) log.info('unnamed-batches-dropped', { count: dropped })
  const { committee, domain } = facts
  const batches = new SpilledBatches(store.batches)
  const { replica, bullshark } = makeReplica(loaded.genesis, loaded.options, facts, {
    self: committee.replicaOf(loaded.keys.peerId),
    hash: sha256,
    sign: loaded.keys.consensus.sign,
    batches,
    wasSignedLogPresent: signedLog === 'present'
  })
  const prometheus = stack.use(createPrometheusMetrics({ machineCounters }))
  const { metrics } = prometheus
  const telemetry = new Telemetry(logs.module('replica'), metrics, systemClock)
  const wire = new LateWire()
  const sockets = stack.use(placeSockets(directory, loaded.options.api.socketDirectory))
  const control = makeControl({
    loaded,
    facts,
    replica,
    bullshark,
    store,
    batches,
    mesh: wire,
    sockets: () => ({ control: sockets.control, ingest: sockets.ingest, ...late.urls }),
    setLogLevel: change => logs.setLevel(change),
    stop: () => stopping.resolve({ type: 'asked' }),
    submit: (region, count) => {
      metrics.transactionsAccepted.add(count)
      driver.post({ type: 'submitted', region, count })
    }
  })
  const codec = replicaCodec(bullsharkCodec(domain, sha256), sha256)
  const driver = new Driver({
    machine: replica,
    codec: codec as MessageCodec<ReplicaMessage>,
    store,
    batches,
    wire,
    clock: systemClock,
    signatures: signatureChecker(verifySignature, verifySignatureAsync),
    others: committee.members.map(m => m.peer).filter(peer => peer !== loaded.keys.peerId),
    listener: {
      onExecuted: executed => {
        telemetry.onExecuted(executed)
        control.onExecuted(executed)
      },
      onNote: note => telemetry.onNote(note),
      onCount: (counter, by) => telemetry.onCount(counter, by),
      onStopped: index => log.warn('epoch-stopped', { index }),
      onFailure
    }
  })
  late.driver = stack.use(driver)
  driver.post({ type: 'started' })
  const mesh = await startNodeMesh(loaded, domain.chain, committee, driver, telemetry, signal)
  wire.connect(stack.use(mesh))
  const onRoundTrip = (roundTripMs: number) =>
    driver.post({ type: 'network-measured', roundTripMs })
  stack.use(startSampling({ replica, mesh, store, metrics, onRoundTrip }))
  const serverLog = logs.module('api')
  const servers = stack.use(
    await startServers({ loaded, committee, control, store, sockets, prometheus, log: serverLog })
  )
  late.urls = servers.urls
  log.info('started', { name, peer: loaded.keys.peerId, chain: domain.chain })
  const owned = stack.move()
  return {
    name,
    paths: loaded.paths,
    control,
    stopped: stopping.promise,
    [Symbol.asyncDispose]: () => owned.disposeAsync()
  }
}
