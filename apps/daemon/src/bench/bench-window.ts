import { LatencyHistogram } from '../load/latency-histogram.ts'
import type { SequenceRange } from '../load/sequence-set.ts'
import { Timetable } from '../load/timetable.ts'

/** What counts: transactions that are due in this part of a run, and acknowledgements that come in it. */
export interface WindowOptions {
  readonly ratePerSecond: number
  readonly connections: number
  /** The rate rises evenly in this time, from the start on. */
  readonly rampMs: number
  /** After the first transaction was due. */
  readonly fromMs: number
  readonly toMs: number
}

export interface LatencySummary {
  /** Null when that share was never acknowledged. */
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly p999: number | null
}

/** Latency from the due time of every transaction of a window, and the acknowledgements that came while it lasted. */
export class BenchWindow {
  readonly timetable: Timetable
  readonly #options: WindowOptions
  readonly #latencies = new LatencyHistogram()
  #acknowledged = 0

  constructor(options: WindowOptions) {
    this.#options = options
    this.timetable = new Timetable(options.ratePerSecond, options.connections, options.rampMs)
  }

  /** Transactions of the window that have to be answered. */
  get due(): number {
    const { fromMs, toMs } = this.#options
    return this.timetable.total(toMs) - this.timetable.total(fromMs)
  }

  get answered(): number {
    return this.#latencies.count
  }

  /** Acknowledged while the window lasted, whenever they were due. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Each sequence once. */
  onAcknowledged(connection: number, { first, last }: SequenceRange, atMs: number): void {
    const { fromMs, toMs } = this.#options
    if (atMs >= fromMs && atMs < toMs) this.#acknowledged += last - first + 1
    const isBefore = this.timetable.dueAtMs(connection, last) < fromMs
    if (isBefore || this.timetable.dueAtMs(connection, first) >= toMs) return
    for (let sequence = first; sequence <= last; sequence++) {
      const dueAtMs = this.timetable.dueAtMs(connection, sequence)
      if (dueAtMs >= fromMs && dueAtMs < toMs) this.#latencies.record(atMs - dueAtMs)
    }
  }

  latencies(): LatencySummary {
    return summaryOf(this.#latencies, Math.max(0, this.due - this.answered))
  }
}

/** With so many more that were never acknowledged, which took for ever. */
export function summaryOf(latencies: LatencyHistogram, missing: number): LatencySummary {
  const [p50, p90, p99, p999] = [50, 90, 99, 99.9].map(percent =>
    latencies.percentile(percent, missing)
  )
  return { p50: p50 ?? null, p90: p90 ?? null, p99: p99 ?? null, p999: p999 ?? null }
}
