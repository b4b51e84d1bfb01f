import { assert } from './assert.ts'

/** Smallest weight above two thirds: any two quorums share an honest replica. */
export function quorumWeight(totalWeight: number): number {
  return totalWeight - faultyWeight(totalWeight)
}

/** Smallest weight that includes an honest replica. */
export function validityWeight(totalWeight: number): number {
  return faultyWeight(totalWeight) + 1
}

/** Largest weight below one third: what may lie. Exact for every safe integer. */
export function faultyWeight(totalWeight: number): number {
  assert(Number.isSafeInteger(totalWeight) && totalWeight >= 1, 'totalWeight >= 1')
  return Math.floor((totalWeight - 1) / 3)
}
