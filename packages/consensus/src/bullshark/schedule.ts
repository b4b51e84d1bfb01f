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

/**
 * The first `count` of a seeded order of all replicas, drawn by weight without putting back. The first of them is the base
 * leader.
 */
export function baseOrder(
  round: Round,
  count: number,
  committee: Committee,
  domain: SigningDomain,
  hash: Hash
): readonly ReplicaId[] {
  const drawn = [baseLeader(round, committee, domain, hash)]
  const left = committee.members
    .map((_, replica) => replica as ReplicaId)
    .filter(replica => replica !== drawn[0])
  let weight = committee.weightOfAll(left)
  while (drawn.length < count && left.length > 0) {
    const seed = hash(domainWriter('schedule', domain).u64(round).u16(drawn.length).finish())
    let point = 0
    for (const byte of seed) point = (point * 256 + byte) % weight
    const at = left.findIndex(replica => {
      point -= committee.weightOf(replica)
      return point < 0
    })
    const [next] = left.splice(at, 1) as [ReplicaId]
    weight -= committee.weightOf(next)
    drawn.push(next)
  }
  return drawn
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
export function swapTable(
  scores: readonly number[],
  committee: Committee,
  isWorse: (score: number, lowestGood: number) => boolean = (score, good) => score < good
): SwapTable {
  const order = [...scores.keys()].sort(
    (a, b) => (scores[a] as number) - (scores[b] as number) || a - b
  ) as ReplicaId[]
  const faultyWeight = committee.totalWeight - committee.quorumWeight
  const bad = takeWhileWeight(order, faultyWeight, committee)
  const good = takeWhileWeight([...order].reverse(), faultyWeight, committee)
  const lowestGood = good.reduce((low, r) => Math.min(low, scores[r] as number), Infinity)
  const worse = bad.filter(replica => isWorse(scores[replica] as number, lowestGood))
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

/**
 * The same where every round has anchors: a point for each vertex that is an anchor or that its anchor links to. Each vertex
 * is ordered once, so in time it earns one point, whichever of the two it is, and late it earns none.
 */
export function scoreTurboCommit(
  subDag: Pick<CommittedSubDag, 'vertices' | 'anchor'>,
  committee: Committee
): number[] {
  const scores = new Array<number>(committee.size).fill(0)
  for (const { round, author } of subDag.vertices) {
    if (round >= subDag.anchor.round - 1) scores[author] = (scores[author] as number) + 1
  }
  return scores
}

/**
 * An eighth below the others: less is chance, and who is left out of the anchors for it would only be ordered later. One point
 * less has everybody whose turn in the last round is still to come.
 */
export function isLagging(score: number, lowestGood: number): boolean {
  return 8 * score < 7 * lowestGood && score < lowestGood - 1
}
