import { LatencyHistogram } from '../load/latency-histogram.ts'
import type { SequenceRange } from '../load/sequence-set.ts'
import type { Timetable } from '../load/timetable.ts'
import { type LatencySummary, summaryOf } from './bench-window.ts'

/** One second of a load. */
export interface SecondCount {
  /** Transactions that were due in it. */
  readonly due: number
  /** Acknowledged in it, whenever they were due. */
  readonly acknowledged: number
  /** Of those that were due in it: how many took how long. What is not in it was not acknowledged. */
  readonly latencies: readonly (readonly [tenthsOfMs: number, count: number])[]
}

/** Counts a load second by second, for whoever learns only afterwards which part of it counts. */
export class SecondCounts {
  readonly #timetable: Timetable
  readonly #acknowledged: number[] = []
  readonly #latencies: Map<number, number>[] = []

  constructor(timetable: Timetable) {
    this.#timetable = timetable
  }

  /** Each sequence once. */
  onAcknowledged(connection: number, { first, last }: SequenceRange, atMs: number): void {
    const second = Math.floor(atMs / 1_000)
    this.#acknowledged[second] = (this.#acknowledged[second] ?? 0) + last - first + 1
    for (let sequence = first; sequence <= last; sequence++) {
      const dueAtMs = this.#timetable.dueAtMs(connection, sequence)
      const tenths = Math.max(0, Math.floor((atMs - dueAtMs) * 10))
      const latencies = this.#of(Math.floor(dueAtMs / 1_000))
      latencies.set(tenths, (latencies.get(tenths) ?? 0) + 1)
    }
  }

  /** Every whole second before `endMs`. */
  until(endMs: number): readonly SecondCount[] {
    return Array.from({ length: Math.floor(endMs / 1_000) }, (_, second) => {
      const [from, to] = [second * 1_000, (second + 1) * 1_000]
      return {
        due: this.#timetable.total(to) - this.#timetable.total(from),
        acknowledged: this.#acknowledged[second] ?? 0,
        latencies: [...(this.#latencies[second] ?? [])]
      }
    })
  }

  #of(second: number): Map<number, number> {
    const found = this.#latencies[second]
    if (found !== undefined) return found
    const made = new Map<number, number>()
    this.#latencies[second] = made
    return made
  }
}

/** Of every transaction that was due in these seconds. */
export function latenciesOf(seconds: readonly SecondCount[]): LatencySummary {
  const histogram = new LatencyHistogram()
  let due = 0
  for (const second of seconds) {
    due += second.due
    for (const [tenths, count] of second.latencies) histogram.record((tenths + 0.5) / 10, count)
  }
  return summaryOf(histogram, Math.max(0, due - histogram.count))
}

/** The seconds of which most lies between these times, one at least where there is one. */
export function secondsBetween(
  seconds: readonly SecondCount[],
  fromMs: number,
  toMs: number
): readonly SecondCount[] {
  const first = Math.round(fromMs / 1_000)
  return seconds.slice(first, Math.max(first + 1, Math.round(toMs / 1_000)))
}
