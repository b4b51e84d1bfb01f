import type { Digest, Millis, ReplicaId, Round } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { Certificate } from '../dag/certificate.ts'
import type { DagView } from '../dag/dag.ts'
import type { BatchReference, Header } from '../dag/header.ts'
import { isAnchorRound } from './schedule.ts'
import { type SigningRules, signingRules } from './signing-rules.ts'

export type LeaderOf = (round: Round) => ReplicaId

/**
 * The decisions of Bullshark as pure, read-only functions. The machine takes them as a value, so that a test can replace
 * one and show that the checks notice.
 *
 * source: Spiegelman et al., "Bullshark: the partially synchronous version", arXiv 2209.05633
 */
export interface BullsharkRules extends SigningRules {
  /** Weight of the votes in a certificate, of the parents of a vertex, and of a round that is left: 2f+1. */
  quorumWeight(committee: Committee): number
  /** Payload of a header that is not stored here: while there is any, it gets no vote. */
  missingPayload(header: Header, hasBatch: (digest: Digest) => boolean): readonly BatchReference[]
  /**
   * Is stored payload as long as the header says? What is kept of the log is counted by named lengths: who could name any would
   * have all others drop their history.
   */
  namesLengths(header: Header, sizeOfBatch: (digest: Digest) => number | undefined): boolean
  /**
   * What the digests of parents alone do not show: that each stands in the round before, at its author, and is not newer.
   * The commit rule counts on a quorum of the round before below every vertex.
   */
  faultOfParents(header: Header, view: DagView): string | undefined
  /** Weight of votes (links from the next round) that commits an anchor directly: f+1. */
  commitWeight(committee: Committee): number
  /** Weight of signed headers of the next round, each author's first, that commits an anchor fast: 2f+1. */
  fastCommitWeight(committee: Committee): number
  /** The lowest anchor above `after` that is committed by its own votes. */
  directAnchor(view: DagView, leaderOf: LeaderOf, after: Round): Certificate | undefined
  /** From a directly committed anchor back to the oldest that it reaches, newest first. */
  anchorChain(
    view: DagView,
    leaderOf: LeaderOf,
    after: Round,
    direct: Certificate
  ): readonly Certificate[]
  /** Which of the chain are ordered before the rules are asked again: the oldest alone, since a commit may change leaders. */
  anchorsToOrder(chain: readonly Certificate[]): readonly Certificate[]
  isOrdered(view: DagView, round: Round, author: ReplicaId): boolean
  /** Causal history of an anchor above `floor` that no commit has ordered, ascending by (round, author). */
  history(view: DagView, anchor: Certificate, floor: Round): readonly Certificate[]
  /** Rounds at and below it may be forgotten once an anchor of `anchorRound` is committed. */
  gcRound(anchorRound: Round, gcDepthRounds: number, highestRound: Round): Round
  /** May the next round be proposed without waiting for the timer? `round` has a quorum of certificates. */
  isReady(view: DagView, round: Round, leaderOf: LeaderOf, self: ReplicaId): boolean
  timestamp(view: DagView, vertices: readonly Certificate[], before: Millis): Millis
}

