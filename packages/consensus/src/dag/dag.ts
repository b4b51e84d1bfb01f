import { assert, type Digest, type ReplicaId, type Round } from '@novacron/base'
import type { Committee } from '../committee.ts'
import type { Certificate } from './certificate.ts'
import type { ParentReference } from './header.ts'
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
  isCommitted(round: Round, author: ReplicaId): boolean
}

/** The certified vertices in memory, with an explicit committed mark for each slot. */
export class Dag implements DagView {
  readonly committee: Committee
  #gcRound = 0 as Round
  #highestRound = 0 as Round
  #highestQuorumRound = 0 as Round
  #uncommittedPayloadCount = 0
  readonly #rounds = new Map<Round, Map<ReplicaId, Certificate>>()
  /** Rounds as they were last asked for; a new certificate makes its round's void. */
  readonly #sorted = new Map<Round, readonly Certificate[]>()
  readonly #byDigest = new Map<Digest, Certificate>()
  readonly #committed = new Map<Round, Map<ReplicaId, Digest>>()
  readonly #weights = new Map<Round, number>()
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
    return this.#rounds.get(round)?.get(author)
  }

  get(digest: Digest): Certificate | undefined {
    return this.#byDigest.get(digest)
  }

  round(round: Round): readonly Certificate[] {
    const certificates = this.#rounds.get(round)
    if (certificates === undefined) return []
    let sorted = this.#sorted.get(round)
    if (sorted === undefined) {
      sorted = [...certificates.values()].sort((a, b) => a.header.author - b.header.author)
      this.#sorted.set(round, sorted)
    }
    return sorted
  }

  weightAt(round: Round): number {
    return this.#weights.get(round) ?? 0
  }

  isCommitted(round: Round, author: ReplicaId): boolean {
    return this.#committed.get(round)?.has(author) ?? false
  }

  /**
   * Is this parent in `round` done with: here, collected, or ordered by a commit of a snapshot, which gives no certificates?
   * The digest counts too: a slot that is taken says nothing of a vertex that does not exist.
   */
  isPresent(round: Round, { author, digest }: ParentReference): boolean {
    if (round <= this.#gcRound || this.#byDigest.has(digest)) return true
    return this.#committed.get(round)?.get(author) === digest
  }

  /** All rounds in memory, ascending. */
  rounds(): readonly Round[] {
    return [...this.#rounds.keys()].sort((a, b) => a - b)
  }

  /** The caller has checked parents, slot and garbage-collection round. */
  insert(certificate: Certificate): void {
    const { round, author, payload } = certificate.header
    const slots = this.#rounds.get(round) ?? new Map<ReplicaId, Certificate>()
    this.#rounds.set(round, slots)
    const known = slots.get(author)
    assert(known === undefined || known.digest === certificate.digest, 'two certificates in a slot')
    if (known !== undefined) return
    slots.set(author, certificate)
    this.#sorted.delete(round)
    this.#byDigest.set(certificate.digest, certificate)
    const weight = this.weightAt(round) + this.committee.weightOf(author)
    this.#weights.set(round, weight)
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
      this.#rounds.delete(round)
      this.#sorted.delete(round)
      this.#weights.delete(round)
    }
    for (const round of this.#committed.keys()) {
      if (round <= gcRound) this.#committed.delete(round)
    }
    return removed
  }
}
