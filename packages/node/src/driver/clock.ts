import { performance } from 'node:perf_hooks'
import type { Millis } from '@novacron/base'

/** Milliseconds since 1970 that never go back while the process lives. */
export type Clock = () => Millis

/** By so much of the time that passes does a clock go on that is ahead of the wall. */
const catchUpPace = 0.9

/**
 * Follows the wall clock: at once when that is ahead, as after a start before the machine knew the time; slowly when it was
 * set back, so that time goes on and timers fire. Both sources are in milliseconds, and `steady` never goes back.
 */
export function followingClock(wall: () => number, steady: () => number): Clock {
  let steadyBefore = steady()
  let now = wall()
  return () => {
    const steadyNow = steady()
    const passed = steadyNow - steadyBefore
    steadyBefore = steadyNow
    const shown = wall()
    now = shown >= now + passed ? shown : Math.max(shown, now + passed * catchUpPace)
    return Math.floor(now) as Millis
  }
}

export const systemClock: Clock = followingClock(
  () => Date.now(),
  () => performance.now()
)
