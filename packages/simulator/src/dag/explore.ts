import { type Hash, Prng, type Round } from '@novacron/base'
import type { BullsharkOptions, BullsharkRules, Certificate } from '@novacron/consensus'
import { AgreementChecker } from '../checkers/agreement.ts'
import type { Violation } from '../checkers/violation.ts'
import { DagBuilder } from './builder.ts'
import {
  causalOrder,
  defaultRandomDagOptions,
  type RandomDagOptions,
  randomDag
} from './generator.ts'
import { DagObserver } from './observer.ts'

export interface DagExploration {
  readonly seed: number
  readonly replicas: number
  /** Observers, each with a delivery order of its own. */
  readonly orders: number
  readonly dag?: Partial<RandomDagOptions>
  readonly bullshark?: Partial<BullsharkOptions>
  readonly rules?: BullsharkRules
}

export interface DagExplorationReport {
  readonly verdict: 'pass' | Violation['verdict']
  readonly facts: string
  readonly vertices: number
  /** Length of the longest log, and of each observer's. */
  readonly commits: number
  readonly lengths: readonly number[]
}

/**
 * One random DAG, heard of in many orders: all logs must be prefixes of the longest. Stops at the first that is not.
 *
 * source: the same DAG in many orders is what tests/randomized_tests.rs of Sui's Bullshark and Aptos' DAG tests do
 */
export function exploreDag(exploration: DagExploration, hash: Hash): DagExplorationReport {
  const { seed, replicas, orders, bullshark = {}, rules } = exploration
  const prng = new Prng(seed)
  const builder = new DagBuilder(replicas, hash)
  const needs = { builder, ...(rules === undefined ? {} : { rules }) }
  // The reference follows the right rules: the DAG must not depend on the mutant that is looked for.
  const reference = new DagObserver(bullshark, { builder })
  const source = {
    leaderOf: (round: Round) => reference.orderer.leaderOf(round),
    give: (certificate: Certificate) => reference.give(certificate)
  }
  const dag = randomDag({ ...defaultRandomDagOptions, ...exploration.dag }, builder, source, prng)
  let violation: Violation | undefined
  const checker = new AgreementChecker(orders, found => {
    violation ??= found
  })
  const lengths: number[] = []
  for (let place = 0; place < orders && violation === undefined; place++) {
    lengths.push(follow(new DagObserver(bullshark, needs), dag, place, checker, prng))
  }
  return {
    verdict: violation?.verdict ?? 'pass',
    facts: violation?.facts ?? '',
    vertices: dag.length,
    commits: checker.head,
    lengths
  }
}

function follow(
  observer: DagObserver,
  dag: readonly Certificate[],
  place: number,
  checker: AgreementChecker,
  prng: Prng
): number {
  const order = causalOrder(dag, prng)
  for (const certificate of order) {
    for (const subDag of observer.give(certificate)) checker.executed(place, subDag, undefined)
  }
  // What is heard again late must change nothing.
  for (const certificate of prng.shuffle(order).slice(0, 10)) {
    for (const subDag of observer.give(certificate)) checker.executed(place, subDag, undefined)
  }
  return observer.commits.length
}
