import {
  type Digest,
  type Millis,
  type PeerId,
  ReleasingMap,
  type ReplicaId,
  type Round,
  type Write
} from '@novacron/base'
import { type Certificate, encodeCertificate } from '../dag/certificate.ts'
import { type BatchReference, type Header, linksTo } from '../dag/header.ts'
import { type CommittedSubDag, encodeSubDag } from '../dag/sub-dag.ts'
import { indexKey, slotKey, tables } from '../tables.ts'
import type { Certifier } from './certifier.ts'
import type { Committer } from './committer.ts'
import type { BullsharkEffect, BullsharkParts } from './parts.ts'
import { reaches } from './rules.ts'
import { isNews } from './screening.ts'
import { SlotWatch } from './slot-watch.ts'
import { holdersOf, type Synchronizer } from './synchronizer.ts'

export interface DagKeeperNeeds {
  readonly parts: BullsharkParts
  readonly certifier: Certifier
  readonly committer: Committer
  readonly synchronizer: Synchronizer
}

/** Lets certificates in, orders what can be ordered, forgets what is old, and keeps track of the own proposals. */
export class DagKeeper {
  readonly #needs: DagKeeperNeeds
  /** Own proposals that no commit has ordered, by round. */
  readonly #proposed = new ReleasingMap<Round, readonly BatchReference[]>()
  readonly #slots: SlotWatch
  #isChanged = false

  constructor(needs: DagKeeperNeeds) {
    this.#needs = needs
    this.#slots = new SlotWatch(needs.parts)
  }

  /** Why nothing is ordered or signed any more: a slot has two certificates. Undefined while all is well. */
  get haltReason(): string | undefined {
    return this.#slots.reason
  }

  /** Something may be ordered that was not looked at yet. */
  get isChanged(): boolean {
    return this.#isChanged
  }

