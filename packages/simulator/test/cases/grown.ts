import type { ReplicaId, Round } from '@novacron/base'
import type { BullsharkOptions, Certificate } from '@novacron/consensus'
import { type DagBuilder, DagObserver } from '../../src/index.ts'

/** Every author of every round with links to all of the round before, but for what `isThere` and `links` leave out. */
export function grow(
  builder: DagBuilder,
  rounds: number,
  rules: {
    isThere?: (round: number, author: number) => boolean
    links?: (round: number, author: number, parent: Certificate) => boolean
  }
): Certificate[] {
  const { isThere = () => true, links = () => true } = rules
  const dag: Certificate[] = []
  let before: Certificate[] = []
  for (let round = 1; round <= rounds; round++) {
    const authors = builder.committee.members.map((_, author) => author as ReplicaId)
    const current = authors
      .filter(author => isThere(round, author))
      .map(author =>
        builder.vertex(
          round as Round,
          author,
          before.filter(parent => links(round, author, parent))
        )
      )
    dag.push(...current)
    before = current
  }
  return dag
}

/** Who hears of it in that order. */
export function follow(
  builder: DagBuilder,
  dag: readonly Certificate[],
  bullshark: Partial<BullsharkOptions> = {}
): DagObserver {
  const observer = new DagObserver(bullshark, { builder })
  for (const certificate of dag) observer.give(certificate)
  return observer
}
