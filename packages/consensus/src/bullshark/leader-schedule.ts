import type { Hash, ReplicaId, Round } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { CommittedSubDag } from '../dag/sub-dag.ts'
import type { SigningDomain } from '../signing.ts'
import type { BullsharkClusterOptions } from './options.ts'
import type { LeaderOf } from './rules.ts'
import {
  baseLeader,
  leaderUnder,
  noSwaps,
  type SwapTable,
  scoreCommit,
  swapTable
} from './schedule.ts'

export interface LeaderScheduleNeeds {
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
}

/** Leaders that are remembered at most. */
const leadersMax = 1_024

/** Who leads which round, as the scores of the commits so far have it. */
export class LeaderSchedule {
  readonly #options: BullsharkClusterOptions
  readonly #needs: LeaderScheduleNeeds
  #swaps: SwapTable = noSwaps
  /** Points of the last commits, oldest first; empty without a schedule period. */
  readonly #points: (readonly number[])[] = []
  readonly #leaders = new Map<Round, ReplicaId>()

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

  /** Forgets all scores: those of a window of commits follow. */
  reset(): void {
    this.#points.length = 0
    this.#swaps = noSwaps
  }

  /** The scores that a commit carries: of the window that ends with it. */
  scoresWith(subDag: Pick<CommittedSubDag, 'vertices' | 'anchor'>): readonly number[] {
    if (this.#options.schedulePeriodCommits === 0) return []
    const first = this.#points.length - (this.#options.scheduleWindowCommits - 1)
    const kept = this.#points.slice(Math.max(0, first))
    return scoreCommit(subDag, this.#needs.committee).map((own, replica) =>
      kept.reduce((sum, earlier) => sum + (earlier[replica] ?? 0), own)
    )
  }

  /** Every period the leaders follow the scores. */
  count(subDag: CommittedSubDag): void {
    const { schedulePeriodCommits, scheduleWindowCommits } = this.#options
    if (schedulePeriodCommits === 0) return
    this.#points.push(scoreCommit(subDag, this.#needs.committee))
    if (this.#points.length > scheduleWindowCommits) this.#points.shift()
    if (subDag.index % schedulePeriodCommits === 0) {
      this.#swaps = swapTable(subDag.scores, this.#needs.committee)
    }
  }
}
