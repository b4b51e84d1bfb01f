import type { ReplicaId, Round } from '@novacron/base'
import { type Committee, Dag, type DagView } from '@novacron/consensus'
import type { DagAnchor, DagRound, DagWindow } from '../api/node-report.ts'

/** What of a Bullshark instance a window shows. */
export interface DagSource {
  readonly dag: DagView
  readonly lastAnchorRound: Round
  /** In the order in which they are decided; empty where a round has none. */
  anchorsOf(round: Round): readonly ReplicaId[]
}

/** Of an orderer that has no DAG. */
export function emptyDagSource(committee: Committee): DagSource {
  return { dag: new Dag(committee), lastAnchorRound: 0 as Round, anchorsOf: () => [] }
}

/** Rounds of the DAG as the control API shows them, ascending. */
export function dagWindow(source: DagSource, { fromRound, toRound }: DagWindow): DagRound[] {
  const rounds: DagRound[] = []
  const last = Math.min(toRound, source.dag.highestRound)
  for (let round = Math.max(1, fromRound, source.dag.gcRound + 1); round <= last; round++) {
    rounds.push(dagRound(source, round as Round))
  }
  return rounds
}

export function dagRound(source: DagSource, round: Round): DagRound {
  const vertices = source.dag.round(round).map(({ header, digest }) => ({
    author: header.author,
    digest,
    parents: header.parents.map(parent => parent.digest),
    batches: header.payload.length
  }))
  const anchor = anchorOf(source, round)
  return anchor === undefined ? { round, vertices } : { round, vertices, anchor }
}

/** Highest round of which a vertex by `author` is held; 0 when there is none. */
export function lastRoundOf(dag: DagView, author: ReplicaId): number {
  for (let round = dag.highestRound; round > dag.gcRound; round--) {
    if (dag.at(round as Round, author) !== undefined) return round
  }
  return 0
}

/** The first of them: with several, the others follow it. */
function anchorOf(source: DagSource, round: Round): DagAnchor | undefined {
  const [author] = source.anchorsOf(round)
  if (author === undefined) return undefined
  const vertex = source.dag.at(round, author)
  const isOrdered = source.dag.isCommitted(round, author)
  const state = isOrdered ? 'committed' : round <= source.lastAnchorRound ? 'skipped' : 'undecided'
  return vertex === undefined ? { author, state } : { author, digest: vertex.digest, state }
}
