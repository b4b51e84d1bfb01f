import { assert, type Digest, ReleasingMap, type ReplicaId, type Round } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { Certificate } from './certificate.ts'
import { linksTo, type ParentReference } from './header.ts'
import type { VertexReference } from './sub-dag.ts'

/** What rules may see of the DAG: the certified vertices above the garbage-collection round. */
export interface DagView {
  readonly committee: Committee
  /** Rounds at and below it are gone; parents there count as present. */
  readonly gcRound: Round
  /** Highest round with any certificate. */
  readonly highestRound: Round
  at(round: Round, author: ReplicaId): Certificate | undefined
  get(digest: Digest): Certificate | undefined
  /** Certificates of a round, ascending by author. */
  round(round: Round): readonly Certificate[]
  weightAt(round: Round): number
  /** Weight of the vertices of the next round that name this one as a parent. */
  linkWeight(certificate: Certificate): number
  isCommitted(round: Round, author: ReplicaId): boolean
}

/** The vertices of one round. */
interface Layer {
  readonly byAuthor: (Certificate | undefined)[]
  /** In the order in which they came. */
  readonly arrived: Certificate[]
  /** As last asked for; void after the next arrival. */
  sorted: readonly Certificate[] | undefined
  weight: number
  /** Links into this layer that have been counted: each arrival of the next is looked at once. */
  readonly links: Map<Digest, { looked: number; weight: number }>
}

/** The certified vertices in memory, with an explicit committed mark for each slot. */
export class Dag implements DagView {
  readonly committee: Committee
  #gcRound = 0 as Round
  #highestRound = 0 as Round
  #highestQuorumRound = 0 as Round
  #uncommittedPayloadCount = 0
  readonly #layers = new ReleasingMap<Round, Layer>()
  readonly #byDigest = new ReleasingMap<Digest, Certificate>()
  readonly #committed = new ReleasingMap<Round, Map<ReplicaId, Digest>>()
  readonly #quorumWeight: number

  /** A round is left once its vertices have `quorumWeight`. */
  constructor(committee: Committee, quorumWeight: number = committee.quorumWeight) {
    this.committee = committee
    this.#quorumWeight = quorumWeight
  }

  get gcRound(): Round {
    return this.#gcRound
  }

  get highestRound(): Round {
    return this.#highestRound
  }

  /** Highest round with certificates of a quorum; 0 stands for genesis. */
  get highestQuorumRound(): Round {
    return this.#highestQuorumRound
  }

  /** Vertices with payload that no commit has ordered: rounds must go on while there are any. */
  get uncommittedPayloadCount(): number {
    return this.#uncommittedPayloadCount
  }

  get size(): number {
    return this.#byDigest.size
  }

  at(round: Round, author: ReplicaId): Certificate | undefined {
    return this.#layers.get(round)?.byAuthor[author]
  }

  get(digest: Digest): Certificate | undefined {
    return this.#byDigest.get(digest)
  }

  round(round: Round): readonly Certificate[] {
    const layer = this.#layers.get(round)
    if (layer === undefined) return []
    layer.sorted ??= [...layer.arrived].sort((a, b) => a.header.author - b.header.author)
    return layer.sorted
  }

  weightAt(round: Round): number {
    return this.#layers.get(round)?.weight ?? 0
  }

  linkWeight({ digest, header: { round, author } }: Certificate): number {
    const layer = this.#layers.get(round)
    const children = this.#layers.get((round + 1) as Round)?.arrived
    if (layer === undefined || children === undefined) return 0
    let link = layer.links.get(digest)
    if (link === undefined) {
      link = { looked: 0, weight: 0 }
      layer.links.set(digest, link)
    }
    for (; link.looked < children.length; link.looked++) {
      const child = (children[link.looked] as Certificate).header
      if (linksTo(child, author, digest)) link.weight += this.committee.weightOf(child.author)
    }
    return link.weight
  }

  isCommitted(round: Round, author: ReplicaId): boolean {
    return this.#committed.get(round)?.has(author) ?? false
  }

  /**
   * Is this parent in `round` done with: here, collected, or ordered by a commit of a snapshot, which gives no certificates?
   * The digest counts too: a slot that is taken says nothing of a vertex that does not exist.
   */
  isPresent(round: Round, { author, digest }: ParentReference): boolean {
    if (round <= this.#gcRound || this.at(round, author)?.digest === digest) return true
    // Named under another author it is here all the same: whoever votes will see that it is misplaced.
    if (this.#byDigest.has(digest)) return true
    return this.#committed.get(round)?.get(author) === digest
  }

  /** Named by vertices that no commit has ordered. */
  *unorderedPayload(): Generator<Digest> {
    for (const [round, { arrived }] of this.#layers) {
      for (const { header } of arrived) {
        if (this.isCommitted(round, header.author)) continue
        for (const { digest } of header.payload) yield digest
      }
    }
  }

  /** All rounds in memory, ascending. */
  rounds(): readonly Round[] {
    return [...this.#layers.keys()].sort((a, b) => a - b)
  }

  /** The caller has checked parents, slot and garbage-collection round. */
  insert(certificate: Certificate): void {
    const { round, author, payload } = certificate.header
    const layer = this.#layers.get(round) ?? newLayer()
    this.#layers.set(round, layer)
    const known = layer.byAuthor[author]
    assert(known === undefined || known.digest === certificate.digest, 'two certificates in a slot')
    if (known !== undefined) return
    layer.byAuthor[author] = certificate
    layer.arrived.push(certificate)
    layer.sorted = undefined
    this.#byDigest.set(certificate.digest, certificate)
    layer.weight += this.committee.weightOf(author)
    const { weight } = layer
    if (round > this.#highestRound) this.#highestRound = round
    if (weight >= this.#quorumWeight && round > this.#highestQuorumRound) {
      this.#highestQuorumRound = round
    }
    if (payload.length > 0 && !this.isCommitted(round, author)) this.#uncommittedPayloadCount++
  }

  markCommitted({ round, author, digest }: VertexReference): void {
    const slots = this.#committed.get(round) ?? new Map<ReplicaId, Digest>()
    this.#committed.set(round, slots)
    if (slots.has(author)) return
    slots.set(author, digest)
    const certificate = this.at(round, author)
    if (certificate !== undefined && certificate.header.payload.length > 0) {
      this.#uncommittedPayloadCount--
    }
  }

  /** Forgets every round at or below `gcRound`; it never goes back. Returns the certificates that go. */
  collect(gcRound: Round): readonly Certificate[] {
    if (gcRound <= this.#gcRound) return []
    this.#gcRound = gcRound
    const removed: Certificate[] = []
    for (const round of this.rounds()) {
      if (round > gcRound) break
      for (const certificate of this.round(round)) {
        removed.push(certificate)
        this.#byDigest.delete(certificate.digest)
        const { author, payload } = certificate.header
        if (payload.length > 0 && !this.isCommitted(round, author)) this.#uncommittedPayloadCount--
      }
      this.#layers.delete(round)
    }
    for (const round of this.#committed.keys()) {
      if (round <= gcRound) this.#committed.delete(round)
    }
    return removed
  }
}

function newLayer(): Layer {
  return { byAuthor: [], arrived: [], sorted: undefined, weight: 0, links: new Map() }
}
