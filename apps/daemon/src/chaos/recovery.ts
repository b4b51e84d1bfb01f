import type { LoadMs, LoadRecord } from './load-record.ts'

/** When commits count as normal again. */
export interface RecoveryRule {
  /** Of the median before the fault. */
  readonly ratioMax: number
  /**
   * A median up to this is one as before, whatever it was. Where a commit takes some tens of milliseconds, half as much again
   * is what a processor with something else to do takes; waiting for a leader, sending again or asking another peer is more.
   */
  readonly floorMs: number
  /** The first transactions that must be answered as before. */
  readonly shortMs: number
  /** And those after them, so that one good moment is none. */
  readonly longMs: number
  readonly stepMs: number
}

export const recoveryRule: RecoveryRule = {
  ratioMax: 1.5,
  floorMs: 100,
  shortMs: 250,
  longMs: 1_250,
  stepMs: 25
}
/** Of each lane. */
const transactionsMin = 10

/**
 * Milliseconds after healing from which on transactions are answered as before the fault: the first moment at which, for
 * the clients of each daemon by themselves, the median latency of those due in the next quarter of a second, and of those due in
 * the next second and a quarter, is within the ratio or below the floor. Undefined while no such moment is known.
 */
export function recoveryMs(
  record: LoadRecord,
  healedAt: LoadMs,
  baselineMs: number,
  rule: RecoveryRule = recoveryRule
): number | undefined {
  const limitMs = Math.max(rule.ratioMax * baselineMs, rule.floorMs)
  const shortMs = record.stretchMs(transactionsMin, rule.shortMs)
  const longMs = Math.max(rule.longMs, 2 * shortMs)
  const lastAt = record.nowMs() - longMs - limitMs
  for (let at = Math.max(0, healedAt); at <= lastAt; at += rule.stepMs) {
    if (record.worstMedianMs(at, at + shortMs) > limitMs) continue
    if (record.worstMedianMs(at, at + longMs) <= limitMs) return Math.round(at - healedAt)
  }
  return undefined
}
