import { DelayEstimate, type Millis, type PeerId } from '@novacron/base'
import type { SnapshotOptions } from './options.ts'
import type { Task } from './task.ts'

/** Longer than others take is no sign of anything; so many times as long is. */
const answerFactor = 4

interface Request {
  readonly task: Task
  readonly askedAt: number
  readonly dueAt: number
}

interface Peer {
  readonly id: PeerId
  requests: Request[]
  /** Not asked before: it was silent, or had nothing. */
  resumeAt: number
  /** It does not hold the snapshot that is being fetched. */
  lacksTarget: boolean
  /** The last that it was asked ran out, and it has answered nothing since. */
  isSilent: boolean
  /** How often it had not, or no longer, what it was asked for. */
  refusals: number
}

/** Who can be asked, what each was asked, and until when an answer counts. */
export class SnapshotPeers {
  readonly #options: SnapshotOptions
  readonly #peers = new Map<PeerId, Peer>()
  readonly #banned = new Set<PeerId>()
  /** From a question to its answer, whoever gave it. */
  readonly #answers = new DelayEstimate()
  /** Doublings of the wait: a large answer over a slow line takes longer than those that came before it. */
  #doublings = 0

  constructor(options: SnapshotOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#peers.size
  }

  /**
   * May anybody still give the target away? Once one has said that it is gone, those who are silent do not count: they may
   * never answer, and meanwhile the others forget the next target too.
   */
  get hasSource(): boolean {
    if (this.#peers.size === 0) return false
    return this.#isAnyAnswering || [...this.#peers.values()].every(peer => !peer.lacksTarget)
  }

  get isIdle(): boolean {
    for (const peer of this.#peers.values()) if (peer.requests.length > 0) return false
    return true
  }

  /** Is this one here, and may it hold the target? */
  isSource(id: PeerId): boolean {
    return this.#peers.get(id)?.lacksTarget === false
  }

  add(id: PeerId): void {
    if (this.#banned.has(id) || this.#peers.has(id)) return
    if (this.#peers.size >= this.#options.peersMax) return
    const fresh = { requests: [], resumeAt: 0, lacksTarget: false, isSilent: false, refusals: 0 }
    this.#peers.set(id, { id, ...fresh })
  }

  /** Gives back what it was asked. */
  remove(id: PeerId): Task[] {
    const peer = this.#peers.get(id)
    this.#peers.delete(id)
    return tasksOf(peer?.requests)
  }

  /** Sent something wrong: never asked again in this download. */
  ban(id: PeerId): Task[] {
    if (this.#banned.size < this.#options.peersMax) this.#banned.add(id)
    return this.remove(id)
  }

  /** Least loaded first. A manifest is asked of several, but of each once; `only` names the one who may be asked. */
  assign(task: Task, now: Millis, only?: PeerId): PeerId | undefined {
    let best: Peer | undefined
    for (const peer of this.#peers.values()) {
      if (only !== undefined && peer.id !== only) continue
      if (!this.#isFree(peer, task, now)) continue
      if (best === undefined || peer.requests.length < best.requests.length) best = peer
    }
    if (best === undefined) return undefined
    best.requests.push({ task, askedAt: now, dueAt: now + this.#timeoutMs })
    // To the end, so that equally loaded peers take turns.
    this.#peers.delete(best.id)
    this.#peers.set(best.id, best)
    return best.id
  }

  /** Could anybody be asked anything? */
  hasRoom(now: Millis): boolean {
    for (const peer of this.#peers.values()) if (this.#hasRoom(peer, now)) return true
    return false
  }

  /** Takes the open request that an answer belongs to; undefined when it was given up, or never made. */
  take<T extends Task>(
    id: PeerId,
    isAnswered: (task: Task) => task is T,
    now: Millis
  ): T | undefined {
    const peer = this.#peers.get(id)
    if (peer === undefined) return undefined
    for (const [at, { task, askedAt }] of peer.requests.entries()) {
      if (!isAnswered(task)) continue
      this.#answers.sample(now - askedAt)
      this.#doublings = 0
      peer.requests.splice(at, 1)
      peer.isSilent = false
      return task
    }
    return undefined
  }

  /** Takes back everything that was asked of a peer which lacks the target. */
  lacksTarget(id: PeerId, now: Millis): Task[] {
    const peer = this.#peers.get(id)
    // What it was asked before it said so is answered too.
    if (peer === undefined || peer.lacksTarget) return []
    this.refused(id, now)
    peer.lacksTarget = true
    const tasks = tasksOf(peer.requests)
    peer.requests = []
    return tasks
  }

  /**
   * Asked again after a pause, since otherwise the two would go on asking and refusing. At first a short one: where snapshots
   * are replaced quickly it has a newer one already. It doubles, so that of several peers one that offers what it does not
   * give comes last.
   */
  refused(id: PeerId, now: Millis): void {
    const peer = this.#peers.get(id)
    if (peer === undefined) return
    const { tickMs, requestTimeoutMs } = this.#options
    peer.resumeAt = now + Math.min(requestTimeoutMs, tickMs * 2 ** peer.refusals)
    peer.refusals++
  }

  /** Forgets every request and who lacks what: another target is looked for. */
  reset(): void {
    for (const peer of this.#peers.values()) {
      peer.requests = []
      peer.lacksTarget = false
    }
  }

  /** Requests whose time is over; whoever let it pass rests for as long again. */
  expire(now: Millis): Task[] {
    const expired: Task[] = []
    for (const peer of this.#peers.values()) {
      const late = peer.requests.filter(({ dueAt }) => dueAt <= now)
      if (late.length === 0) continue
      peer.requests = peer.requests.filter(({ dueAt }) => dueAt > now)
      peer.resumeAt = now + this.#options.requestTimeoutMs
      this.#doublings++
      peer.isSilent = true
      for (const { task } of late) expired.push(task)
    }
    return expired
  }

  /** Once it is known how long answers take, whoever keeps silent is found out sooner. */
  get #timeoutMs(): number {
    const { requestTimeoutMs, requestTimeoutMsMin } = this.#options
    const { boundMs } = this.#answers
    if (boundMs === 0) return requestTimeoutMs
    const leastMs = Math.max(requestTimeoutMsMin, answerFactor * boundMs)
    return Math.min(requestTimeoutMs, leastMs * 2 ** this.#doublings)
  }

  #isFree(peer: Peer, task: Task, now: Millis): boolean {
    if (!this.#hasRoom(peer, now)) return false
    if (task.type !== 'manifest')
      return !peer.lacksTarget && !(peer.isSilent && this.#isAnyAnswering)
    return peer.requests.every(request => request.task.type !== 'manifest')
  }

  /** Whoever kept silent gets no further piece while others answer: the target is gone before it is timed out again. */
  get #isAnyAnswering(): boolean {
    for (const { lacksTarget, isSilent } of this.#peers.values()) {
      if (!lacksTarget && !isSilent) return true
    }
    return false
  }

  #hasRoom({ resumeAt, requests }: Peer, now: Millis): boolean {
    return resumeAt <= now && requests.length < this.#options.requestsPerPeerMax
  }
}

function tasksOf(requests: readonly Request[] | undefined): Task[] {
  return (requests ?? []).map(({ task }) => task)
}
