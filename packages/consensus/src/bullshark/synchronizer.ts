import {
  type Digest,
  type Epoch,
  type Millis,
  type PeerId,
  ReleasingMap,
  type ReplicaId,
  type Round
} from '@novacron/base'
import type { Certificate } from '../dag/certificate.ts'
import type { Header } from '../dag/header.ts'
import { HeaderWants } from '../dag/header-wants.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'

interface Pull {
  readonly round: Round
  /** Where it was seen named: the first to ask. */
  readonly source: PeerId
  askedAt: Millis
  attempts: number
}

/** Certificates that wait for parents, and the pulls for what is missing, one peer at a time for each digest. */
export class Synchronizer {
  readonly #parts: BullsharkParts
  readonly #epoch: Epoch
  readonly #suspended = new ReleasingMap<
    Digest,
    { certificate: Certificate; missing: Set<Digest> }
  >()
  readonly #waiting = new ReleasingMap<Digest, Set<Digest>>()
  readonly #pulls = new ReleasingMap<Digest, Pull>()
  readonly #headers = new HeaderWants()
  /** Became complete when their slot was taken; at most as many as waited. */
  #displaced: Certificate[] = []

  constructor(parts: BullsharkParts) {
    this.#parts = parts
    this.#epoch = parts.domain.epoch
  }

  get suspendedCount(): number {
    return this.#suspended.size
  }

  get pullCount(): number {
    return this.#pulls.size
  }

  /** Certificates that lost their slot to another vertex since the last time; each is given once. */
  takeDisplaced(): readonly Certificate[] {
    const displaced = this.#displaced
    this.#displaced = []
    return displaced
  }

  isSuspended(digest: Digest): boolean {
    return this.#suspended.has(digest)
  }

