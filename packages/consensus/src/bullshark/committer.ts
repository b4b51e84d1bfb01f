import {
  assert,
  type CommitIndex,
  type Digest,
  type Hash,
  type Millis,
  ReleasingMap,
  type ReplicaId,
  type Round
} from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { Certificate } from '../dag/certificate.ts'
import type { Dag } from '../dag/dag.ts'
import type { Header } from '../dag/header.ts'
import { type CommittedSubDag, genesisCommitDigest, makeSubDag } from '../dag/sub-dag.ts'
import type { SigningDomain } from '../signing.ts'
import type { Awaited, CommitEngine, LogPosition } from './engine.ts'
import { ExactEngine } from './exact-engine.ts'
import { LeaderSchedule } from './leader-schedule.ts'
import { type BullsharkClusterOptions, schedulePeriod } from './options.ts'
import type { BullsharkRules } from './rules.ts'
import { TurboEngine } from './turbo-engine.ts'

export interface CommitterNeeds {
  readonly committee: Committee
  readonly domain: SigningDomain
  readonly hash: Hash
  readonly rules: BullsharkRules
  readonly dag: Dag
}

function makeEngine(
  { turbo }: BullsharkClusterOptions,
  { dag, rules }: CommitterNeeds,
  schedule: LeaderSchedule
): CommitEngine {
  return turbo === undefined
    ? new ExactEngine({ dag, rules, leaderOf: schedule.leaderOf })
    : new TurboEngine(turbo, { dag, rules, schedule })
}

/** Commits that a restore or a snapshot must hand over, so that what is ordered and who leads are known. */
export function commitWindow(options: BullsharkClusterOptions, replicas: number): number {
  const period = schedulePeriod(options)
  const schedule = period === 0 ? 0 : options.scheduleWindowCommits + period
  const commitsPerRound = Math.min(options.turbo?.anchorsPerRound ?? 1, replicas)
  return Math.max((options.gcDepthRounds + 2) * commitsPerRound, schedule)
}

/** Turns the DAG into the agreed log: asks the engine for anchors, orders what they reach, keeps the chain and the scores. */
export class Committer {
  readonly #options: BullsharkClusterOptions
  readonly #needs: CommitterNeeds
  readonly #schedule: LeaderSchedule
  readonly #engine: CommitEngine
  #position: LogPosition = { round: 0 as Round, anchors: 0 }
  #lastIndex = 0 as CommitIndex
  #lastDigest: Digest = genesisCommitDigest
  #lastTimestamp = 0 as Millis
  /** Authors of the anchors that were ordered, of the rounds that are not collected yet. */
  readonly #ordered = new ReleasingMap<Round, ReplicaId[]>()

  constructor(options: BullsharkClusterOptions, needs: CommitterNeeds) {
    this.#options = options
    this.#needs = needs
    this.#schedule = new LeaderSchedule(options, needs)
    this.#engine = makeEngine(options, needs, this.#schedule)
  }

  get lastAnchorRound(): Round {
    return this.#position.round
  }

  get lastIndex(): CommitIndex {
    return this.#lastIndex
  }

  get lastDigest(): Digest {
    return this.#lastDigest
  }

  /** The leader of a round, whether or not it has an anchor. */
  leaderOf(round: Round): ReplicaId {
    const [first] = this.anchorsOf(round)
    return first ?? this.#schedule.leaderOf(round)
  }

  /** A header whose signature holds, certified or not. True when there may be something to order by it. */
  onHeader(header: Header): boolean {
    return this.#engine.onHeader(header, this.#position)
  }

  /**
   * Who were the anchors of a round, as long as it is not collected, and then who may be, as the log stands: of a round that was
   * passed over, by the schedule of now. Empty where a round has none.
   */
  anchorsOf(round: Round): readonly ReplicaId[] {
    const anchors = this.#engine.anchorsOf(round, this.#position)
    const ordered = this.#ordered.get(round)
    if (ordered === undefined) return anchors
    return [...ordered, ...anchors.filter(author => !ordered.includes(author))]
  }

  /** What a round of which a quorum is certified still waits for. */
  awaits(round: Round, self: ReplicaId): Awaited {
    return this.#engine.awaits(round, self, this.#position)
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
    this.#lastTimestamp = last.timestamp
    this.#position = { round: 0 as Round, anchors: 0 }
    this.#schedule.reset()
    this.#ordered.clear()
    for (const commit of commits) this.#advance(commit)
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
    const commits: CommittedSubDag[] = []
    while (this.#lastIndex < stopAt) {
      const anchors = this.#engine.next(this.#position)
      if (anchors.length === 0) break
      for (const anchor of anchors) {
        if (this.#lastIndex < stopAt) commits.push(this.#order(anchor))
      }
    }
    return commits
  }

  #order(anchor: Certificate): CommittedSubDag {
    const { dag, rules, domain, hash } = this.#needs
    const { gcDepthRounds } = this.#options
    const { round, author } = anchor.header
    const isUpwards = round > this.lastAnchorRound || this.#isNextOfRound(anchor)
    assert(isUpwards, 'anchors are ordered upwards')
    const floor = rules.gcRound(round, gcDepthRounds, dag.highestRound)
    const vertices = rules.history(dag, anchor, floor)
    const fields = {
      epoch: domain.epoch,
      index: (this.#lastIndex + 1) as CommitIndex,
      anchor: { round, author, digest: anchor.digest },
      timestamp: rules.timestamp(dag, vertices, this.#lastTimestamp),
      previous: this.#lastDigest,
      vertices: vertices.map(({ header, digest }) => ({
        round: header.round,
        author: header.author,
        digest,
        payload: header.payload
      }))
    }
    const subDag = makeSubDag(
      { ...fields, scores: this.#schedule.scoresWith(fields) },
      domain,
      hash
    )
    for (const vertex of subDag.vertices) dag.markCommitted(vertex)
    this.#advance(subDag)
    this.#lastIndex = subDag.index
    this.#lastDigest = subDag.digest
    this.#lastTimestamp = subDag.timestamp
    return subDag
  }

  #isNextOfRound({ header: { round, author } }: Certificate): boolean {
    const { dag, rules } = this.#needs
    return round === this.lastAnchorRound && !rules.isOrdered(dag, round, author)
  }

  #noteAnchor({ anchor: { round, author } }: CommittedSubDag): void {
    const known = this.#ordered.get(round)
    if (known !== undefined) {
      known.push(author)
      return
    }
    this.#ordered.set(round, [author])
    for (const before of this.#ordered.keys()) {
      if (before + this.#options.gcDepthRounds > round) break
      this.#ordered.delete(before)
    }
  }

  #advance(commit: CommittedSubDag): void {
    const { round } = commit.anchor
    const anchors = round === this.#position.round ? this.#position.anchors + 1 : 1
    this.#position = { round, anchors }
    this.#noteAnchor(commit)
    this.#schedule.count(commit)
  }
}
