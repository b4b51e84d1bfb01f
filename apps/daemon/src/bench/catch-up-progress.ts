/** How far a daemon was at one moment. */
export interface ProgressPoint {
  readonly atMs: number
  readonly executedIndex: number
}

/** How fast a daemon went, and how evenly. */
export interface CatchUpProgress {
  /** Commits a second; null when there was no way left to go. */
  readonly mean: number | null
  /** The same in each fifth of the way, in commits, from the first to the last. */
  readonly fifths: readonly number[]
  /** The slowest fifth to the mean: 1 is perfectly steady. */
  readonly leastOverMean: number | null
}

const parts = 5

/** From the first point to the last; between two points it is taken to have gone evenly. */
export function catchUpProgress(points: readonly ProgressPoint[]): CatchUpProgress {
  const [first, last] = [points[0], points.at(-1)]
  const way = (last?.executedIndex ?? 0) - (first?.executedIndex ?? 0)
  if (first === undefined || last === undefined || way <= 0 || last.atMs <= first.atMs) {
    return { mean: null, fifths: [], leastOverMean: null }
  }
  const times = Array.from({ length: parts + 1 }, (_, i) =>
    timeAt(points, first.executedIndex + (way * i) / parts)
  )
  const fifths = times.slice(1).map((atMs, i) => {
    // A snapshot is a jump, which takes no time.
    const ms = Math.max(1, atMs - (times[i] ?? atMs))
    return (1_000 * way) / parts / ms
  })
  const mean = (1_000 * way) / (last.atMs - first.atMs)
  return {
    mean: Math.round(mean),
    fifths: fifths.map(Math.round),
    leastOverMean: Number((Math.min(...fifths) / mean).toFixed(3))
  }
}

/** When it came to a commit, which may lie between two of its own. */
function timeAt(points: readonly ProgressPoint[], index: number): number {
  const after = points.findIndex(({ executedIndex }) => executedIndex >= index)
  const [from, to] = [points[after - 1], points[after]]
  if (to === undefined) return points.at(-1)?.atMs ?? 0
  if (from === undefined) return to.atMs
  const share = (index - from.executedIndex) / (to.executedIndex - from.executedIndex)
  return from.atMs + share * (to.atMs - from.atMs)
}
