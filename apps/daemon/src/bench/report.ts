import type { Agreement } from '../devnet/agreement.ts'
import { countOf, rounded } from '../settings.ts'
import type { BenchLinks } from './bench-network.ts'
import type { LatencySummary } from './bench-window.ts'
import type { ProfileRow } from './cpu-profile.ts'
import { type DiskReading, describeDisk } from './disk-probe.ts'
import type { Environment } from './environment.ts'
import type { GeneratorResult } from './generator.ts'
import type { NodeReading } from './node-reading.ts'
import type { OrderingOptions } from './ordering.ts'
import type { BenchApplication } from './payload-plan.ts'

/** What was asked for, as it is printed beside the result. */
export interface BenchSettings {
  readonly nodes: number
  readonly application: BenchApplication
  readonly transactionBytes: number
  readonly ratePerSecond: number
  readonly durationSeconds: number
  readonly warmupSeconds: number
  readonly connections: number
  readonly writes: 'batched' | 'single'
  /** TLS sockets of the nodes' own were allowed in place of libp2p streams; `plane` says what was used. */
  readonly direct: boolean
  /** One way, on every link. */
  readonly delayMs: number
  /** Of each node, in and out each; 0 for no limit. */
  readonly nodeMbit: number
  /**
   * What makes delay and limit: tbf at both ends of each node's network namespace, or user-space proxies, with one token
   * bucket of each node for what goes in and one for what goes out.
   */
  readonly links: BenchLinks
  /** Daemons killed after the warm-up; what is measured begins 3 s later. */
  readonly crash: number
  /** What differs from the defaults of the daemon. */
  readonly changed: object
}

/** One run, the JSON object of `bench ordering --json`. */
export interface BenchReport {
  readonly benchmark: 'ordering'
  readonly settings: BenchSettings
  /** Committed and acknowledged transactions a second while the window lasted. */
  readonly throughput: number
  /** Of every transaction that was due in the window, from its due time; null when that share was never acknowledged. */
  readonly latencyMs: LatencySummary
  /** The same in the 3 s after a crash. */
  readonly recoveryLatencyMs?: LatencySummary
  readonly transactions: {
    readonly due: number
    readonly acknowledged: number
    readonly missing: number
    /** Refusals as busy; each was sent again. */
    readonly refused: number
  }
  /** Of the daemons, while the window lasted; null for one that could not be read. */
  readonly cpuSeconds: {
    readonly perNode: readonly (number | null)[]
    readonly nodes: number
    /** Of the processes that make the load. */
    readonly generators: number
    /** Of everything else on the machine: work that the daemons had to share it with. */
    readonly others: number
  }
  /** Of all daemons together, for each million bytes of payload committed in the window. */
  readonly cpuMsPerMB: number | null
  /** Largest of the daemons. */
  readonly peakRssBytes: number
  /** Frames given to peers' connections by all daemons, before encryption. */
  readonly wireBytes: number
  readonly signaturesChecked: number
  readonly fsyncs: number
  /** Largest of the daemons. */
  readonly commits: number
  readonly agreement: boolean
  readonly commitsCompared: number
  readonly protocol: string
  readonly encryption: string
  /** What carried the frames: `libp2p`, `direct`, or both. */
  readonly plane: string
  readonly environment: Environment
  /** What the disk did when nobody else used it. */
  readonly disk: DiskReading
  /** Where the first daemon spent its time, when it was profiled. */
  readonly profile?: readonly ProfileRow[]
}

/** What a run brought, before it is put in order. */
export interface Measured {
  readonly result: GeneratorResult
  readonly used: readonly (NodeReading | undefined)[]
  readonly machineSeconds: number
  readonly agreed: Pick<Agreement, 'agreement' | 'compared'>
  readonly protocol: string
  readonly encryption: string
  readonly plane: string
  readonly links: BenchLinks
  readonly environment: Environment
  readonly disk: DiskReading
}

export function reportOf(options: OrderingOptions, measured: Measured): BenchReport {
  const { result, used, machineSeconds, agreed, protocol, encryption, plane, environment, disk } =
    measured
  const readings = used.filter(reading => reading !== undefined)
  const total = readings.reduce(sum, nothing)
  const most = (of: (reading: NodeReading) => number): number => Math.max(0, ...readings.map(of))
  const megabytes = (result.acknowledgedInWindow * options.transactionBytes) / 1e6
  const cpuMs = total.cpuSeconds * 1_000
  const others = Math.max(0, machineSeconds - total.cpuSeconds - result.cpuSeconds)
  return {
    benchmark: 'ordering',
    settings: settingsOf(options, measured.links),
    throughput: Math.round(result.acknowledgedInWindow / (options.durationMs / 1_000)),
    latencyMs: result.latencyMs,
    ...(options.crash === 0 ? {} : { recoveryLatencyMs: result.recoveryLatencyMs }),
    transactions: {
      due: result.due,
      acknowledged: result.answered,
      missing: result.due - result.answered,
      refused: result.refused
    },
    cpuSeconds: {
      perNode: used.map(reading => (reading === undefined ? null : rounded(reading.cpuSeconds))),
      nodes: rounded(total.cpuSeconds),
      generators: rounded(result.cpuSeconds),
      others: rounded(others)
    },
    cpuMsPerMB: megabytes === 0 ? null : rounded(cpuMs / megabytes),
    peakRssBytes: most(({ peakRssBytes }) => peakRssBytes),
    wireBytes: total.wireBytes,
    signaturesChecked: total.signaturesChecked,
    fsyncs: total.fsyncs,
    commits: most(({ commits }) => commits),
    agreement: agreed.agreement,
    commitsCompared: agreed.compared,
    protocol,
    encryption,
    plane,
    environment,
    disk
  }
}

