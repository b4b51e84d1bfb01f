import type { StreamClass } from '@novacron/base'
import type { Plane } from '@novacron/transport'
import {
  type Counter,
  type Gauge,
  type Histogram,
  nullCounter,
  nullGauge,
  nullHistogram
} from './meter.ts'

/** What a node measures. Every name, unit and label that `/metrics` shows is in this file. */
export interface NodeMetrics {
  readonly round: Gauge
  readonly committedIndex: Gauge
  readonly executedIndex: Gauge
  readonly commits: Counter
  readonly leaderTimeouts: Counter
  readonly evidence: Counter
  /** Seconds from the proposal of a vertex to its commit here. */
  readonly commitLatency: Histogram
  readonly batches: Counter
  readonly batchBytes: Counter
  readonly transactionsAccepted: Counter
  readonly transactionsCommitted: Counter
  readonly transactionsRefused: Counter
  readonly peers: Gauge
  readonly sentBytes: Readonly<Record<StreamClass, Counter>>
  readonly receivedBytes: Readonly<Record<StreamClass, Counter>>
  /** Ed25519, whatever came of them. */
  readonly signaturesChecked: Counter
  readonly planeSentBytes: Readonly<Record<Plane, Counter>>
  readonly planeReceivedBytes: Readonly<Record<Plane, Counter>>
  readonly storeFlushes: Counter
  readonly storeFlushSeconds: Histogram
  readonly databaseBytes: Gauge
  readonly segmentBytes: Gauge
  readonly apiCalls: Readonly<Record<CallOutcome, Counter>>
  readonly apiCallSeconds: Histogram
  readonly ingestConnections: Gauge
  readonly ingestInFlightBytes: Gauge
  /** Adds to the counter of a machine's `count` effect; a name outside of the closed list counts as `other`. */
  count(name: string, by: number): void
}

type CallOutcome = 'ok' | 'error'

export const nullMetrics: NodeMetrics = {
  round: nullGauge,
  committedIndex: nullGauge,
  executedIndex: nullGauge,
  commits: nullCounter,
  leaderTimeouts: nullCounter,
  evidence: nullCounter,
  commitLatency: nullHistogram,
  batches: nullCounter,
  batchBytes: nullCounter,
  transactionsAccepted: nullCounter,
  transactionsCommitted: nullCounter,
  transactionsRefused: nullCounter,
  peers: nullGauge,
  sentBytes: { order: nullCounter, sync: nullCounter, bulk: nullCounter },
  receivedBytes: { order: nullCounter, sync: nullCounter, bulk: nullCounter },
  signaturesChecked: nullCounter,
  planeSentBytes: { libp2p: nullCounter, direct: nullCounter },
  planeReceivedBytes: { libp2p: nullCounter, direct: nullCounter },
  storeFlushes: nullCounter,
  storeFlushSeconds: nullHistogram,
  databaseBytes: nullGauge,
  segmentBytes: nullGauge,
  apiCalls: { ok: nullCounter, error: nullCounter },
  apiCallSeconds: nullHistogram,
  ingestConnections: nullGauge,
  ingestInFlightBytes: nullGauge,
  count: () => {}
}

interface Plain<T extends 'counter' | 'gauge'> {
  readonly type: T
  readonly name: string
  readonly help: string
}

interface Bucketed {
  readonly type: 'histogram'
  readonly name: string
  readonly help: string
  readonly buckets: readonly number[]
}

/** A counter with one label, whose values are a closed set. */
export interface LabelledInstrument<V extends string> {
  readonly name: string
  readonly help: string
  readonly label: string
  readonly values: readonly V[]
}

type InstrumentOf<T> = T extends Gauge
  ? Plain<'gauge'>
  : T extends Histogram
    ? Bucketed
    : T extends Counter
      ? Plain<'counter'>
      : never

type LabelledName =
  | 'sentBytes'
  | 'receivedBytes'
  | 'planeSentBytes'
  | 'planeReceivedBytes'
  | 'apiCalls'
export type SingleName = Exclude<keyof NodeMetrics, LabelledName | 'count'>

const latencyBuckets = [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10]
const ioBuckets = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5]
const planes: readonly Plane[] = ['libp2p', 'direct']
const classes: readonly StreamClass[] = ['order', 'sync', 'bulk']