  /** A header whose signature holds: before it is certified, it may commit an anchor. */
  noteHeader(header: Header): void {
    if (this.#needs.committer.onHeader(header)) this.#isChanged = true
  }

  /** Own payload that must not be lost if its vertex is never ordered. */
  addProposal(round: Round, batches: readonly BatchReference[]): void {
    if (batches.length > 0) this.#proposed.set(round, batches)
  }

  /**
   * Own payload of vertices to which the next own one does not lead, oldest first: they are not certified, or were so late that
   * nobody linked to them, and meanwhile this member has passed over rounds. Unless the next vertex names that payload again, what
   * it names itself runs before it, and sessions refuse what comes too far ahead of what is missing: clients would send all of it
   * again. Should such a vertex be ordered after all, sessions run it once.
   */
  unlinkedPayload(): BatchReference[] {
    const { hasBatch } = this.#needs.parts
    return this.#unlinked()
      .sort(([a], [b]) => a - b)
      .flatMap(([, batches]) => batches)
      .filter(({ digest }) => hasBatch(digest))
  }

  /** The own header of `round` names `batches`; it stands for the vertices of which it names everything. */
  replaceUnlinked(round: Round, batches: readonly BatchReference[]): void {
    const named = new Set(batches.map(({ digest }) => digest))
    for (const [before, payload] of this.#unlinked()) {
      if (payload.every(({ digest }) => named.has(digest))) this.#proposed.delete(before)
    }
    this.addProposal(round, batches)
  }

  #unlinked(): [Round, readonly BatchReference[]][] {
    const { dag, self } = this.#needs.parts
    if (self === undefined) return []
    const parents = dag.round(dag.highestQuorumRound)
    const chainFrom = this.#ownChainFrom(self, Math.min(...this.#proposed.keys()))
    return [...this.#proposed].filter(([round]) => {
      const own = dag.at(round, self)
      if (own === undefined) return true
      return round < chainFrom && !parents.some(parent => reaches(dag, parent, own))
    })
  }

  /** From this round on each own vertex leads to the one before, up to what would be a parent now: the usual case. */
  #ownChainFrom(self: ReplicaId, lowest: number): Round {
    const { dag } = this.#needs.parts
    let above: Certificate | undefined
    let round = dag.highestQuorumRound
    for (; round >= lowest; round--) {
      const own = dag.at(round, self)
      if (own === undefined) break
      if (above !== undefined && !linksTo(above.header, self, own.digest)) break
      above = own
    }
    return (round + 1) as Round
  }

  /** Own payload that may be given back. */
  *proposedPayload(): Generator<Digest> {
    for (const batches of this.#proposed.values()) for (const { digest } of batches) yield digest
  }

  /** Certificates whose signatures hold; those that are known or collected are passed over. */
  accept(
    certificates: readonly Certificate[],
    source: PeerId,
    now: Millis,
    out: BullsharkEffect[]
  ): void {
    const { parts, synchronizer, committer } = this.#needs
    for (const certificate of certificates) {
      // Nothing is collected any more once the order has stopped: what came in would stay.
      if (this.haltReason !== undefined) return
      if (!isNews(certificate, parts)) continue
      if (this.#slots.look(certificate, committer.lastIndex, out)) continue
      const inserted = synchronizer.accept(certificate, source, now, out)
      this.#onInserted(inserted, out)
      persistCertificates(inserted, out)
      this.#lookAtDisplaced(out)
    }
  }

  /** What the own store gave back: nothing of it is written again. */
  restore(certificates: readonly Certificate[], now: Millis, out: BullsharkEffect[]): void {
    const { parts, synchronizer } = this.#needs
    for (const certificate of certificates) {
      const author = parts.committee.peerOf(certificate.header.author)
      const source = holdersOf(certificate, parts)[0] ?? author
      this.#onInserted(synchronizer.accept(certificate, source, now, out), out)
    }
  }

  /** Orders until nothing moves; each commit collects garbage, which may complete what waited for collected parents. */
  commit(stopAt: number, now: Millis, out: BullsharkEffect[]): void {
    const { committer, parts } = this.#needs
    while (this.#isChanged) {
      this.#isChanged = false
      if (this.haltReason !== undefined) return
      const commits = committer.commit(stopAt)
      for (const subDag of commits) {
        for (const vertex of subDag.vertices) {
          if (vertex.author === parts.self) this.#proposed.delete(vertex.round)
        }
        out.push({ type: 'persist', durable: false, writes: [commitWrite(subDag)] })
        out.push({ type: 'deliver', subDag, finality: 'final' })
        if (subDag.index === stopAt) out.push({ type: 'stopped', index: subDag.index })
      }
      if (commits.length > 0) this.collect(now, out)
    }
  }

  /** Forgets what lies too far below the last anchor; own payload that was not ordered by then is proposed again. */
  collect(now: Millis, out: BullsharkEffect[]): void {
    const { parts, committer, certifier, synchronizer } = this.#needs
    const { dag, rules, options } = parts
    const gcRound = rules.gcRound(
      committer.lastAnchorRound,
      options.gcDepthRounds,
      dag.highestRound
    )
    dag.collect(gcRound)
    out.push({ type: 'collected', round: dag.gcRound })
    for (const [round, batches] of this.#proposed) {
      if (round > gcRound && round + options.requeueRounds > committer.lastAnchorRound) continue
      this.#proposed.delete(round)
      out.push({ type: 'requeue', batches })
    }
    certifier.collect(gcRound)
    const unlocked = synchronizer.collect(gcRound)
    this.#onInserted(unlocked, out)
    persistCertificates(unlocked, out)
    this.#lookAtDisplaced(out)
    certifier.retryPending(now, out)
  }

  #lookAtDisplaced(out: BullsharkEffect[]): void {
    const { synchronizer, committer } = this.#needs
    for (const certificate of synchronizer.takeDisplaced()) {
      this.#slots.look(certificate, committer.lastIndex, out)
    }
  }

  #onInserted(inserted: readonly Certificate[], out: BullsharkEffect[]): void {
    const { parts, certifier, committer } = this.#needs
    for (const certificate of inserted) {
      this.#isChanged = true
      committer.onHeader(certificate.header)
      certifier.adoptCertificate(certificate)
      const missing = certificate.header.payload.filter(batch => !parts.hasBatch(batch.digest))
      if (missing.length === 0) continue
      const holders = holdersOf(certificate, parts)
      const { author, round } = certificate.header
      const by = { type: 'vertex', author, round } as const
      out.push({ type: 'want-batches', batches: missing, holders, by })
    }
  }
}

function persistCertificates(certificates: readonly Certificate[], out: BullsharkEffect[]): void {
  if (certificates.length === 0) return
  const writes = certificates.map(certificate => {
    const { epoch, round, author } = certificate.header
    const key = slotKey(epoch, round, author)
    const value = encodeCertificate(certificate)
    return { type: 'put', table: tables.certificate, key, value } as const
  })
  out.push({ type: 'persist', durable: false, writes })
}

export function commitWrite(subDag: CommittedSubDag): Write {
  const key = indexKey(subDag.index)
  return { type: 'put', table: tables.commit, key, value: encodeSubDag(subDag) }
}
