import {
  assert,
  type CommitIndex,
  type Digest,
  type Hash,
  type Millis,
  type Round
} from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { Certificate } from '../dag/certificate.ts'
import type { Dag } from '../dag/dag.ts'
import { type CommittedSubDag, genesisCommitDigest, makeSubDag } from '../dag/sub-dag.ts'
import type { SigningDomain } from '../signing.ts'
import type { BullsharkClusterOptions } from './options.ts'
import type { BullsharkRules, LeaderOf } from './rules.ts'
import {
  baseLeader,
  leaderUnder,
  noSwaps,
  type SwapTable,
  scoreCommit,
  swapTable
} from './schedule.ts'

export interface CommitterNeeds {
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
  readonly rules: BullsharkRules
  readonly dag: Dag
}

/** Commits that a restore or a snapshot must hand over, so that what is ordered and who leads are known. */
export function commitWindow(options: BullsharkClusterOptions): number {
  const schedule =
    options.schedulePeriodCommits === 0
      ? 0
      : options.scheduleWindowCommits + options.schedulePeriodCommits
  return Math.max(options.gcDepthRounds + 2, schedule)
}

/** Turns the DAG into the agreed log: the commit rule, the order of each commit, leaders, garbage collection. */
export class Committer {
  readonly #options: BullsharkClusterOptions
  readonly #needs: CommitterNeeds
  #lastAnchorRound = 0 as Round
  #lastIndex = 0 as CommitIndex
  #lastDigest: Digest = genesisCommitDigest
  #lastTimestamp = 0 as Millis
  #swaps: SwapTable = noSwaps
  /** Points of the last commits, oldest first; empty without a schedule period. */
  readonly #points: (readonly number[])[] = []
  readonly #leaders = new Map<Round, number>()

  constructor(options: BullsharkClusterOptions, needs: CommitterNeeds) {
    this.#options = options
    this.#needs = needs
  }

  get lastAnchorRound(): Round {
    return this.#lastAnchorRound
  }

  get lastIndex(): CommitIndex {
    return this.#lastIndex
  }

  get lastDigest(): Digest {
    return this.#lastDigest
  }

  readonly leaderOf: LeaderOf = round => {
    const { committee, domain, hash } = this.#needs
    let base = this.#leaders.get(round)
    if (base === undefined) {
      if (this.#leaders.size > 1_024) this.#leaders.clear()
      base = baseLeader(round, committee, domain, hash)
      this.#leaders.set(round, base)
    }
    return leaderUnder(this.#swaps, base as ReturnType<LeaderOf>, round)
  }

  /**
   * Takes over a window of commits that ends in the last one ordered: after a restart from the own store, or from a
   * snapshot whose checkpoint vouches for the last digest.
   */
  restore(commits: readonly CommittedSubDag[]): void {
    const last = commits.at(-1)
    if (last === undefined) return
    this.#lastIndex = last.index
    this.#lastDigest = last.digest
    this.#lastAnchorRound = last.anchor.round
    this.#lastTimestamp = last.timestamp
    this.#points.length = 0
    this.#swaps = noSwaps
    for (const commit of commits) this.#score(commit, commit.scores)
    const { dag, rules } = this.#needs
    const floor = rules.gcRound(last.anchor.round, this.#options.gcDepthRounds, dag.highestRound)
    for (const commit of commits) {
      for (const vertex of commit.vertices) {
        if (vertex.round > floor) dag.markCommitted(vertex)
      }
    }
    dag.collect(floor)
  }

  /** Everything that can be ordered now, at most up to `stopAt`. Depends on the DAG alone, not on arrival order. */
  commit(stopAt: number): readonly CommittedSubDag[] {
    const { dag, rules } = this.#needs
    const commits: CommittedSubDag[] = []
    while (this.#lastIndex < stopAt) {
      const direct = rules.directAnchor(dag, this.leaderOf, this.#lastAnchorRound)
      if (direct === undefined) break
      const chain = rules.anchorChain(dag, this.leaderOf, this.#lastAnchorRound, direct)
      for (const anchor of rules.anchorsToOrder(chain)) {
        if (this.#lastIndex < stopAt) commits.push(this.#order(anchor))
      }
    }
    return commits
  }

  #order(anchor: Certificate): CommittedSubDag {
    const { dag, rules, domain, hash } = this.#needs
    const { gcDepthRounds } = this.#options
    const round = anchor.header.round
    assert(round > this.#lastAnchorRound, 'anchors are ordered upwards')
    const floor = rules.gcRound(round, gcDepthRounds, dag.highestRound)
    const vertices = rules.history(dag, anchor, floor)
    const fields = {
      epoch: domain.epoch,
      index: (this.#lastIndex + 1) as CommitIndex,
      anchor: { round, author: anchor.header.author, digest: anchor.digest },
      timestamp: rules.timestamp(dag, vertices, this.#lastTimestamp),
      previous: this.#lastDigest,
      vertices: vertices.map(({ header, digest }) => ({
        round: header.round,
        author: header.author,
        digest,
        payload: header.payload
      }))
    }
    const scores = this.#sumWith(scoreCommit(fields, this.#needs.committee))
    const subDag = makeSubDag({ ...fields, scores }, domain, hash)
    for (const vertex of subDag.vertices) dag.markCommitted(vertex)
    this.#score(subDag, scores)
    this.#lastAnchorRound = round
    this.#lastIndex = subDag.index
    this.#lastDigest = subDag.digest
    this.#lastTimestamp = subDag.timestamp
    return subDag
  }

  #sumWith(points: readonly number[]): readonly number[] {
    if (this.#options.schedulePeriodCommits === 0) return []
    const first = this.#points.length - (this.#options.scheduleWindowCommits - 1)
    const kept = this.#points.slice(Math.max(0, first))
    return points.map((own, replica) =>
      kept.reduce((sum, earlier) => sum + (earlier[replica] ?? 0), own)
    )
  }

  #score(subDag: CommittedSubDag, scores: readonly number[]): void {
    const { schedulePeriodCommits, scheduleWindowCommits } = this.#options
    if (schedulePeriodCommits === 0) return
    this.#points.push(scoreCommit(subDag, this.#needs.committee))
    if (this.#points.length > scheduleWindowCommits) this.#points.shift()
    if (subDag.index % schedulePeriodCommits === 0) {
      this.#swaps = swapTable(scores, this.#needs.committee)
    }
  }
}
