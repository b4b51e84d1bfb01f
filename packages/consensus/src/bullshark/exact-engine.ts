import type { ReplicaId, Round } from '@novacron/base'
import type { Certificate } from '../dag/certificate.ts'
import type { DagView } from '../dag/dag.ts'
import type { Awaited, CommitEngine, LogPosition } from './engine.ts'
import type { BullsharkRules, LeaderOf } from './rules.ts'
import { isAnchorRound } from './schedule.ts'

export interface ExactEngineNeeds {
  readonly dag: DagView
  readonly rules: BullsharkRules
  readonly leaderOf: LeaderOf
}

/**
 * Bullshark as published: one anchor in every second round, committed by the certified votes of the round after it.
 *
 * source: Spiegelman et al., arXiv 2209.05633
 */
export class ExactEngine implements CommitEngine {
  readonly #needs: ExactEngineNeeds

  constructor(needs: ExactEngineNeeds) {
    this.#needs = needs
  }

  next({ round }: LogPosition): readonly Certificate[] {
    const { dag, rules, leaderOf } = this.#needs
    const direct = rules.directAnchor(dag, leaderOf, round)
    if (direct === undefined) return []
    return rules.anchorsToOrder(rules.anchorChain(dag, leaderOf, round, direct))
  }

  /** Certified votes alone count. */
  onHeader(): boolean {
    return false
  }

  anchorsOf(round: Round): readonly ReplicaId[] {
    return isAnchorRound(round) ? [this.#needs.leaderOf(round)] : []
  }

  awaits(round: Round, self: ReplicaId): Awaited {
    const { dag, rules, leaderOf } = this.#needs
    return rules.isReady(dag, round, leaderOf, self) ? 'nothing' : 'leader'
  }
}
