import {
  type CommitIndex,
  emptyBytes,
  type Hash,
  type Machine,
  type Millis,
  type PeerId,
  unreachable,
  type Write
} from '@novacron/base'
import { type EncodedBucket, type Namespace, namespaces } from '../buckets/namespace.ts'
import { bucketKey, readBucketKey, type StateRow } from '../persistence.ts'
import { executionTables } from '../tables.ts'
import { SnapshotContent, type Taken } from './content.ts'
import type {
  ObjectName,
  Snapshot,
  SnapshotAnswer,
  SnapshotEffect,
  SnapshotEvent,
  SnapshotManifest
} from './messages.ts'
import { checkSnapshotOptions, defaultSnapshotOptions, type SnapshotOptions } from './options.ts'
import { SnapshotPeers } from './peers.ts'
import { isExtra, SnapshotPlan, type Target } from './plan.ts'
import { type SnapshotRules, snapshotRules } from './rules.ts'
import { isSameObject, type ObjectTask, type RangeTask, requestOf, type Task } from './task.ts'

export const snapshotTimer = 'snapshot'

export interface SnapshotNeeds {
  readonly hash: Hash
  /** All rows of the table `snapshot-partial`: what an earlier run had fetched. */
  readonly partial?: Iterable<StateRow>
  readonly rules?: SnapshotRules
}

export interface SnapshotStatus {
  readonly phase: 'idle' | 'manifest' | 'content' | 'complete'
  readonly index: CommitIndex | undefined
  readonly heldBuckets: number
  readonly peers: number
}

type Phase = SnapshotStatus['phase']
type Piece = Extract<SnapshotAnswer, { readonly type: 'piece' }>
type Buckets = Extract<SnapshotAnswer, { readonly type: 'buckets' }>

/**
 * Downloads a snapshot: a manifest, then `extra` from the same peer, the leaf hashes and the buckets from everyone. Nothing
 * is kept that does not hash to the checkpoint; whoever sent it is not asked again. What was verified is written down, so
 * that a restart or a newer checkpoint goes on from it. Answers to requests that were given up are dropped unread.
 */
export class SnapshotDownload implements Machine<SnapshotEvent, SnapshotEffect> {
  readonly #options: SnapshotOptions
  readonly #needs: SnapshotNeeds
  readonly #rules: SnapshotRules
  readonly #peers: SnapshotPeers
  #content: SnapshotContent
  #plan: SnapshotPlan
  #phase: Phase = 'idle'
  #above = 0 as CommitIndex
  #extra: Uint8Array | undefined
  #isTimerSet = false

  constructor(options: Partial<SnapshotOptions>, needs: SnapshotNeeds) {
    this.#options = { ...defaultSnapshotOptions, ...options }
    checkSnapshotOptions(this.#options)
    this.#needs = needs
    this.#rules = needs.rules ?? snapshotRules
    this.#peers = new SnapshotPeers(this.#options)
    this.#content = new SnapshotContent(this.#rules, needs.hash)
    this.#plan = new SnapshotPlan(this.#options, this.#content)
    for (const { table, key, value } of needs.partial ?? []) {
      const name = table === executionTables.snapshotPartial ? readBucketKey(key) : undefined
      if (name !== undefined && value !== undefined) this.#content.recall(...name, value.slice())
    }
  }

  get status(): SnapshotStatus {
    return {
      phase: this.#phase,
      index: this.#plan.target?.index,
      heldBuckets: this.#content.heldBuckets,
      peers: this.#peers.size
    }
  }

  step(event: SnapshotEvent, now: Millis): readonly SnapshotEffect[] {
    const out: SnapshotEffect[] = []
    switch (event.type) {
      case 'wanted':
        this.#above = event.above
        for (const peer of event.peers) this.#peers.add(peer)
        this.#seekManifest()
        break
      case 'received':
        this.#onAnswer(event.from, event.message, now, out)
        break
      case 'timer-fired':
        this.#onTimer(now, out)
        break
      case 'peer-connected':
        this.#peers.add(event.peer)
        break
      case 'peer-disconnected':
        this.#plan.giveBack(this.#peers.remove(event.peer))
        break
      case 'extra-rejected':
        this.#onExtraRejected(out)
        break
      case 'adopted':
        this.#release()
        break
      default:
        return unreachable(event)
    }
    this.#advance(now, out)
    return out
  }

  #onAnswer(from: PeerId, message: SnapshotAnswer, now: Millis, out: SnapshotEffect[]): void {
    switch (message.type) {
      case 'manifest':
        this.#onManifest(from, message.manifest, now, out)
        return
      case 'piece':
        this.#onPiece(from, message, now, out)
        return
      case 'buckets':
        this.#onBuckets(from, message, now, out)
        return
      case 'unavailable':
        this.#onUnavailable(from, message.index, now)
        return
      default:
        unreachable(message)
    }
  }