  /** Parents of certificates that several peers have not sent: only catch-up helps. What a header names may not exist. */
  hasStuckPull(attempts: number): boolean {
    for (const [digest, pull] of this.#pulls) {
      if (pull.attempts >= attempts && this.#waiting.has(digest)) return true
    }
    return false
  }

  /**
   * Takes a certificate whose signatures hold. Returns it, and every waiting one it completes, in an order in which each
   * comes after its parents; nothing while parents are missing.
   */
  accept(
    certificate: Certificate,
    source: PeerId,
    now: Millis,
    out: BullsharkEffect[]
  ): readonly Certificate[] {
    const { dag, options } = this.#parts
    const { round, author } = certificate.header
    if (round <= dag.gcRound || dag.at(round, author) !== undefined) return []
    if (this.#suspended.has(certificate.digest)) return []
    this.#pulls.delete(certificate.digest)
    const missing = this.#missingParents(certificate)
    if (missing.length === 0) return this.#complete(certificate)
    if (this.#suspended.size >= options.suspendedMax) {
      out.push({ type: 'count', name: 'suspended_overflow', by: 1 })
      return []
    }
    this.#suspended.set(certificate.digest, { certificate, missing: new Set(missing) })
    for (const digest of missing) {
      const children = this.#waiting.get(digest)
      if (children === undefined) this.#waiting.set(digest, new Set([certificate.digest]))
      else children.add(certificate.digest)
    }
    const parentRound = (round - 1) as Round
    this.#pull(missing, { round: parentRound, source, max: options.suspendedMax }, now, out)
    return []
  }

  /**
   * Asks for parents that a header without a certificate names, in place of those of its author's header before. They may
   * be invented, so they leave half of the room to what certificates name.
   */
  pullForHeader(
    { author, round }: Pick<Header, 'author' | 'round'>,
    parents: readonly Digest[],
    source: PeerId,
    now: Millis,
    out: BullsharkEffect[]
  ): void {
    for (const digest of this.#headers.replace(author, round, parents)) {
      if (!this.#waiting.has(digest)) this.#pulls.delete(digest)
    }
    const parentRound = (round - 1) as Round
    const max = Math.floor(this.#parts.options.suspendedMax / 2)
    this.#pull(parents, { round: parentRound, source, max }, now, out)
  }

  /** Asks `source` for what is neither here nor asked for. */
  #pull(
    digests: readonly Digest[],
    {
      round,
      source,
      max
    }: { readonly round: Round; readonly source: PeerId; readonly max: number },
    now: Millis,
    out: BullsharkEffect[]
  ): void {
    const { dag } = this.#parts
    const fresh = digests.filter(
      digest =>
        dag.get(digest) === undefined && !this.#suspended.has(digest) && !this.#pulls.has(digest)
    )
    const room = Math.max(0, max - this.#pulls.size)
    const wanted = fresh.slice(0, room)
    if (wanted.length < fresh.length) {
      out.push({ type: 'count', name: 'parent_pull_overflow', by: fresh.length - wanted.length })
    }
    for (const digest of wanted) {
      this.#pulls.set(digest, { round, source, askedAt: now, attempts: 1 })
    }
    this.#ask(source, wanted, out)
  }

  /** Sends every pull that has waited too long to another peer. */
  retry(now: Millis, peers: readonly PeerId[], out: BullsharkEffect[]): void {
    const { options } = this.#parts
    const byPeer = new Map<PeerId, Digest[]>()
    for (const [digest, pull] of this.#pulls) {
      if (now - pull.askedAt < options.syncRetryMs || peers.length === 0) continue
      pull.askedAt = now
      const peer = peers[(pull.attempts + pull.round) % peers.length] as PeerId
      pull.attempts++
      const digests = byPeer.get(peer)
      if (digests === undefined) byPeer.set(peer, [digest])
      else digests.push(digest)
    }
    for (const [peer, digests] of byPeer) this.#ask(peer, digests, out)
  }

  /** After garbage collection, or a snapshot, more parents count as present. Returns what became complete. */
  collect(gcRound: Round): readonly Certificate[] {
    this.#headers.collect(gcRound)
    for (const [digest, pull] of this.#pulls) if (pull.round <= gcRound) this.#pulls.delete(digest)
    const completed: Certificate[] = []
    const bySlot = [...this.#suspended.values()].sort(
      (a, b) => a.certificate.header.round - b.certificate.header.round
    )
    for (const { certificate } of bySlot) {
      if (certificate.header.round <= gcRound) this.#forget(certificate)
    }
    for (const { certificate } of bySlot) {
      const { round } = certificate.header
      if (round <= gcRound || this.#parts.dag.get(certificate.digest) !== undefined) continue
      if (!this.#isComplete(certificate)) continue
      this.#forget(certificate)
      completed.push(...this.#complete(certificate))
    }
    return completed
  }

  #isComplete({ header: { round, parents } }: Certificate): boolean {
    const { dag } = this.#parts
    return parents.every(parent => dag.isPresent((round - 1) as Round, parent))
  }

  #missingParents(certificate: Certificate): Digest[] {
    const { dag } = this.#parts
    const parentRound = (certificate.header.round - 1) as Round
    return certificate.header.parents
      .filter(parent => !dag.isPresent(parentRound, parent))
      .map(parent => parent.digest)
  }

  /** Inserts into the DAG, then unlocks children transitively. */
  #complete(certificate: Certificate): Certificate[] {
    const { dag } = this.#parts
    const completed: Certificate[] = []
    const ready = [certificate]
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
      if (dag.at(next.header.round, next.header.author) !== undefined) {
        if (dag.get(next.digest) === undefined) this.#displaced.push(next)
        continue
      }
      dag.insert(next)
      completed.push(next)
      const children = this.#waiting.get(next.digest)
      this.#waiting.delete(next.digest)
      for (const digest of children ?? []) {
        const child = this.#suspended.get(digest)
        if (child === undefined) continue
        child.missing.delete(next.digest)
        if (child.missing.size > 0) continue
        this.#suspended.delete(digest)
        ready.push(child.certificate)
      }
    }
    return completed
  }

  #forget(certificate: Certificate): void {
    const entry = this.#suspended.get(certificate.digest)
    if (entry === undefined) return
    this.#suspended.delete(certificate.digest)
    for (const digest of entry.missing) {
      const children = this.#waiting.get(digest)
      children?.delete(certificate.digest)
      if (children?.size === 0) {
        this.#waiting.delete(digest)
        if (!this.#headers.has(digest)) this.#pulls.delete(digest)
      }
    }
  }

  #ask(peer: PeerId, digests: readonly Digest[], out: BullsharkEffect[]): void {
    const { pullDigestsMax } = this.#parts.options
    for (let start = 0; start < digests.length; start += pullDigestsMax) {
      const message = {
        type: 'pull',
        epoch: this.#epoch,
        digests: digests.slice(start, start + pullDigestsMax)
      } as const
      out.push({ type: 'send', to: peer, class: 'sync', message })
    }
  }
}

/** Sends what is here of the vertices asked for; nothing when none is. */
export function answerPull(
  from: PeerId,
  digests: readonly Digest[],
  { dag, domain }: BullsharkParts,
  out: BullsharkEffect[]
): void {
  const certificates = digests.flatMap(digest => dag.get(digest) ?? [])
  if (certificates.length === 0) return
  const message = { type: 'pulled', epoch: domain.epoch, certificates } as const
  out.push({ type: 'send', to: from, class: 'sync', message })
}

/** Whoever certified a vertex holds it and its payload. */
export function holdersOf(certificate: Certificate, parts: BullsharkParts): PeerId[] {
  const author = certificate.header.author
  const voters = certificate.signatures.map(entry => entry.voter)
  const replicas: ReplicaId[] = [author, ...voters.filter(voter => voter !== author)]
  return replicas.filter(replica => replica !== parts.self).map(r => parts.committee.peerOf(r))
}
