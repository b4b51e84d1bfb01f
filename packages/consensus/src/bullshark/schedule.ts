import type { Hash, ReplicaId, Round } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { CommittedSubDag } from '../dag/sub-dag.ts'
import { domainWriter, type SigningDomain } from '../signing.ts'

/** Anchors stand in even rounds from 2 on; the odd round after each votes. */
export function isAnchorRound(round: number): boolean {
  return round >= 2 && round % 2 === 0
}

/**
 * The leader of a round before any swap: SHA-256(domain | round) as a 256-bit big-endian integer, modulo total weight,
 * mapped to the replica whose weight interval holds it. Integers only, so every node computes the same.
 */
export function baseLeader(
  round: Round,
  committee: Committee,
  domain: SigningDomain,
  hash: Hash
): ReplicaId {
  const seed = hash(domainWriter('schedule', domain).u64(round).finish())
  let remainder = 0
  for (const byte of seed) remainder = (remainder * 256 + byte) % committee.totalWeight
  return replicaAtWeight(remainder, committee)
}

function replicaAtWeight(point: number, committee: Committee): ReplicaId {
  let upTo = 0
  for (let replica = 0; replica < committee.size; replica++) {
    upTo += committee.weightOf(replica as ReplicaId)
    if (point < upTo) return replica as ReplicaId
  }
  return 0 as ReplicaId
}

/** Leaders that lag are replaced by leaders that keep up, as a function of the log alone. */
export interface SwapTable {
  readonly bad: readonly ReplicaId[]
  readonly good: readonly ReplicaId[]
}

export const noSwaps: SwapTable = { bad: [], good: [] }

/**
 * The lowest scores, up to the faults that are tolerated, are swapped for the highest. Equal scores swap nobody, and a
 * replica that keeps up again leaves the list with the window.
 */
export function swapTable(scores: readonly number[], committee: Committee): SwapTable {
  const order = [...scores.keys()].sort(
    (a, b) => (scores[a] as number) - (scores[b] as number) || a - b
  ) as ReplicaId[]
  const faultyWeight = committee.totalWeight - committee.quorumWeight
  const bad = takeWhileWeight(order, faultyWeight, committee)
  const good = takeWhileWeight([...order].reverse(), faultyWeight, committee)
  const lowestGood = good.reduce((low, r) => Math.min(low, scores[r] as number), Infinity)
  const worse = bad.filter(replica => (scores[replica] as number) < lowestGood)
  return worse.length === 0 || good.length === 0 ? noSwaps : { bad: worse, good }
}

function takeWhileWeight(
  order: readonly ReplicaId[],
  weightMax: number,
  committee: Committee
): ReplicaId[] {
  const taken: ReplicaId[] = []
  let weight = 0
  for (const replica of order) {
    weight += committee.weightOf(replica)
    if (weight > weightMax) break
    taken.push(replica)
  }
  return taken
}

/** The leader of a round under a swap table; which good one replaces a bad one depends on the round only. */
export function leaderUnder(table: SwapTable, base: ReplicaId, round: Round): ReplicaId {
  if (!table.bad.includes(base) || table.good.length === 0) return base
  return table.good[(round >>> 1) % table.good.length] as ReplicaId
}

/**
 * One point for each replica whose vertex the anchor itself links to: who keeps up is there in time. A function of the
 * commit record alone, so a restart and a snapshot compute the same.
 */
export function scoreCommit(
  subDag: Pick<CommittedSubDag, 'vertices' | 'anchor'>,
  committee: Committee
): number[] {
  const scores = new Array<number>(committee.size).fill(0)
  for (const vertex of subDag.vertices) {
    if (vertex.round === subDag.anchor.round - 1) scores[vertex.author] = 1
  }
  return scores
}
