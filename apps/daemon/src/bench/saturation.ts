/** What one run at one rate showed. */
export interface Probe {
  readonly ratePerSecond: number
  readonly throughput: number
  /** Null when a hundredth was never acknowledged. */
  readonly p99: number | null
}

/** Where the search for saturation begins, how fine it is, and what a rate must hold. */
export interface SearchOptions {
  readonly startRate: number
  readonly rateMax: number
  /** The search ends when the lowest rate that failed is at most so much above the highest that held. */
  readonly precision: number
  readonly p99MaxMs: number
  /**
   * Short probes of a rate until it counts as one that is not held: a machine that was busy for a moment is no saturation. What
   * passes by luck, a long run finds out.
   */
  readonly triesMax: number
}

export const defaultSearchOptions: SearchOptions = {
  startRate: 4_000,
  rateMax: 4_000_000,
  precision: 1.1,
  p99MaxMs: 500,
  triesMax: 2
}

/** Lower rates that are tried in full length when the short runs were too hopeful. */
const finalRunsMax = 6
const finalStep = 0.9
const lowestRate = 10

export function holds({ p99 }: Probe, { p99MaxMs }: Pick<SearchOptions, 'p99MaxMs'>): boolean {
  return p99 !== null && p99 <= p99MaxMs
}

/**
 * The highest rate that short runs hold, by doubling (or halving) and then bisection; undefined when not even the lowest
 * rate is held.
 */
export async function searchSaturation(
  probe: (ratePerSecond: number) => Promise<Probe>,
  options: SearchOptions = defaultSearchOptions
): Promise<number | undefined> {
  const isHeld = async (rate: number): Promise<boolean> => {
    for (let tries = 1; tries <= options.triesMax; tries++) {
      if (holds(await probe(rate), options)) return true
    }
    return false
  }
  let low: number | undefined
  let high: number | undefined
  for (let rate = options.startRate; high === undefined || low === undefined; ) {
    if (await isHeld(rate)) {
      low = rate
      if (rate >= options.rateMax) return rate
      rate = Math.min(options.rateMax, rate * 2)
    } else {
      high = rate
      if (rate <= lowestRate) return undefined
      rate = Math.max(lowestRate, Math.floor(rate / 2))
    }
  }
  while (high / low > options.precision) {
    const middle = Math.round(Math.sqrt(low * high))
    if (middle === low || middle === high) break
    if (await isHeld(middle)) low = middle
    else high = middle
  }
  return low
}

/** Full-length runs from `rate` downwards until one holds; the last one when none does. */
export async function confirmSaturation<Run extends Probe>(
  run: (ratePerSecond: number) => Promise<Run>,
  rate: number,
  options: SearchOptions = defaultSearchOptions
): Promise<Run> {
  for (let i = 1, next = rate; ; i++, next = Math.max(1, Math.round(next * finalStep))) {
    const found = await run(next)
    if (holds(found, options) || i === finalRunsMax) return found
  }
}