function settingsOf(options: OrderingOptions, links: BenchLinks): BenchSettings {
  const { nodes, application, transactionBytes, ratePerSecond, connections, writes } = options
  const { delayMs, nodeMbit, crash, nodeOptions = {}, clusterOptions = {} } = options
  return {
    nodes,
    application,
    transactionBytes,
    ratePerSecond,
    durationSeconds: options.durationMs / 1_000,
    warmupSeconds: options.warmupMs / 1_000,
    connections,
    writes,
    direct: options.isDirect,
    delayMs,
    nodeMbit,
    links,
    crash,
    changed: { ...nodeOptions, ...changedOf(clusterOptions) }
  }
}

/** The protocol is told by the daemons. */
function changedOf({
  protocol: _,
  ...changed
}: OrderingOptions['clusterOptions'] & object): object {
  return changed
}

const nothing: NodeReading = {
  cpuSeconds: 0,
  peakRssBytes: 0,
  wireBytes: 0,
  signaturesChecked: 0,
  fsyncs: 0,
  commits: 0
}

function sum(a: NodeReading, b: NodeReading): NodeReading {
  return {
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    peakRssBytes: a.peakRssBytes + b.peakRssBytes,
    wireBytes: a.wireBytes + b.wireBytes,
    signaturesChecked: a.signaturesChecked + b.signaturesChecked,
    fsyncs: a.fsyncs + b.fsyncs,
    commits: a.commits + b.commits
  }
}

/** For people. */
export function describeReport(report: BenchReport): string {
  const { settings, throughput, latencyMs, transactions, cpuSeconds, environment } = report
  const { nodes, application, transactionBytes, ratePerSecond, durationSeconds } = settings
  const mb = ((throughput * transactionBytes) / 1e6).toFixed(1)
  const used = cpuSeconds.perNode.map(seconds => seconds?.toFixed(1) ?? '-').join(', ')
  const lines = [
    `${countOf(nodes, 'node')}, ${report.protocol}, ${report.encryption} (${report.plane}), ${application}, ${transactionBytes} bytes, ${ratePerSecond} tx/s offered for ${durationSeconds} s`,
    `links       ${linksOf(settings)}`,
    `throughput  ${throughput} tx/s (${mb} MB/s), ${transactions.acknowledged} of ${transactions.due} acknowledged, ${transactions.refused} refused`,
    `latency ms  ${showLatencies(latencyMs)}`,
    `CPU s       ${used} (${report.cpuMsPerMB ?? '-'} ms for each MB), generators ${cpuSeconds.generators.toFixed(1)}, other work ${cpuSeconds.others.toFixed(1)}`,
    `memory      ${(report.peakRssBytes / 1e6).toFixed(0)} MB at most`,
    `work        ${(report.wireBytes / 1e6).toFixed(0)} MB sent, ${report.signaturesChecked} signatures checked, ${report.fsyncs} fsyncs, ${report.commits} commits`,
    `agreement   ${report.agreement ? 'yes' : 'NO'}, ${report.commitsCompared} commits compared`,
    `disk        ${describeDisk(report.disk)}`,
    `machine     ${environment.cpu}, ${environment.cores} cores, Node ${environment.node}, build ${environment.build}, ${environment.verificationsPerSecond} Ed25519 checks/s, load average ${environment.loadAverage.join(', ')}, ${environment.date}`
  ]
  if (report.recoveryLatencyMs !== undefined) {
    lines[3] += ' (from 3 s after the crash on)'
    lines.splice(4, 0, `after crash ${showLatencies(report.recoveryLatencyMs)} (the first 3 s)`)
  }
  for (const { percent, name, place } of report.profile ?? []) {
    lines.push(`${percent.toFixed(1).padStart(5)} %  ${name}  ${place}`)
  }
  return lines.map(line => `${line}\n`).join('')
}

function linksOf({ delayMs, nodeMbit, links }: BenchReport['settings']): string {
  const parts = [
    delayMs > 0 ? `${delayMs} ms one way` : '',
    nodeMbit > 0 ? `${nodeMbit} Mbit/s for each node, both ways` : ''
  ].filter(part => part !== '')
  return parts.length === 0 ? links : `${parts.join(', ')}, by ${links}`
}

function showLatencies({ p50, p90, p99, p999 }: LatencySummary): string {
  return `p50 ${show(p50)}  p90 ${show(p90)}  p99 ${show(p99)}  p99.9 ${show(p999)}`
}

function show(ms: number | null): string {
  return ms === null ? 'never' : ms.toFixed(1)
}
