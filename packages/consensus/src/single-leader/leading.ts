import type { CommitIndex, Digest, Millis, PeerId, ReplicaId, Round } from '@novacron/base'
import { type BatchReference, payloadBytesOf } from '../dag/header.ts'
import type { Entry } from './entry.ts'
import { ForwardedBatches } from './forwarded.ts'
import type { Appended } from './messages.ts'
import { type Out, putEntry, type SingleLeaderParts } from './parts.ts'

export const proposeTimer = 'propose'

/** What the leader knows of a follower. */
interface Progress {
  readonly peer: PeerId
  readonly replica: ReplicaId
  /** All up to it is durable there. */
  match: number
  /** First entry that it was not sent. */
  next: number
  /** Payload up to it has been sent on this connection. */
  shippedTo: number
  /** Sent and not answered, ascending. */
  readonly inFlight: { readonly index: number; readonly bytes: number }[]
  bytes: number
  /** Commits that it was told of. */
  commitTold: number
  /** When it last answered for something new, or was sent something while nothing was on the way. */
  movedAt: Millis
}

/** One term of one leader: proposes, ships payload and entries to each follower at its pace, and counts copies. */
export class Leading {
  readonly #parts: SingleLeaderParts
  readonly #term: number
  readonly #self: ReplicaId
  readonly #followers: readonly Progress[]
  readonly #forwarded: ForwardedBatches
  #proposedAt = Number.NEGATIVE_INFINITY
  #isTimerSet = false
  /** Payload that had not come when it was looked at last. */
  #lateForwards: ReadonlySet<Digest> = new Set()
  #lookedAt: Millis

  constructor(parts: SingleLeaderParts, term: number, self: ReplicaId, now: Millis) {
    this.#parts = parts
    this.#term = term
    this.#self = self
    this.#lookedAt = now
    this.#forwarded = new ForwardedBatches(parts)
    this.#followers = parts.committee.members.flatMap(({ peer }, replica) =>
      replica === self ? [] : [this.#begin(peer, replica as ReplicaId, now)]
    )
  }

