import { faultyWeight, type Hash, Prng } from '@novacron/base'
import type { BullsharkRules } from '@novacron/consensus'
import type { ReplicaRules } from '@novacron/replica'
import type { RunVerdict } from './checkers/violation.ts'
import { type DagExploration, exploreDag } from './dag/explore.ts'
import type { DriverLaw } from './law.ts'
import { drawMode } from './modes.ts'
import { bullsharkOrderer, replicaProtocol } from './replica-protocol.ts'
import { drawScenario } from './scenario.ts'
import { type SimulationReport, simulate } from './simulate.ts'

/** By what the replicas of a swarm go; what is left out is as shipped. */
export interface SwarmRules {
  readonly bullshark?: BullsharkRules
  readonly replica?: ReplicaRules
  readonly law?: DriverLaw
}

export interface SwarmOutcome {
  readonly verdict: RunVerdict
  /** Empty when it passed. */
  readonly facts: string
  /** Of the world; undefined when the DAG alone showed what is wrong. */
  readonly report: SimulationReport | undefined
}

/**
 * One seed of the ordinary swarm: one random DAG, heard of in many orders, and one world of whole replicas. In a world,
 * anchors that get few votes are too rare to tell all wrong commit rules within some hundred seeds; in a DAG they are drawn.
 */
export function runSwarmSeed(seed: number, hash: Hash, rules: SwarmRules = {}): SwarmOutcome {
  const { bullshark } = rules
  const order = bullshark === undefined ? {} : { rules: bullshark }
  const dag = exploreDag({ ...drawExploration(seed), ...order }, hash)
  if (dag.verdict !== 'pass') return { verdict: dag.verdict, facts: dag.facts, report: undefined }
  return runSwarmWorld(seed, hash, rules)
}

/** Its world alone. Of these rules the DAG has those of the order, and is the same whatever the others are. */
export function runSwarmWorld(seed: number, hash: Hash, rules: SwarmRules = {}): SwarmOutcome {
  const { bullshark, replica, law } = rules
  const orderer = bullsharkOrderer(bullshark)
  const protocol = replicaProtocol(
    replica === undefined ? { orderer } : { orderer, rules: replica },
    hash
  )
  const scenario = drawScenario(seed, law === undefined ? {} : { law })
  const report = simulate(scenario, { hash, protocol })
  return { verdict: report.verdict, facts: report.firstViolation?.facts ?? '', report }
}

/** Leaders change often, little is remembered, and most anchors are linked to by few. */
export function drawExploration(seed: number): DagExploration {
  const prng = new Prng(seed)
  const drawn: DagExploration = {
    seed,
    replicas: prng.pick([4, 4, 4, 4, 7]),
    orders: 24,
    dag: {
      rounds: 48,
      leaderLinkPercents: prng.pick([
        [15, 35, 60],
        [15, 35, 60, 95]
      ])
    },
    bullshark: {
      gcDepthRounds: prng.pick([4, 8, 8]),
      schedulePeriodCommits: prng.pick([0, 1, 1, 2]),
      scheduleWindowCommits: prng.pick([2, 6])
    }
  }
  const bullshark = drawMode(drawn.bullshark ?? {}, prng.fork())
  if (bullshark.turbo === undefined) return drawn
  const headers = { doubles: faultyWeight(drawn.replicas) }
  return { ...drawn, bullshark, headers }
}
