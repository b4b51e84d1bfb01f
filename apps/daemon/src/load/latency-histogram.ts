/** Buckets of 0.1 ms. */
const bucketsPerMs = 10
const defaultMaxMs = 60_000

/** Counts latencies in buckets of 0.1 ms up to a maximum; longer ones count as never answered. */
export class LatencyHistogram {
  readonly #buckets: Uint32Array
  #count = 0
  #beyond = 0

  constructor(maxMs: number = defaultMaxMs) {
    this.#buckets = new Uint32Array(maxMs * bucketsPerMs)
  }

  /** Latencies recorded, those beyond the maximum included. */
  get count(): number {
    return this.#count
  }

  record(latencyMs: number, times = 1): void {
    const bucket = Math.max(0, Math.floor(latencyMs * bucketsPerMs))
    this.#count += times
    if (bucket < this.#buckets.length) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + times
    else this.#beyond += times
  }

  /**
   * The latency in ms (upper edge of its bucket) that `percent` of all, `missing` included, do not exceed: nearest rank.
   * Null when there are none, or when that rank was never answered.
   */
  percentile(percent: number, missing = 0): number | null {
    const total = this.#count + missing
    if (total === 0) return null
    let left = Math.max(1, Math.ceil((percent / 100) * total))
    if (left > this.#count - this.#beyond) return null
    for (let bucket = 0; bucket < this.#buckets.length; bucket++) {
      left -= this.#buckets[bucket] ?? 0
      if (left <= 0) return (bucket + 1) / bucketsPerMs
    }
    return null
  }

  clear(): void {
    this.#buckets.fill(0)
    this.#count = 0
    this.#beyond = 0
  }
}
