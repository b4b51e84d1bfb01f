import { type Digest, ReleasingMap, type ReplicaId, type Round } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { Certificate } from './certificate.ts'
import { type Header, linksTo, payloadBytesOf } from './header.ts'

interface SeenRound {
  /** Of the payload that each author's header names. */
  readonly payloadBytes: Map<ReplicaId, number>
  /** In the order in which they came. */
  readonly arrived: Pick<Header, 'author' | 'parents'>[]
  /** Links that have been counted: each arrival is looked at once. */
  readonly links: Map<Digest, { looked: number; weight: number }>
}

/**
 * What the authors' own signatures say of the round before, certified or not: the first header of each author and round that
 * was seen. An honest author signs one alone, so a second is a liar's and counts for nothing.
 */
export class HeaderLinks {
  readonly #committee: Committee
  readonly #rounds = new ReleasingMap<Round, SeenRound>()

  constructor(committee: Committee) {
    this.#committee = committee
  }

  /** Rounds that are held; the caller bounds them by what it offers and collects. */
  get size(): number {
    return this.#rounds.size
  }

  has(round: Round, author: ReplicaId): boolean {
    return this.#rounds.get(round)?.payloadBytes.has(author) ?? false
  }

  /** 0 where there is none. */
  payloadBytes(round: Round, author: ReplicaId): number {
    return this.#rounds.get(round)?.payloadBytes.get(author) ?? 0
  }

  /** False when one of this author and round is known. The signature holds. */
  offer({
    round,
    author,
    parents,
    payload
  }: Pick<Header, 'round' | 'author' | 'parents' | 'payload'>): boolean {
    let seen = this.#rounds.get(round)
    if (seen === undefined) {
      seen = { payloadBytes: new Map(), arrived: [], links: new Map() }
      this.#rounds.set(round, seen)
    }
    if (seen.payloadBytes.has(author)) return false
    seen.payloadBytes.set(author, payloadBytesOf(payload))
    seen.arrived.push({ author, parents })
    return true
  }

  /** Weight of the authors whose header of the next round names this vertex as a parent. */
  linkWeight({ digest, header: { round, author } }: Certificate): number {
    const seen = this.#rounds.get((round + 1) as Round)
    if (seen === undefined) return 0
    let link = seen.links.get(digest)
    if (link === undefined) {
      link = { looked: 0, weight: 0 }
      seen.links.set(digest, link)
    }
    for (; link.looked < seen.arrived.length; link.looked++) {
      const header = seen.arrived[link.looked] as SeenRound['arrived'][number]
      if (linksTo(header, author, digest)) link.weight += this.#committee.weightOf(header.author)
    }
    return link.weight
  }

  /** Forgets every round at or below this one. */
  collect(round: Round): void {
    for (const held of this.#rounds.keys()) if (held <= round) this.#rounds.delete(held)
  }
}
