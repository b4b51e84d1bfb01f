import { type Hash, ReleasingMap, type ReplicaId, type Round } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { CommittedSubDag } from '../dag/sub-dag.ts'
import type { SigningDomain } from '../signing.ts'
import { type BullsharkClusterOptions, commitFactor, schedulePeriod } from './options.ts'
import type { LeaderOf } from './rules.ts'
import {
  baseLeader,
  baseOrder,
  isLagging,
  leaderUnder,
  noSwaps,
  type SwapTable,
  scoreCommit,
  scoreTurboCommit,
  swapTable
} from './schedule.ts'

export interface LeaderScheduleNeeds {
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
}

/** Leaders that are remembered at most. */
const leadersMax = 1_024

/** What the members earned in one commit. */
interface Points {
  readonly anchorRound: Round
  readonly points: readonly number[]
}

/** Who leads which round, as the scores of the commits so far have it. */
export class LeaderSchedule {
  readonly #options: BullsharkClusterOptions
  readonly #needs: LeaderScheduleNeeds
  #swaps: SwapTable = noSwaps
  /** Points of the last commits, oldest first; empty without a schedule period. */
  readonly #points: Points[] = []
  readonly #leaders = new Map<Round, ReplicaId>()
  readonly #orders = new ReleasingMap<Round, readonly ReplicaId[]>()

  constructor(options: BullsharkClusterOptions, needs: LeaderScheduleNeeds) {
    this.#options = options
    this.#needs = needs
  }

  readonly leaderOf: LeaderOf = round => {
    const { committee, domain, hash } = this.#needs
    let base = this.#leaders.get(round)
    if (base === undefined) {
      if (this.#leaders.size > leadersMax) this.#leaders.clear()
      base = baseLeader(round, committee, domain, hash)
      this.#leaders.set(round, base)
    }
    return leaderUnder(this.#swaps, base, round)
  }

  /** The first `count` of those who do not lag, in the seeded order of the round. */
  leadersOf(round: Round, count: number): readonly ReplicaId[] {
    const { bad } = this.#swaps
    return this.#orderOf(round, count + bad.length)
      .filter(replica => !bad.includes(replica))
      .slice(0, count)
  }

  #orderOf(round: Round, count: number): readonly ReplicaId[] {
    const { committee, domain, hash } = this.#needs
    const known = this.#orders.get(round)
    if (known !== undefined && known.length >= Math.min(count, committee.size)) return known
    if (this.#orders.size > leadersMax) this.#orders.clear()
    const order = baseOrder(round, count, committee, domain, hash)
    this.#orders.set(round, order)
    return order
  }

  /** Forgets all scores: those of a window of commits follow. */
  reset(): void {
    this.#points.length = 0
    this.#swaps = noSwaps
  }

  /** The scores that a commit carries: of the window that ends with it. */
  scoresWith(subDag: Pick<CommittedSubDag, 'vertices' | 'anchor'>): readonly number[] {
    if (schedulePeriod(this.#options) === 0) return []
    const first = this.#points.length - (this.#options.scheduleWindowCommits - 1)
    const floor = subDag.anchor.round - this.#windowRoundsMax
    const scores = [...this.#pointsOf(subDag)]
    // For each commit: plain loops, without a closure or an array for each.
    for (let i = Math.max(0, first); i < this.#points.length; i++) {
      const { anchorRound, points } = this.#points[i] as Points
      if (anchorRound <= floor) continue
      for (let replica = 0; replica < scores.length; replica++) {
        scores[replica] = (scores[replica] as number) + (points[replica] ?? 0)
      }
    }
    return scores
  }

  /** Every period the leaders follow the scores. */
  count(subDag: CommittedSubDag): void {
    const period = schedulePeriod(this.#options)
    const { scheduleWindowCommits, turbo } = this.#options
    if (period === 0) return
    this.#points.push({ anchorRound: subDag.anchor.round, points: this.#pointsOf(subDag) })
    if (this.#points.length > scheduleWindowCommits) this.#points.shift()
    if (subDag.index % period !== 0) return
    const { committee } = this.#needs
    this.#swaps = swapTable(subDag.scores, committee, turbo === undefined ? undefined : isLagging)
  }

  /**
   * The rounds in which a window of turbo fills with commits when nobody is missing. With somebody gone commits are rare, and scores
   * that waited for their number would hold on for as long to what was before.
   */
  get #windowRoundsMax(): number {
    const { turbo, scheduleWindowCommits } = this.#options
    if (turbo === undefined) return Number.POSITIVE_INFINITY
    return Math.ceil((2 * scheduleWindowCommits) / commitFactor(turbo, this.#needs.committee.size))
  }

  #pointsOf(subDag: Pick<CommittedSubDag, 'vertices' | 'anchor'>): readonly number[] {
    const { committee } = this.#needs
    const isTurbo = this.#options.turbo !== undefined
    return isTurbo ? scoreTurboCommit(subDag, committee) : scoreCommit(subDag, committee)
  }
}
