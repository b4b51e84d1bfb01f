import { performance } from 'node:perf_hooks'
import type { Millis } from '@novacron/base'

/** Milliseconds since 1970 that never go back while the process lives. */
export type Clock = () => Millis

/** By so much of the time that passes does a clock go on that is ahead of the wall. */
const catchUpPace = 0.9
/** A wall that is further away must stay there for so long before it is believed: some are set to and fro. */
const toleranceMs = 50
const settleMs = 5_000

/**
 * Follows the wall clock: forward in one step, as after a start before the machine knew the time; slowly when it was set
 * back, so that time goes on and timers fire. Both sources are in milliseconds, and `steady` never goes back.
 */
export function followingClock(wall: () => number, steady: () => number): Clock {
  let steadyBefore = steady()
  let now = wall()
  /** Since when, in steady time, the wall is far ahead or far behind. */
  let far: { readonly isAhead: boolean; readonly since: number } | undefined
  return () => {
    const steadyNow = steady()
    const passed = steadyNow - steadyBefore
    steadyBefore = steadyNow
    const shown = wall()
    const isAhead = shown >= now + passed
    const isFar = Math.abs(shown - now - passed) > toleranceMs
    if (!isFar) far = undefined
    else if (far?.isAhead !== isAhead) far = { isAhead, since: steadyNow }
    const isBelieved = far === undefined || steadyNow - far.since >= settleMs
    if (!isBelieved) now += passed
    else now = isAhead ? shown : Math.max(shown, now + passed * catchUpPace)
    return Math.floor(now) as Millis
  }
}

export const systemClock: Clock = followingClock(
  () => Date.now(),
  () => performance.now()
)