  #begin(peer: PeerId, replica: ReplicaId, now: Millis): Progress {
    const next = this.#parts.log.lastIndex + 1
    const none = { match: 0, shippedTo: 0, bytes: 0, commitTold: 0 }
    return { ...none, peer, replica, next, inFlight: [], movedAt: now }
  }

  get queued(): Iterable<Digest> {
    return this.#forwarded.digests
  }

  onForward(from: PeerId, batches: readonly BatchReference[]): void {
    this.#forwarded.add(from, batches)
  }

  onTimer(): void {
    this.#isTimerSet = false
  }

  /** What was on the way to it is lost. */
  onConnected(peer: PeerId, now: Millis): void {
    const follower = this.#followers.find(each => each.peer === peer)
    if (follower === undefined) return
    follower.shippedTo = follower.match
    this.#rewind(follower, now)
  }

  /** Entries from what waits, as deep as the pipeline is; the first of a term, without payload, commits those before it. */
  propose(commitIndex: number, now: Millis, out: Out, isFirst = false): void {
    const { options, log } = this.#parts
    if (isFirst) this.#append([], commitIndex, now, out)
    if (this.#isTimerSet || !this.#forwarded.isReady) return
    const dueAt = this.#proposedAt + options.batchDelayMs
    if (now < dueAt) {
      this.#isTimerSet = true
      out.push({ type: 'set-timer', timer: proposeTimer, at: dueAt as Millis })
      return
    }
    while (log.lastIndex - commitIndex < options.pipelineEntries) {
      const payload = this.#forwarded.take()
      if (payload.length === 0) return
      this.#proposedAt = now
      this.#append(payload, commitIndex, now, out)
    }
  }

  #append(payload: readonly BatchReference[], commitIndex: number, now: Millis, out: Out): void {
    const { log } = this.#parts
    const index = (log.lastIndex + 1) as CommitIndex
    const createdAt = Math.floor(now) as Millis
    const entry: Entry = { index, term: this.#term, leader: this.#self, createdAt, payload }
    log.append(entry)
    this.replicate(commitIndex, now, out)
    // After what is sent: the own copy counts, and nothing that follows from a commit leaves before this is on disk.
    out.push({ type: 'persist', durable: true, writes: [putEntry(this.#parts, entry)] })
  }

  /** Sends each follower what it has room for, and the commit index when that is news to it. */
  replicate(commitIndex: number, now: Millis, out: Out): void {
    const { connected } = this.#parts
    const ships = new Map<number, PeerId[]>()
    const appends: Out = []
    for (const follower of this.#followers) {
      if (!connected.has(follower.peer)) continue
      const entries = this.#nextFor(follower, now)
      for (const { index } of entries) {
        if (index <= follower.shippedTo) continue
        follower.shippedTo = index
        const peers = ships.get(index) ?? []
        peers.push(follower.peer)
        ships.set(index, peers)
      }
      if (entries.length === 0 && commitIndex <= follower.commitTold) continue
      this.#sendAppend(follower, entries, commitIndex, appends)
    }
    for (const [index, peers] of ships) this.#ship(this.#parts.log.at(index), peers, out)
    out.push(...appends)
  }

  #nextFor(follower: Progress, now: Millis): Entry[] {
    const { log, options } = this.#parts
    const entries: Entry[] = []
    if (follower.next <= log.baseIndex) return entries
    if (follower.inFlight.length === 0) follower.movedAt = now
    for (let entry = log.at(follower.next); entry !== undefined; entry = log.at(follower.next)) {
      const bytes = payloadBytesOf(entry.payload)
      const hasRoom = follower.bytes + bytes <= options.followerBytesMax
      if (follower.inFlight.length > 0 && !hasRoom) break
      if (entries.length >= options.appendEntriesMax) break
      follower.inFlight.push({ index: entry.index, bytes })
      follower.bytes += bytes
      follower.next++
      entries.push(entry)
    }
    return entries
  }

  /** To everyone but whoever it came from. */
  #ship(entry: Entry | undefined, peers: readonly PeerId[], out: Out): void {
    const byOrigin = new Map<PeerId | undefined, BatchReference[]>()
    for (const batch of entry?.payload ?? []) {
      const origin = this.#forwarded.originOf(batch.digest)
      const batches = byOrigin.get(origin) ?? []
      batches.push(batch)
      byOrigin.set(origin, batches)
    }
    for (const [origin, batches] of byOrigin) {
      const to = peers.filter(peer => peer !== origin)
      if (to.length > 0) out.push({ type: 'ship-batches', batches, to })
    }
  }

  #sendAppend(follower: Progress, entries: readonly Entry[], commitIndex: number, out: Out): void {
    const { log } = this.#parts
    follower.commitTold = commitIndex
    const previousIndex = follower.next - entries.length - 1
    const previousTerm = log.termAt(previousIndex)
    if (previousTerm === undefined) {
      const lowest = (log.baseIndex + 1) as CommitIndex
      const message = { type: 'forgotten', term: this.#term, lowest } as const
      out.push({ type: 'send', to: follower.peer, class: 'order', message })
      return
    }
    const message = {
      type: 'append',
      term: this.#term,
      previousIndex: previousIndex as CommitIndex,
      previousTerm,
      commitIndex: commitIndex as CommitIndex,
      entries
    } as const
    out.push({ type: 'send', to: follower.peer, class: 'order', message })
  }

  onAppended(from: PeerId, { answer, index }: Appended, now: Millis): void {
    const { log } = this.#parts
    const follower = this.#followers.find(each => each.peer === from)
    if (follower === undefined || index > log.lastIndex) return
    if (answer === 'gap') {
      if (index + 1 < follower.next) this.#rewind(follower, now, index + 1)
      return
    }
    if (index <= follower.match) return
    follower.match = index
    follower.next = Math.max(follower.next, index + 1)
    follower.movedAt = now
    while (follower.inFlight[0] !== undefined && follower.inFlight[0].index <= index) {
      follower.bytes -= follower.inFlight.shift()?.bytes ?? 0
    }
  }

  #rewind(follower: Progress, now: Millis, next: number = follower.match + 1): void {
    follower.next = Math.max(next, follower.match + 1)
    follower.inFlight.length = 0
    follower.bytes = 0
    follower.movedAt = now
  }

  /** The highest entry of this term that a majority holds. */
  committable(commitIndex: number): number {
    const { committee, log, rules } = this.#parts
    const matches = this.#followers.map(({ match }) => match)
    const candidates = [...matches, log.lastIndex].sort((a, b) => b - a)
    for (const index of candidates) {
      if (index <= commitIndex) break
      const holders = this.#followers.filter(({ match }) => match >= index)
      const weight = committee.weightOfAll([this.#self, ...holders.map(each => each.replica)])
      if (!rules.isMajority(committee, weight)) continue
      return rules.mayCommit(log.termAt(index), this.#term) ? index : commitIndex
    }
    return commitIndex
  }

  onCommitted(batches: readonly BatchReference[]): void {
    this.#forwarded.onCommitted(batches)
  }

  /** Shows that the leader is there, and does again what was not answered. */
  onTick(commitIndex: number, now: Millis, out: Out): void {
    const { connected, options } = this.#parts
    for (const follower of this.#followers) {
      if (!connected.has(follower.peer)) continue
      const isLate = follower.inFlight.length > 0 && now - follower.movedAt >= options.resendMs
      // Payload that was lost on the way is pulled by who misses it.
      if (isLate) this.#rewind(follower, now)
      this.#sendAppend(follower, [], commitIndex, out)
    }
    this.replicate(commitIndex, now, out)
    this.#pullLate(now, out)
  }

  /** What was forwarded and has not come for a while is asked for. */
  #pullLate(now: Millis, out: Out): void {
    if (now - this.#lookedAt < this.#parts.options.resendMs) return
    this.#lookedAt = now
    const late = new Set<Digest>()
    const round = this.#parts.log.lastIndex as number as Round
    for (const { origin, batches } of this.#forwarded.missing()) {
      for (const { digest } of batches) late.add(digest)
      const lost = batches.filter(({ digest }) => this.#lateForwards.has(digest))
      if (lost.length === 0) continue
      const author = this.#parts.committee.replicaOf(origin) as ReplicaId
      const by = { type: 'vertex', author, round } as const
      out.push({ type: 'want-batches', batches: lost, holders: [origin], by })
    }
    this.#lateForwards = late
  }
}
