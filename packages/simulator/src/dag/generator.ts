import type { Prng, ReplicaId, Round } from '@novacron/base'
import type { Certificate } from '@novacron/consensus'
import type { DagBuilder } from './builder.ts'

/** The shape of a random DAG. */
export interface RandomDagOptions {
  readonly rounds: number
  /** How likely a vertex links to the anchor of the round before: one of these is drawn for each anchor. */
  readonly leaderLinkPercents: readonly number[]
  /** Share of vertices that come to be at all, above the quorum that must. */
  readonly vertexPercent: number
}

/**
 * Between 15 and 95 %: anchors with few links are what tells a wrong commit rule from a right one. Uniform links miss four
 * mutants of five.
 */
export const defaultRandomDagOptions: RandomDagOptions = {
  rounds: 28,
  leaderLinkPercents: [15, 35, 60, 95],
  vertexPercent: 85
}

/** Whoever follows the DAG while it grows, since leaders depend on what is committed. */
export interface LeaderSource {
  leaderOf(round: Round): ReplicaId
  /** Empty where a round has none. */
  anchorsOf(round: Round): readonly ReplicaId[]
  give(certificate: Certificate): unknown
}

/** A valid DAG, ascending by round. */
export function randomDag(
  options: RandomDagOptions,
  builder: DagBuilder,
  source: LeaderSource,
  prng: Prng
): Certificate[] {
  const dag: Certificate[] = []
  let before: readonly Certificate[] = []
  for (let number = 1; number <= options.rounds; number++) {
    const round = number as Round
    const shy = drawShy((number - 1) as Round, options, source, prng)
    const current = drawAuthors(options, builder, prng).map(author =>
      builder.vertex(round, author, drawParents(before, shy, builder, prng))
    )
    for (const certificate of current) source.give(certificate)
    dag.push(...current)
    before = current
  }
  return dag
}

function drawAuthors(options: RandomDagOptions, builder: DagBuilder, prng: Prng): ReplicaId[] {
  const { committee } = builder
  const all = prng.shuffle(committee.members.map((_, replica) => replica as ReplicaId))
  return all
    .filter((_, i) => i < committee.quorumWeight || prng.chance(options.vertexPercent / 100))
    .sort((a, b) => a - b)
}

/** Whom the next round links to, and how likely: the anchors of a round, or its leader where it has none. */
export type Shy = ReadonlyMap<ReplicaId, number>

export function drawShy(
  round: Round,
  { leaderLinkPercents }: Pick<RandomDagOptions, 'leaderLinkPercents'>,
  source: Pick<LeaderSource, 'leaderOf' | 'anchorsOf'>,
  prng: Prng
): Shy {
  const anchors = source.anchorsOf(round)
  const shy = anchors.length > 0 ? anchors : [source.leaderOf(round)]
  return new Map(shy.map(author => [author, prng.pick(leaderLinkPercents)]))
}

export function drawParents(
  before: readonly Certificate[],
  shy: Shy,
  builder: DagBuilder,
  prng: Prng
): Certificate[] {
  if (before.length === 0) return []
  const { quorumWeight } = builder.committee
  const anchors = before.filter(({ header }) => shy.has(header.author))
  const others = prng.shuffle(before.filter(({ header }) => !shy.has(header.author)))
  const links: Certificate[] = []
  for (const [at, anchor] of (anchors.length > 1 ? prng.shuffle(anchors) : anchors).entries()) {
    const left = anchors.length - at - 1
    const mustLink = others.length + links.length + left < quorumWeight
    const linkPercent = shy.get(anchor.header.author) as number
    if (mustLink || prng.chance(linkPercent / 100)) links.push(anchor)
  }
  const least = Math.max(0, quorumWeight - links.length)
  const count = Math.min(others.length, least + prng.below(others.length - least + 1))
  return [...links, ...others.slice(0, count)]
}

/**
 * An order in which one observer might hear of the vertices, each after its parents. The tail of delays is heavy, so that
 * some replicas are heard of many rounds late.
 */
export function causalOrder(dag: readonly Certificate[], prng: Prng): Certificate[] {
  return heardOf(dag, prng).map(({ certificate }) => certificate)
}

/** The same, with the time of each in rounds. */
export function heardOf(
  dag: readonly Certificate[],
  prng: Prng
): { readonly certificate: Certificate; readonly time: number }[] {
  const at = new Map<string, number>()
  const slowness = new Map<ReplicaId, number>()
  const heard = dag.map(certificate => {
    const { author, parents, round } = certificate.header
    let slow = slowness.get(author)
    if (slow === undefined) {
      slow = prng.chance(0.3) ? 6 : 1
      slowness.set(author, slow)
    }
    const delay = 0.2 * (1 - prng.fraction()) ** (-1 / 1.1) * slow
    const afterParents = parents.reduce((max, { digest }) => Math.max(max, at.get(digest) ?? 0), 0)
    const time = Math.max(round + Math.min(delay, 12), afterParents + 1e-6)
    at.set(certificate.digest, time)
    return { certificate, time }
  })
  return heard.sort((a, b) => a.time - b.time)
}