export const bullsharkRules: BullsharkRules = {
  ...signingRules,

  quorumWeight: committee => committee.quorumWeight,

  missingPayload: (header, hasBatch) => header.payload.filter(batch => !hasBatch(batch.digest)),

  namesLengths: (header, sizeOfBatch) =>
    header.payload.every(
      ({ digest, sizeBytes }) => (sizeOfBatch(digest) ?? sizeBytes) === sizeBytes
    ),

  faultOfParents(header, view) {
    for (const parent of header.parents) {
      // By place first: a lookup by digest costs ten times as much, and there is one for each parent of each header.
      const inPlace = view.at((header.round - 1) as Round, parent.author)
      const isInPlace = inPlace?.digest === parent.digest
      const vertex = isInPlace ? inPlace?.header : view.get(parent.digest)?.header
      if (vertex === undefined) continue
      if (!isInPlace) return 'header-parents-misplaced'
      if (header.createdAt < vertex.createdAt) return 'header-before-parents'
    }
    return undefined
  },

  commitWeight: committee => committee.validityWeight,

  fastCommitWeight: committee => committee.quorumWeight,

  directAnchor(view, leaderOf, after) {
    for (let round = nextAnchorRound(after); round < view.highestRound; round += 2) {
      const anchor = view.at(round as Round, leaderOf(round as Round))
      if (anchor === undefined) continue
      if (voteWeight(view, anchor) >= this.commitWeight(view.committee)) return anchor
    }
    return undefined
  },

  anchorChain(view, leaderOf, after, direct) {
    const chain = [direct]
    let newest = direct
    for (let round = direct.header.round - 2; round > after; round -= 2) {
      const anchor = view.at(round as Round, leaderOf(round as Round))
      if (anchor === undefined || !reaches(view, newest, anchor)) continue
      chain.push(anchor)
      newest = anchor
    }
    return chain
  },

  anchorsToOrder: chain => chain.slice(-1),

  isOrdered: (view, round, author) => view.isCommitted(round, author),

  history(view, anchor, floor) {
    const found = new Map<string, Certificate>([[anchor.digest, anchor]])
    let layer = [anchor]
    while (layer.length > 0) {
      const next: Certificate[] = []
      for (const certificate of layer) {
        if (certificate.header.round - 1 <= floor) continue
        for (const parent of certificate.header.parents) {
          if (found.has(parent.digest)) continue
          const vertex = view.get(parent.digest)
          if (vertex === undefined) continue
          if (this.isOrdered(view, vertex.header.round, vertex.header.author)) continue
          found.set(parent.digest, vertex)
          next.push(vertex)
        }
      }
      layer = next
    }
    return [...found.values()].sort(byRoundAndAuthor)
  },

  gcRound: (anchorRound, gcDepthRounds) => Math.max(0, anchorRound - gcDepthRounds) as Round,

  isReady(view, round, leaderOf, self) {
    if (isAnchorRound(round)) return view.at(round, leaderOf(round)) !== undefined
    const anchorRound = (round - 1) as Round
    if (!isAnchorRound(anchorRound)) return true
    const anchor = view.at(anchorRound, leaderOf(anchorRound))
    if (anchor === undefined || leaderOf((round + 1) as Round) === self) return true
    const votes = voteWeight(view, anchor)
    const others = view.weightAt(round) - votes
    return votes >= view.committee.validityWeight || others >= view.committee.quorumWeight
  },

  timestamp(view, vertices, before) {
    const times = vertices
      .map(({ header }) => ({
        at: header.createdAt,
        weight: view.committee.weightOf(header.author)
      }))
      .sort((a, b) => a.at - b.at)
    const half = times.reduce((sum, time) => sum + time.weight, 0) / 2
    let upTo = 0
    for (const time of times) {
      upTo += time.weight
      if (upTo >= half) return Math.max(before, time.at) as Millis
    }
    return before
  }
}

function nextAnchorRound(after: Round): number {
  const next = after + 1
  return next < 2 ? 2 : next + (next % 2)
}

/** Weight of the vertices of the next round that link to `anchor`. */
export function voteWeight(view: DagView, anchor: Certificate): number {
  return view.linkWeight(anchor)
}

/** Is there a path of parents from `from` down to `to`? */
export function reaches(view: DagView, from: Certificate, to: Certificate): boolean {
  let layer = new Set<Certificate>([from])
  for (let round = from.header.round; round > to.header.round; round--) {
    const below = new Set<Certificate>()
    for (const certificate of layer) {
      for (const parent of certificate.header.parents) {
        const vertex = view.get(parent.digest)
        if (vertex !== undefined) below.add(vertex)
      }
    }
    layer = below
  }
  return layer.has(to)
}

export function byRoundAndAuthor(a: Certificate, b: Certificate): number {
  return a.header.round - b.header.round || a.header.author - b.header.author
}