  #onManifest(from: PeerId, manifest: SnapshotManifest, now: Millis, out: SnapshotEffect[]): void {
    const task = this.#peers.take(from, isManifest, now)
    if (task === undefined) return this.#drop(out)
    const { checkpoint } = manifest.certificate
    const { objectBytesMax } = this.#options
    if (checkpoint.index <= this.#above || manifest.extraBytes > objectBytesMax) {
      return this.#punish(from, 'snapshot-manifest-wrong', [task], out)
    }
    const { index } = checkpoint
    this.#phase = 'content'
    this.#peers.reset()
    this.#plan.begin({ manifest, from, index })
    out.push({ type: 'note', level: 'info', event: 'snapshot-begun', facts: { index, from } })
    if (manifest.extraBytes > 0) return
    const isRight = this.#takeObject({ type: 'extra' }, emptyBytes, out)
    if (!isRight) this.#punish(from, 'snapshot-object-wrong', [], out)
  }

  #onPiece(from: PeerId, piece: Piece, now: Millis, out: SnapshotEffect[]): void {
    const { target } = this.#plan
    const task =
      piece.index === target?.index
        ? this.#peers.take(
            from,
            (task): task is ObjectTask | RangeTask => isAnsweredBy(task, piece),
            now
          )
        : undefined
    if (task === undefined || target === undefined) return this.#drop(out)
    const { object, offset, sizeBytes, bytes } = piece
    // The first bucket of a range is too large for one answer: it becomes an object, and the range goes on behind it.
    const part = task.type === 'range' ? this.#plan.objectTask(target, object) : task
    if (task.type === 'range') this.#plan.planRange(task.namespace, task.from + 1, task.to)
    if (!part.assembly.add(offset, sizeBytes, bytes)) {
      return this.#punish(from, 'snapshot-piece-wrong', [part], out)
    }
    if (part.assembly.isWhole) {
      const isRight = this.#takeObject(object, part.assembly.whole(), out)
      if (!isRight) this.#punish(from, 'snapshot-object-wrong', [part], out)
      return
    }
    if (this.#peers.assign(part, now, from) === undefined) this.#plan.giveBack([part])
    else out.push({ type: 'send', to: from, class: 'sync', message: requestOf(part) })
  }

  #takeObject(object: ObjectName, bytes: Uint8Array, out: SnapshotEffect[]): boolean {
    const { manifest } = this.#plan.target as Target
    const { certificate, extraDigest } = manifest
    switch (object.type) {
      case 'extra':
        if (!this.#rules.isExtra(extraDigest, bytes, this.#needs.hash)) return false
        this.#extra = bytes
        return true
      case 'leaves': {
        const { stateRoot, sessionRoot } = certificate.checkpoint
        const root = object.namespace === 'state' ? stateRoot : sessionRoot
        if (!this.#content.takeLeaves(object.namespace, bytes, root)) return false
        this.#plan.planTree(object.namespace)
        return true
      }
      default:
        return this.#takeBuckets(object.namespace, [[object.bucket, bytes]], out)
    }
  }

  #onBuckets(from: PeerId, message: Buckets, now: Millis, out: SnapshotEffect[]): void {
    const { index, namespace, buckets } = message
    const first = buckets[0]?.[0]
    const task =
      index === this.#plan.target?.index
        ? this.#peers.take(
            from,
            (task): task is RangeTask =>
              task.type === 'range' &&
              task.namespace === namespace &&
              (first === undefined || (task.from <= first && first < task.to)),
            now
          )
        : undefined
    if (task === undefined) return this.#drop(out)
    const isInRange = buckets.every(([bucket]) => bucket >= task.from && bucket < task.to)
    const isRight = isInRange && buckets.length > 0 && this.#takeBuckets(namespace, buckets, out)
    if (isRight) this.#plan.planRange(namespace, task.from, task.to)
    else this.#punish(from, 'snapshot-chunk-wrong', [task], out)
  }

  /** False at the first that is wrong; what stood before it is kept. */
  #takeBuckets(
    namespace: Namespace,
    buckets: readonly EncodedBucket[],
    out: SnapshotEffect[]
  ): boolean {
    const writes: Write[] = []
    let taken: Taken = 'held'
    for (const [bucket, bytes] of buckets) {
      const value = bytes.slice()
      taken = this.#content.takeBucket(namespace, bucket, value)
      if (taken === 'wrong') break
      const key = bucketKey(namespace, bucket)
      if (taken === 'taken') {
        writes.push({ type: 'put', table: executionTables.snapshotPartial, key, value })
      }
    }
    if (writes.length > 0) out.push({ type: 'persist', writes, durable: false })
    return taken !== 'wrong'
  }

  #onUnavailable(from: PeerId, index: CommitIndex, now: Millis): void {
    if (index === this.#plan.target?.index) {
      this.#plan.giveBack(this.#peers.lacksTarget(from, now))
      return
    }
    const task = this.#peers.take(from, isManifest, now)
    if (task === undefined) return
    this.#plan.giveBack([task])
    this.#peers.refused(from, now)
  }

  #onTimer(now: Millis, out: SnapshotEffect[]): void {
    this.#isTimerSet = false
    const expired = this.#peers.expire(now)
    if (expired.length === 0) return
    out.push({ type: 'count', name: 'snapshot_timeout', by: expired.length })
    this.#plan.giveBack(expired)
    // Only its sender has this `extra`: rather another manifest than another wait.
    if (expired.some(isExtra)) this.#seekManifest()
  }

  #onExtraRejected(out: SnapshotEffect[]): void {
    const { target } = this.#plan
    if (this.#phase !== 'complete' || target === undefined) return
    this.#punish(target.from, 'snapshot-extra-rejected', [], out)
    this.#seekManifest()
  }

  #drop(out: SnapshotEffect[]): void {
    out.push({ type: 'count', name: 'snapshot_answer_unasked', by: 1 })
  }

  #punish(from: PeerId, code: string, tasks: readonly Task[], out: SnapshotEffect[]): void {
    out.push({ type: 'penalize', peer: from, code })
    this.#plan.giveBack([...tasks, ...this.#peers.ban(from)])
  }

  #seekManifest(): void {
    this.#phase = 'manifest'
    this.#extra = undefined
    this.#peers.reset()
    this.#plan.seekManifest(this.#above)
  }

  #release(): void {
    this.#phase = 'idle'
    this.#extra = undefined
    this.#peers.reset()
    this.#content = new SnapshotContent(this.#rules, this.#needs.hash)
    this.#plan = new SnapshotPlan(this.#options, this.#content)
  }

  #advance(now: Millis, out: SnapshotEffect[]): void {
    if (this.#phase === 'content') this.#maybeFinish(out)
    if (this.#phase !== 'content' && this.#phase !== 'manifest') return
    this.#plan.offer((task, only) => {
      const peer = this.#peers.hasRoom(now) ? this.#peers.assign(task, now, only) : undefined
      if (peer === undefined) return false
      out.push({ type: 'send', to: peer, class: 'sync', message: requestOf(task) })
      return true
    })
    if (this.#isTimerSet) return
    this.#isTimerSet = true
    const at = (now + this.#options.tickMs) as Millis
    out.push({ type: 'set-timer', timer: snapshotTimer, at })
  }

  #maybeFinish(out: SnapshotEffect[]): void {
    const { manifest, from } = this.#plan.target as Target
    const extra = this.#extra
    const isDone = this.#plan.isEmpty && this.#peers.isIdle
    if (extra !== undefined && isDone && this.#content.isComplete()) {
      this.#phase = 'complete'
      const [state, session] = namespaces.map(name => this.#content.bucketsOf(name))
      const { certificate } = manifest
      const snapshot = { certificate, state, session, extra, extraFrom: from } as Snapshot
      out.push({ type: 'complete', snapshot })
      const key = { from: new Uint8Array(1), to: new Uint8Array(4).fill(0xff) }
      const table = executionTables.snapshotPartial
      const writes: Write[] = [{ type: 'delete-range', table, ...key }]
      out.push({ type: 'persist', writes, durable: false })
      return
    }
    const isOrphan = extra === undefined && !this.#peers.isSource(from)
    if (isOrphan || (this.#peers.size > 0 && !this.#peers.hasSource)) this.#seekManifest()
  }
}

function isManifest(task: Task): task is Extract<Task, { readonly type: 'manifest' }> {
  return task.type === 'manifest'
}

function isAnsweredBy(task: Task, { object, offset }: Piece): task is ObjectTask | RangeTask {
  if (task.type === 'object') {
    return isSameObject(task.assembly.object, object) && task.assembly.receivedBytes === offset
  }
  if (task.type !== 'range' || object.type !== 'bucket') return false
  return task.namespace === object.namespace && task.from === object.bucket && offset === 0
}
