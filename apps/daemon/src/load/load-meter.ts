import { rounded } from '../settings.ts'
import { LatencyHistogram } from './latency-histogram.ts'
import type { LaneProgress, LoadProgress, LoadResult } from './messages.ts'
import type { SequenceRange } from './sequence-set.ts'
import type { Timetable } from './timetable.ts'

/** Of one second; longer latencies are rare in it and count as slow. */
const windowMaxMs = 10_000

/** Measures a load: all of it, and the last second of it by lane. */
export class LoadMeter {
  readonly #timetable: Timetable
  readonly #all = new LatencyHistogram()
  readonly #window = new LatencyHistogram(windowMaxMs)
  readonly #lanes: readonly LatencyHistogram[]
  #startedAt = 0
  #windowStartedMs = 0

  constructor(timetable: Timetable, lanes: number) {
    this.#timetable = timetable
    this.#lanes = Array.from({ length: lanes }, () => new LatencyHistogram(windowMaxMs))
  }

  start(): void {
    this.#startedAt = performance.now()
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  get committed(): number {
    return this.#all.count
  }

  onAcknowledged(lane: number, { first, last }: SequenceRange): void {
    const now = this.elapsedMs
    for (let sequence = first; sequence <= last; sequence++) {
      const latencyMs = now - this.#timetable.dueAtMs(lane, sequence)
      this.#all.record(latencyMs)
      this.#window.record(latencyMs)
      this.#lanes[lane]?.record(latencyMs)
    }
  }

  /** Ends the window and begins the next. */
  progress(submitted: number): LoadProgress {
    const now = this.elapsedMs
    const seconds = Math.max(0.001, (now - this.#windowStartedMs) / 1_000)
    const lanes = this.#lanes.map((lane): LaneProgress => {
      const progress = {
        transactionsPerSecond: Math.round(lane.count / seconds),
        p50Ms: lane.percentile(50)
      }
      lane.clear()
      return progress
    })
    const progress: LoadProgress = {
      type: 'progress',
      elapsedSeconds: rounded(now / 1_000, 1),
      submitted,
      committed: this.committed,
      transactionsPerSecond: Math.round(this.#window.count / seconds),
      p50Ms: this.#window.percentile(50),
      p99Ms: this.#window.percentile(99),
      lanes
    }
    this.#window.clear()
    this.#windowStartedMs = now
    return progress
  }

  result(submitted: number, committedInTime: number, loadMs: number): LoadResult {
    const missing = submitted - this.committed
    return {
      durationSeconds: rounded(loadMs / 1_000, 3),
      submitted,
      committed: this.committed,
      transactionsPerSecond: rounded(loadMs > 0 ? committedInTime / (loadMs / 1_000) : 0, 1),
      latencyMs: { p50: this.#all.percentile(50, missing), p99: this.#all.percentile(99, missing) }
    }
  }
}
