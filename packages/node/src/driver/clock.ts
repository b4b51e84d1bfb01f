import { performance } from 'node:perf_hooks'
import type { Millis } from '@novacron/base'

/** Milliseconds since 1970 by the monotonic clock, so that they never go back while the process lives. */
export type Clock = () => Millis

export const systemClock: Clock = () =>
  Math.floor(performance.timeOrigin + performance.now()) as Millis
