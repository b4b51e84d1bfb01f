/**
 * By how much the clock of a process is wrong that wrote these times of day between two moments of the right clock: the most, and
 * with its sign. What lies between the moments may be right.
 */
export function skewSeenMs(times: readonly number[], fromMs: number, untilMs: number): number {
  let most = 0
  for (const time of times) {
    const skew = time > untilMs ? time - untilMs : time < fromMs ? time - fromMs : 0
    if (Math.abs(skew) > Math.abs(most)) most = skew
  }
  return most
}

/** Within a minute; what a daemon does between two lines of its log takes less. */
const toleranceMs = 60_000

/** That a clock was wrong by this much, in words when it was not; undefined asks for any skew beyond the tolerance. */
export function checkSkew(node: string, seenMs: number, skewMs?: number): readonly string[] {
  const isSeen =
    skewMs === undefined ? Math.abs(seenMs) > toleranceMs : Math.abs(seenMs - skewMs) <= toleranceMs
  const words = `the clock of ${node} was wrong by ${Math.round(seenMs)} ms`
  return isSeen ? [] : [`the fault had no effect: ${words}`]
}

/** Flushes that a daemon has timed. */
export interface Flushes {
  readonly count: number
  readonly seconds: number
}

/** That those between two looks took that much longer, in words when they did not. */
export function checkFlushes(
  node: string,
  before: Flushes,
  after: Flushes,
  lateMs: number
): readonly string[] {
  const count = after.count - before.count
  const meanMs = count <= 0 ? 0 : ((after.seconds - before.seconds) * 1_000) / count
  // One that was timed when the fault came may be among them.
  if (meanMs >= lateMs / 2) return []
  const words = `${count} flushes of ${node} took ${meanMs.toFixed(0)} ms`
  return [`the fault had no effect: ${words}`]
}
