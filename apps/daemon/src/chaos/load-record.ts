import type { LoadTrace } from '../devnet/load-process.ts'
import type { SequenceRange } from '../load/sequence-set.ts'
import { Timetable } from '../load/timetable.ts'

/** Where in the time of a load something lies: milliseconds after its first transaction was due. */
export type LoadMs = number

/** What has been acknowledged to a load, and when: the truth that the nodes are measured against. */
export class LoadRecord {
  readonly #timetable: Timetable
  readonly #acknowledgedAt: LoadMs[][]
  readonly #started = Promise.withResolvers<void>()
  #sessions: readonly string[] = []
  #startedAt = 0
  #count = 0

  constructor(ratePerSecond: number, lanes: number) {
    this.#timetable = new Timetable(ratePerSecond, lanes)
    this.#acknowledgedAt = Array.from({ length: lanes }, () => [])
  }

  /** Transactions that were acknowledged, each once. */
  get acknowledged(): number {
    return this.#count
  }

  /** Resolves when the load has begun. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  take(message: LoadTrace): void {
    if (message.type === 'started') {
      this.#sessions = message.sessions
      this.#startedAt = message.at
      this.#started.resolve()
      return
    }
    const times = this.#acknowledgedAt[message.lane]
    if (times === undefined) return
    for (let sequence = message.first; sequence <= message.last; sequence++) {
      if (times[sequence] !== undefined) continue
      times[sequence] = message.atMs
      this.#count++
    }
  }

  /** The present by the clock of the load, which runs in another process of the same machine. */
  nowMs(): LoadMs {
    return performance.timeOrigin + performance.now() - this.#startedAt
  }

  /** Every session with the sequences that were acknowledged, ascending. */
  ledger(): ReadonlyMap<string, readonly SequenceRange[]> {
    return new Map(
      this.#sessions.map((session, lane) => [session, rangesOf(this.#acknowledgedAt[lane] ?? [])])
    )
  }

  /**
   * Median latency of all transactions that were due in a stretch of time; those without an acknowledgement count as endless.
   * Infinity when that is half of them, or when none was due.
   */
  medianMs(from: LoadMs, to: LoadMs): number {
    return medianOf(this.#eachLane.flatMap(lane => this.#latenciesMs(lane, from, to)))
  }

  /** The median of each lane by itself: where one daemon of several is slow, half of all transactions are not. */
  laneMediansMs(from: LoadMs, to: LoadMs): readonly number[] {
    return this.#eachLane.map(lane => medianOf(this.#latenciesMs(lane, from, to)))
  }

  /** A stretch with at least this many transactions of each lane. */
  stretchMs(transactions: number, atLeastMs: number): number {
    return Math.max(atLeastMs, this.#timetable.dueAtMs(0, transactions + 1))
  }

  get #eachLane(): readonly number[] {
    return this.#acknowledgedAt.map((_, lane) => lane)
  }

  #latenciesMs(lane: number, from: LoadMs, to: LoadMs): number[] {
    const times = this.#acknowledgedAt[lane] ?? []
    const first = this.#timetable.ofLane(lane, this.#timetable.total(from)) + 1
    const last = this.#timetable.ofLane(lane, this.#timetable.total(to))
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const at = times[first + i]
      const dueAt = this.#timetable.dueAtMs(lane, first + i)
      return at === undefined ? Number.POSITIVE_INFINITY : at - dueAt
    })
  }
}

function medianOf(latencies: readonly number[]): number {
  const ascending = latencies.toSorted((a, b) => a - b)
  return ascending[Math.ceil(ascending.length / 2) - 1] ?? Number.POSITIVE_INFINITY
}

function rangesOf(times: readonly LoadMs[]): SequenceRange[] {
  const ranges: SequenceRange[] = []
  let first = 0
  for (let sequence = 1; sequence <= times.length; sequence++) {
    const isThere = times[sequence] !== undefined
    if (isThere && first === 0) first = sequence
    if (!isThere && first !== 0) {
      ranges.push({ first, last: sequence - 1 })
      first = 0
    }
  }
  return ranges
}
