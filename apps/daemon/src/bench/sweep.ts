import type { Io } from '../io.ts'
import { showMs } from '../settings.ts'
import { benchOrdering, type OrderingOptions } from './ordering.ts'
import { type BenchReport, describeReport } from './report.ts'
import {
  confirmSaturation,
  defaultSearchOptions,
  holds,
  type Probe,
  searchSaturation
} from './saturation.ts'

/** How saturation was found, and what happens beyond it. */
export interface SweepReport extends BenchReport {
  /** Short runs, in the order in which they were made. */
  readonly probes: readonly Probe[]
  /** The run of the full length held its rate; otherwise it is no saturation, and no rate was found that is held for so long. */
  readonly isHeld: boolean
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
  // Of every run: what was found in one that disagrees is worth nothing.
  let hasAgreed = true
  const measure = async (ratePerSecond: number, isShort: boolean) => {
    const durationMs = isShort ? Math.min(probeMs, options.durationMs) : options.durationMs
    const warmupMs = isShort ? Math.min(probeWarmupMs, options.warmupMs) : options.warmupMs
    const isProfiled = options.isProfiled && !isShort
    const run = { ...options, ratePerSecond, durationMs, warmupMs, isProfiled }
    const report = await bench(run, io, () => undefined)
    const { throughput, latencyMs } = report
    const { p99 } = latencyMs
    hasAgreed &&= report.agreement
    const slow = p99 === null ? 'never' : showMs(Math.round(p99))
    note(`${ratePerSecond} tx/s for ${showMs(durationMs)}: ${throughput} tx/s, p99 ${slow}`)
    return { ...report, ratePerSecond, p99 }
  }
  note(
    `searching by runs of ${showMs(Math.min(probeMs, options.durationMs))}, each with new daemons; 12 to 20 as a rule`
  )
  const found = await searchSaturation(async rate => {
    const { ratePerSecond, throughput, p99 } = await measure(rate, true)
    const probe = { ratePerSecond, throughput, p99 }
    probes.push(probe)
    return probe
  })
  const rate = found ?? defaultSearchOptions.startRate
  const confirmed = await confirmSaturation(next => measure(next, false), rate)
  const { ratePerSecond, p99: _, ...report } = confirmed
  const isHeld = holds(confirmed, defaultSearchOptions)
  if (!options.isOverloaded) return { ...report, agreement: hasAgreed, probes, isHeld }
  const twice = await measure(2 * ratePerSecond, false)
  const { throughput, peakRssBytes, agreement } = twice
  const ratio = Number((throughput / Math.max(1, report.throughput)).toFixed(3))
  const overload = { ratePerSecond: 2 * ratePerSecond, throughput, ratio, peakRssBytes, agreement }
  return { ...report, agreement: hasAgreed, probes, isHeld, overload }
}

/** For people. */
export function describeSweep(report: SweepReport): string {
  const { isHeld, overload } = report
  const { p99MaxMs } = defaultSearchOptions
  const held = isHeld ? 'p99 held' : 'NOT held: no rate was, for so long'
  let text = `${describeReport(report)}saturation  ${held}, at most ${p99MaxMs} ms\n`
  if (overload === undefined) return text
  const { ratePerSecond, throughput, ratio, peakRssBytes } = overload
  const memory = (peakRssBytes / 1e6).toFixed(0)
  text += `at twice    ${throughput} tx/s of ${ratePerSecond}, ${ratio} of that at saturation, ${memory} MB at most\n`
  return text
}
