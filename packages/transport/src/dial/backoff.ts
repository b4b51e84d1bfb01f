/**
 * Milliseconds before attempt number `attempt` (0 is the first retry): doubled each time up to the maximum, then spread
 * over its upper half so that peers which lost each other together do not come back together.
 */
export function backoffMs(
  attempt: number,
  { backoffMinMs, backoffMaxMs }: { readonly backoffMinMs: number; readonly backoffMaxMs: number },
  random: () => number
): number {
  const ceilingMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(attempt, 30))
  return ceilingMs * (0.5 + random() / 2)
}
