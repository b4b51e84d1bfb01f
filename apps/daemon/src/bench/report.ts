import { countOf } from '../settings.ts'
import type { LatencySummary } from './bench-window.ts'
import type { Environment } from './environment.ts'
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
}

/** One run, the JSON object of `bench ordering --json`. */
export interface BenchReport {
  readonly benchmark: 'ordering'
  readonly settings: BenchSettings
  /** Committed and acknowledged transactions a second while the window lasted. */
  readonly throughput: number
  /** Of every transaction that was due in the window, from its due time; null when that share was never acknowledged. */
  readonly latencyMs: LatencySummary
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
  readonly environment: Environment
}

/** Rates and latencies for people. */
export function describeReport(report: BenchReport): string {
  const { settings, throughput, latencyMs, transactions, cpuSeconds, environment } = report
  const { nodes, application, transactionBytes, ratePerSecond, durationSeconds } = settings
  const mb = ((throughput * transactionBytes) / 1e6).toFixed(1)
  const used = cpuSeconds.perNode.map(seconds => seconds?.toFixed(1) ?? '-').join(', ')
  return [
    `${countOf(nodes, 'node')}, ${report.protocol}, ${report.encryption}, ${application}, ${transactionBytes} bytes, ${ratePerSecond} tx/s offered for ${durationSeconds} s`,
    `throughput  ${throughput} tx/s (${mb} MB/s), ${transactions.missing} of ${transactions.due} never acknowledged, ${transactions.refused} refused`,
    `latency ms  p50 ${show(latencyMs.p50)}  p90 ${show(latencyMs.p90)}  p99 ${show(latencyMs.p99)}  p99.9 ${show(latencyMs.p999)}`,
    `CPU s       ${used} (${report.cpuMsPerMB ?? '-'} ms for each MB), generators ${cpuSeconds.generators.toFixed(1)}, other work ${cpuSeconds.others.toFixed(1)}`,
    `memory      ${(report.peakRssBytes / 1e6).toFixed(0)} MB at most`,
    `work        ${(report.wireBytes / 1e6).toFixed(0)} MB sent, ${report.signaturesChecked} signatures checked, ${report.fsyncs} fsyncs, ${report.commits} commits`,
    `agreement   ${report.agreement ? 'yes' : 'NO'}, ${report.commitsCompared} commits compared`,
    `machine     ${environment.cpu}, ${environment.cores} cores, Node ${environment.node}, load average ${environment.loadAverage.join(', ')}, ${environment.date}`
  ]
    .map(line => `${line}\n`)
    .join('')
}

function show(ms: number | null): string {
  return ms === null ? 'never' : ms.toFixed(1)
}