/** Single instruments by the field of `NodeMetrics` that they stand behind. */
export const instruments: { readonly [N in SingleName]: InstrumentOf<NodeMetrics[N]> } = {
  round: gauge('novacron_consensus_round', 'Round of the DAG that the node is in'),
  committedIndex: gauge('novacron_consensus_committed_index', 'Last commit that was decided'),
  executedIndex: gauge('novacron_consensus_executed_index', 'Last commit that was executed'),
  commits: counter('novacron_consensus_commits_total', 'Commits that were delivered'),
  leaderTimeouts: counter(
    'novacron_consensus_leader_timeouts_total',
    'Rounds left without the vertex of their leader'
  ),
  evidence: counter('novacron_consensus_evidence_total', 'Proofs of equivocation that were found'),
  commitLatency: histogram(
    'novacron_consensus_commit_latency_seconds',
    'From the proposal of a vertex to its commit',
    latencyBuckets
  ),
  batches: counter('novacron_mempool_batches_total', 'Batches that this node sealed'),
  batchBytes: counter('novacron_mempool_batch_bytes_total', 'Bytes of these batches'),
  transactionsAccepted: counter(
    'novacron_transactions_accepted_total',
    'Transactions taken from clients'
  ),
  transactionsCommitted: counter(
    'novacron_transactions_committed_total',
    'Transactions executed, of all members'
  ),
  transactionsRefused: counter(
    'novacron_transactions_refused_total',
    'Transactions refused at the door'
  ),
  peers: gauge('novacron_network_peers', 'Peers connected'),
  signaturesChecked: counter('novacron_consensus_signatures_checked_total', 'Signatures checked'),
  storeFlushes: counter('novacron_store_flushes_total', 'Synchronised writes'),
  storeFlushSeconds: histogram(
    'novacron_store_flush_seconds',
    'Duration of one synchronised write',
    ioBuckets
  ),
  databaseBytes: gauge('novacron_store_database_bytes', 'Size of the database directory'),
  segmentBytes: gauge('novacron_store_segment_bytes', 'Size of the segment files'),
  apiCallSeconds: histogram('novacron_api_call_seconds', 'Duration of API calls', ioBuckets),
  ingestConnections: gauge('novacron_ingest_connections', 'Open connections of the ingest socket'),
  ingestInFlightBytes: gauge(
    'novacron_ingest_in_flight_bytes',
    'Bytes taken from ingest clients and not yet committed'
  )
}

/** Counters with one label each. */
export const labelledInstruments: {
  readonly sentBytes: LabelledInstrument<StreamClass>
  readonly receivedBytes: LabelledInstrument<StreamClass>
  readonly planeSentBytes: LabelledInstrument<Plane>
  readonly planeReceivedBytes: LabelledInstrument<Plane>
  readonly apiCalls: LabelledInstrument<CallOutcome>
} = {
  sentBytes: labelled('novacron_network_sent_bytes_total', 'Bytes sent', 'class', classes),
  receivedBytes: labelled(
    'novacron_network_received_bytes_total',
    'Bytes received',
    'class',
    classes
  ),
  planeSentBytes: labelled(
    'novacron_network_plane_sent_bytes_total',
    'Bytes sent with framing, by plane',
    'plane',
    planes
  ),
  planeReceivedBytes: labelled(
    'novacron_network_plane_received_bytes_total',
    'Bytes received with framing, by plane',
    'plane',
    planes
  ),
  apiCalls: labelled('novacron_api_calls_total', 'API calls', 'outcome', ['ok', 'error'])
}

export const machineCounter: Omit<LabelledInstrument<string>, 'values'> = {
  name: 'novacron_machine_events_total',
  help: 'What the protocol machines counted, by name',
  label: 'name'
}

export type ProcessReading =
  | 'eventLoopLag'
  | 'heapUsed'
  | 'external'
  | 'resident'
  | 'residentPeak'
  | 'openFiles'
  | 'cpuSeconds'
  | 'uptimeSeconds'

/** Read from the process when `/metrics` is asked for. */
export const processInstruments: Readonly<Record<ProcessReading, Plain<'gauge'>>> = {
  eventLoopLag: gauge(
    'novacron_process_event_loop_lag_seconds',
    'Longest delay of the event loop since the last reading'
  ),
  heapUsed: gauge('novacron_process_heap_bytes', 'JavaScript heap in use'),
  external: gauge('novacron_process_external_bytes', 'Memory of buffers outside of the heap'),
  resident: gauge('novacron_process_resident_bytes', 'Resident set size'),
  residentPeak: gauge('novacron_process_resident_peak_bytes', 'Largest resident set so far'),
  openFiles: gauge('novacron_process_open_files', 'Open file descriptors, where the system tells'),
  cpuSeconds: gauge('novacron_process_cpu_seconds', 'CPU time used, user and system'),
  uptimeSeconds: gauge('novacron_process_uptime_seconds', 'Since the process started')
}

function counter(name: string, help: string): Plain<'counter'> {
  return { type: 'counter', name, help }
}

function gauge(name: string, help: string): Plain<'gauge'> {
  return { type: 'gauge', name, help }
}

function histogram(name: string, help: string, buckets: readonly number[]): Bucketed {
  return { type: 'histogram', name, help, buckets }
}

function labelled<V extends string>(
  name: string,
  help: string,
  label: string,
  values: readonly V[]
): LabelledInstrument<V> {
  return { name, help, label, values }
}
