import { type Hash, Prng, type Round } from '@novacron/base'
import type {
  BullsharkOptions,
  BullsharkRules,
  Certificate,
  CommittedSubDag
} from '@novacron/consensus'
import { AgreementChecker } from '../checkers/agreement.ts'
import type { Violation } from '../checkers/violation.ts'
import { DagBuilder } from './builder.ts'
import { defaultRandomDagOptions, heardOf, type RandomDagOptions, randomDag } from './generator.ts'
import { type HeaderTraffic, headersHeard, randomHeaders, type ShownHeaders } from './headers.ts'
import { DagObserver } from './observer.ts'

export interface DagExploration {
  readonly seed: number
  readonly replicas: number
  /** Observers, each with a delivery order of its own. */
  readonly orders: number
  readonly dag?: Partial<RandomDagOptions>
  readonly bullshark?: Partial<BullsharkOptions>
  readonly rules?: BullsharkRules
  /** Each observer also hears of headers; left out, of certificates alone. */
  readonly headers?: HeaderTraffic
}

export interface DagExplorationReport {
  readonly verdict: 'pass' | Violation['verdict']
  readonly facts: string
  readonly vertices: number
  /** Length of the longest log, and of each observer's. */
  readonly commits: number
  readonly lengths: readonly number[]
}

/** Told of the commits that one message brought to one observer, where it brought any. */
export type OnCommitted = (place: number, subDags: readonly CommittedSubDag[]) => void

/**
 * One random DAG, heard of in many orders: all logs must be prefixes of the longest. Stops at the first that is not.
 *
 * source: the same DAG in many orders is what tests/randomized_tests.rs of Sui's Bullshark and Aptos' DAG tests do
 */
export function exploreDag(
  exploration: DagExploration,
  hash: Hash,
  onCommitted: OnCommitted = () => undefined
): DagExplorationReport {
  const { seed, replicas, orders, bullshark = {}, rules } = exploration
  const prng = new Prng(seed)
  const builder = new DagBuilder(replicas, hash)
  const needs = { builder, ...(rules === undefined ? {} : { rules }) }
  // The reference follows the right rules: the DAG must not depend on the mutant that is looked for.
  const reference = new DagObserver(bullshark, { builder })
  const source = {
    leaderOf: (round: Round) => reference.orderer.leaderOf(round),
    anchorsOf: (round: Round) => reference.orderer.anchorsOf(round),
    give: (certificate: Certificate) => reference.give(certificate)
  }
  const options = { ...defaultRandomDagOptions, ...exploration.dag }
  const dag = randomDag(options, builder, source, prng)
  const { headers } = exploration
  const signed = headers === undefined ? [] : randomHeaders(dag, headers, builder, prng.fork())
  let violation: Violation | undefined
  const checker = new AgreementChecker(orders, found => {
    violation ??= found
  })
  const executed: OnCommitted = (place, subDags) => {
    if (subDags.length > 0) onCommitted(place, subDags)
    for (const subDag of subDags) checker.executed(place, subDag)
  }
  const lengths: number[] = []
  for (let place = 0; place < orders && violation === undefined; place++) {
    lengths.push(follow(new DagObserver(bullshark, needs), { dag, signed }, place, executed, prng))
  }
  return {
    verdict: violation?.verdict ?? 'pass',
    facts: violation?.facts ?? '',
    vertices: dag.length,
    commits: checker.head,
    lengths
  }
}

interface Heard {
  readonly dag: readonly Certificate[]
  readonly signed: readonly ShownHeaders[]
}

function follow(
  observer: DagObserver,
  { dag, signed }: Heard,
  place: number,
  executed: OnCommitted,
  prng: Prng
): number {
  const certificates = heardOf(dag, prng)
  const given = certificates.map(({ certificate, time }) => ({
    time,
    give: () => observer.give(certificate)
  }))
  const shown = signed.flatMap(headers =>
    headersHeard(headers, prng).map(({ header, time }) => ({
      time,
      give: () => observer.giveHeader(header)
    }))
  )
  // Without headers the order stays as it was drawn.
  const all = shown.length === 0 ? given : [...given, ...shown].sort((a, b) => a.time - b.time)
  for (const { give } of all) executed(place, give())
  // What is heard again late must change nothing.
  const order = certificates.map(({ certificate }) => certificate)
  for (const certificate of prng.shuffle(order).slice(0, 10)) {
    executed(place, observer.give(certificate))
  }
  return observer.commits.length
}
