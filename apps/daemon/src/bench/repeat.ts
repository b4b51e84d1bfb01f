import type { Io } from '../io.ts'
import { countOf } from '../settings.ts'
import { benchOrdering, type OrderingOptions } from './ordering.ts'
import { type BenchReport, describeReport } from './report.ts'

/** What one of several runs brought. */
export interface Repeat {
  readonly throughput: number
  /** Milliseconds; null when that share was never acknowledged. */
  readonly p50: number | null
  readonly p99: number | null
  readonly missing: number
  /** Of the disk alone, before the run. */
  readonly stalledShare: number
}

/** The run whose 99th percentile lies in the middle, and what the others brought. */
export interface RepeatReport extends BenchReport {
  /** In the order in which they were made, each with new daemons. */
  readonly repeats: readonly Repeat[]
}

/**
 * One run says little of a tail: on one machine the 99th percentile of equal runs differs by half. Of an even number, the
 * worse of the two in the middle is told.
 *
 * throws  Fault<CommandFacts> as `benchOrdering`
 */
export async function repeatOrdering(
  options: OrderingOptions,
  count: number,
  io: Io,
  note: (text: string) => void,
  bench: typeof benchOrdering = benchOrdering
): Promise<RepeatReport> {
  const reports: BenchReport[] = []
  while (reports.length < count) {
    const report = await bench(options, io, note)
    reports.push(report)
    const { throughput, latencyMs } = report
    const latencies = `p50 ${show(latencyMs.p50)}, p99 ${show(latencyMs.p99)}`
    note(`run ${reports.length} of ${count}: ${throughput} tx/s, ${latencies}`)
  }
  const byTail = reports.toSorted((a, b) => tailOf(a) - tailOf(b))
  const middle = byTail[count >> 1] as BenchReport
  const agreement = reports.every(report => report.agreement)
  return { ...middle, agreement, repeats: reports.map(repeatOf) }
}

function tailOf({ latencyMs }: BenchReport): number {
  return latencyMs.p99 ?? Number.MAX_VALUE
}

function repeatOf({ throughput, latencyMs, transactions, disk }: BenchReport): Repeat {
  const { p50, p99 } = latencyMs
  const { stalledShare } = disk
  return { throughput, p50, p99, missing: transactions.missing, stalledShare }
}

/** For people. */
export function describeRepeats(report: RepeatReport): string {
  const { repeats } = report
  const list = (of: (repeat: Repeat) => number | null) =>
    repeats.map(repeat => show(of(repeat))).join(', ')
  const all = `p50 ${list(({ p50 }) => p50)}; p99 ${list(({ p99 }) => p99)}`
  return `${describeReport(report)}of ${countOf(repeats.length, 'run')}   ${all} ms; the one in the middle is above\n`
}

function show(ms: number | null): string {
  return ms === null ? 'never' : ms.toFixed(1)
}
