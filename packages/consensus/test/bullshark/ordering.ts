import { Prng } from '@novacron/base'
import { Committer } from '../../src/bullshark/committer.ts'
import type { BullsharkClusterOptions } from '../../src/bullshark/options.ts'
import {
  type BullsharkRules,
  bullsharkRules,
  type Certificate,
  type CommittedSubDag,
  type Committee,
  Dag
} from '../../src/index.ts'
import { at, batch, domain, hash, replica, Sketch } from '../fixtures.ts'

export const never = Number.MAX_SAFE_INTEGER

/** One node's view of a DAG: what it has taken in, and what it has ordered. */
export class Observer {
  readonly dag: Dag
  readonly committer: Committer
  readonly commits: CommittedSubDag[] = []
  readonly #options: BullsharkClusterOptions
  readonly #rules: BullsharkRules

  constructor(
    committee: Committee,
    options: BullsharkClusterOptions,
    rules: BullsharkRules = bullsharkRules
  ) {
    this.dag = new Dag(committee)
    this.#options = options
    this.#rules = rules
    this.committer = new Committer(options, { committee, domain, hash, rules, dag: this.dag })
  }

  insert(certificates: readonly Certificate[]): this {
    for (const c of certificates) if (c.header.round > this.dag.gcRound) this.dag.insert(c)
    return this
  }

  /** Orders what can be ordered and collects garbage, as the machine does. */
  order(stopAt = never): this {
    const commits = this.committer.commit(stopAt)
    this.commits.push(...commits)
    const { lastAnchorRound } = this.committer
    const { gcDepthRounds } = this.#options
    this.dag.collect(this.#rules.gcRound(lastAnchorRound, gcDepthRounds, this.dag.highestRound))
    return this
  }

  get digests(): string[] {
    return this.commits.map(commit => commit.digest)
  }

  get anchors(): number[] {
    return this.commits.map(commit => commit.anchor.round)
  }
}

/** A DAG as a bad network makes it: some are late, and how often a round's leader is linked differs from round to round. */
export function randomSketch(
  seed: number,
  committee: Committee,
  rounds: number,
  options: BullsharkClusterOptions
): Sketch {
  const prng = new Prng(seed)
  const sketch = new Sketch(committee, (r, author) => ({
    createdAt: at(r * 100 + prng.below(50)),
    payload: prng.chance(0.3) ? [batch(`${seed}/${r}/${author}`)] : []
  }))
  // Leaders move with the schedule, so the bias follows an observer who sees everything.
  const observer = new Observer(committee, options)
  const seats = committee.members.map((_, index) => index)
  const weightOf = (some: readonly number[]) => committee.weightOfAll(some.map(replica))
  for (let r = 1; r <= rounds; r++) {
    const leader = observer.committer.leaderOf(r as never)
    const below = observer.committer.leaderOf((r - 1) as never)
    const linkChance = prng.pick([0.15, 0.35, 0.6, 0.95])
    const late = new Set<number>()
    for (const seat of prng.shuffle(seats)) {
      const isSpared = seat === leader && prng.chance(0.7)
      const left = committee.totalWeight - weightOf([...late, seat])
      if (!isSpared && left >= committee.quorumWeight && prng.chance(0.5)) late.add(seat)
    }
    for (const author of seats) {
      if (late.has(author)) continue
      const there = prng.shuffle(seats.filter(seat => sketch.find(r - 1, seat) !== undefined))
      const linked = there.filter(seat => seat !== below || prng.chance(linkChance))
      for (const seat of there) {
        if (weightOf(linked) >= committee.quorumWeight) break
        if (!linked.includes(seat)) linked.push(seat)
      }
      const certificate = sketch.add(r, author, linked)
      observer.insert([certificate])
    }
    observer.order()
  }
  return sketch
}

/** The same vertices in another order in which each still comes after its parents. */
export function causalShuffle(sketch: Sketch, prng: Prng): Certificate[] {
  const missing = new Map(
    sketch.all.map(c => [c, new Set<string>(c.header.parents.map(p => p.digest))])
  )
  const shuffled: Certificate[] = []
  while (missing.size > 0) {
    const ready = [...missing].filter(([, parents]) => parents.size === 0).map(([c]) => c)
    // Mostly deep first, so that some replicas run far ahead of what the others have shown.
    const next = prng.chance(0.6) ? (ready.at(-1) as Certificate) : prng.pick(ready)
    missing.delete(next)
    for (const parents of missing.values()) parents.delete(next.digest)
    shuffled.push(next)
  }
  return shuffled
}
