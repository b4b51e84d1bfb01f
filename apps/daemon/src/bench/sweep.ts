import type { Io } from '../io.ts'
import { showMs } from '../settings.ts'
import { benchOrdering, type OrderingOptions } from './ordering.ts'
import type { BenchReport } from './report.ts'
import {
  confirmSaturation,
  defaultSearchOptions,
  type Probe,
  searchSaturation
} from './saturation.ts'

/** How saturation was found, and what happens beyond it. */
export interface SweepReport extends BenchReport {
  /** Short runs, in the order in which they were made. */
  readonly probes: readonly Probe[]
  readonly overload?: {
    /** Twice what was offered at saturation. */
    readonly ratePerSecond: number
    readonly throughput: number
    /** To the throughput at saturation. */
    readonly ratio: number
    readonly peakRssBytes: number
    readonly agreement: boolean
  }
}

export interface SweepOptions extends Omit<OrderingOptions, 'ratePerSecond'> {
  /** Also runs at twice the saturation. */
  readonly isOverloaded: boolean
}

const probeMs = 5_000
/** Less finds what new daemons bear, whose programs are not compiled yet: a fifth of what they bear soon after. */
const probeWarmupMs = 5_000

/**
 * Finds the highest rate with a 99th percentile of 500 ms or less: short runs to find it, and one run of the full length to
 * measure it. Progress goes to `note`.
 */
export async function sweep(
  options: SweepOptions,
  io: Io,
  note: (text: string) => void,
  bench: typeof benchOrdering = benchOrdering
): Promise<SweepReport> {
  const probes: Probe[] = []
  const measure = async (ratePerSecond: number, isShort: boolean) => {
    const durationMs = isShort ? Math.min(probeMs, options.durationMs) : options.durationMs
    const warmupMs = isShort ? Math.min(probeWarmupMs, options.warmupMs) : options.warmupMs
    const isProfiled = options.isProfiled && !isShort
    const run = { ...options, ratePerSecond, durationMs, warmupMs, isProfiled }
    const report = await bench(run, io, () => undefined)
    const { throughput, latencyMs } = report
    const { p99 } = latencyMs
    const slow = p99 === null ? 'never' : showMs(Math.round(p99))
    note(`${ratePerSecond} tx/s for ${showMs(durationMs)}: ${throughput} tx/s, p99 ${slow}`)
    return { ...report, ratePerSecond, p99 }
  }
  const found = await searchSaturation(async rate => {
    const { ratePerSecond, throughput, p99 } = await measure(rate, true)
    const probe = { ratePerSecond, throughput, p99 }
    probes.push(probe)
    return probe
  })
  const rate = found ?? defaultSearchOptions.startRate
  const {
    ratePerSecond,
    p99: _,
    ...report
  } = await confirmSaturation(next => measure(next, false), rate)
  if (!options.isOverloaded) return { ...report, probes }
  const twice = await measure(2 * ratePerSecond, false)
  const { throughput, peakRssBytes, agreement } = twice
  const ratio = Number((throughput / Math.max(1, report.throughput)).toFixed(3))
  const overload = { ratePerSecond: 2 * ratePerSecond, throughput, ratio, peakRssBytes, agreement }
  return { ...report, probes, overload }
}
