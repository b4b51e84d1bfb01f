import type { CommitIndex, Hash, Millis, PeerId, ReplicaId, Sign } from '@novacron/base'
import { toVerified } from '@novacron/base'
import type { CommittedSubDag, SigningDomain } from '@novacron/consensus'
import {
  type CheckpointCertificate,
  type CheckpointEffect,
  type CheckpointMessage,
  Checkpoints,
  type Executor,
  restoreCheckpoints,
  type Snapshot,
  SnapshotDownload,
  type SnapshotEffect,
  type SnapshotMessage
} from '@novacron/execution'
import { CommitWindow, readWindow } from './commit-window.ts'
import type { ReplicaEffect } from './effects.ts'
import type { RestoredRows } from './restorer.ts'
import type { ReplicaRules } from './rules.ts'
import { checkpointCommittee, type ScreeningNeeds } from './screening.ts'
import { ServedSnapshots } from './served-snapshots.ts'

export interface StateSyncNeeds extends ScreeningNeeds {
  readonly domain: SigningDomain
  readonly self: ReplicaId | undefined
  readonly hash: Hash
  readonly sign: Sign
  readonly rules: Pick<ReplicaRules, 'checkpoints' | 'snapshots'>
  /** Commits that an orderer needs to begin at a checkpoint. */
  readonly windowCommits: number
  /** Lowest commit that others can still have from here. */
  readonly retainedFrom: () => CommitIndex
  readonly on: StateSyncListener
}

/** From what the own state differs: a quorum's, or the one that was signed here before a restart. */
type DivergenceCause = Extract<CheckpointEffect, { readonly type: 'diverged' }>['cause']

export interface StateSyncListener {
  /** A quorum holds the state after `index`. */
  certified(index: CommitIndex, now: Millis, out: ReplicaEffect[]): void
  diverged(index: number, cause: DivergenceCause, now: Millis, out: ReplicaEffect[]): void
  /** Everything is checked: the state at the certificate and the commits that lead to it. Returns who runs from there. */
  snapshot(
    snapshot: Snapshot,
    commits: readonly CommittedSubDag[],
    now: Millis,
    out: ReplicaEffect[]
  ): Executor | undefined
}

type Out = ReplicaEffect[]

/** Checkpoints signed and collected, snapshots given away and fetched: how states of different replicas meet. */
export class StateSync {
  readonly #needs: StateSyncNeeds
  readonly #checkpoints: Checkpoints
  readonly #download: SnapshotDownload
  readonly #window: CommitWindow
  readonly #served: ServedSnapshots
  /** The commits that lead to the checkpoint in the making. */
  #begunWindow: CommitWindow | undefined

  /** @throws {Fault<DecodeFault>} when a checkpoint row is damaged: an own vote may be lost */
  constructor(
    needs: StateSyncNeeds,
    rows: RestoredRows,
    window: readonly CommittedSubDag[],
    now: Millis
  ) {
    this.#needs = needs
    const restored = restoreCheckpoints(rows.checkpoints)
    const { self, sign, hash, rules } = needs
    const committee = checkpointCommittee(needs)
    this.#checkpoints = new Checkpoints(
      {},
      { committee, self, sign, restored, rules: rules.checkpoints }
    )
    this.#download = new SnapshotDownload(
      {},
      { hash, partial: rows.partial, rules: rules.snapshots }
    )
    this.#window = new CommitWindow(needs.windowCommits)
    this.#window.replace(window)
    this.#served = new ServedSnapshots(hash, needs.retainedFrom)
    for (const certificate of restored.certificates) this.#served.addCertificate(certificate, now)
  }

  /** Newest checkpoint that a quorum has signed, as far as is known here. */
  get certifiedIndex(): CommitIndex {
    return this.#checkpoints.certified?.checkpoint.index ?? (0 as CommitIndex)
  }

  /** The oldest snapshot that is given away. */
  get servedIndex(): CommitIndex | undefined {
    return this.#served.oldestIndex
  }

  get isDownloading(): boolean {
    return this.#download.status.phase !== 'idle'
  }

  /** In words, while a snapshot is fetched. */
  describe(): string | undefined {
    const { phase, index, heldBuckets, peers } = this.#download.status
    if (phase === 'idle') return undefined
    if (phase === 'manifest') return `looking for a snapshot among ${peers} peers`
    return `fetching the snapshot at commit ${index}: ${heldBuckets} buckets held`
  }

  onExecuted(commit: CommittedSubDag): void {
    this.#window.push(commit)
  }

  /** The commit `index` is the last one of a checkpoint, which will be told of while further ones are run. */
  onCheckpointBegun(index: CommitIndex): void {
    this.#begunWindow = this.#window.isWholeAt(index) ? this.#window.copy() : undefined
  }

  /** The own state at a checkpoint, just completed or restored. */
  onCheckpoint(executor: Executor, now: Millis, out: Out): void {
    const image = executor.images.at(-1)
    if (image === undefined) return
    const { checkpoint } = image
    // Others would refuse a snapshot that comes without all commits of the window, and think us liars.
    const commits = this.#begunWindow ?? this.#window
    this.#begunWindow = undefined
    if (commits.isWholeAt(checkpoint.index)) {
      const window = commits.encode()
      if (window !== undefined) this.#served.addImage(image, window, now)
      else out.push({ type: 'count', name: 'snapshot_window_too_long', by: 1 })
    }
    this.#perform(this.#checkpoints.step({ type: 'executed', checkpoint }, now), now, out)
  }

  onCheckpointMessage(from: PeerId, message: CheckpointMessage, now: Millis, out: Out): void {
    const event = { type: 'received', from, message: toVerified(message) } as const
    this.#perform(this.#checkpoints.step(event, now), now, out)
  }

  onCertificate(certificate: CheckpointCertificate, now: Millis, out: Out): void {
    const event = { type: 'certificate-seen', certificate: toVerified(certificate) } as const
    this.#perform(this.#checkpoints.step(event, now), now, out)
  }

  onSnapshotMessage(from: PeerId, message: SnapshotMessage, now: Millis, out: Out): void {
    switch (message.type) {
      case 'get-manifest':
      case 'get-object':
      case 'get-buckets': {
        const answer = this.#served.answer(message, now)
        const sent = { layer: 'snapshot', message: answer } as const
        out.push({ type: 'send', to: from, class: 'sync', message: sent })
        return
      }
      default: {
        const event = { type: 'received', from, message: toVerified(message) } as const
        return this.#performDownload(this.#download.step(event, now), now, out)
      }
    }
  }

  /** Peers have pruned what comes after `above`. */
  want(above: CommitIndex, peers: readonly PeerId[], now: Millis, out: Out): void {
    if (this.isDownloading) return
    this.#performDownload(this.#download.step({ type: 'wanted', above, peers }, now), now, out)
  }

  onPeer(type: 'peer-connected' | 'peer-disconnected', peer: PeerId, now: Millis, out: Out): void {
    this.#performDownload(this.#download.step({ type, peer }, now), now, out)
  }

  onTimer(layer: string, timer: string, now: Millis, out: Out): void {
    const event = { type: 'timer-fired', timer } as const
    if (layer === 'checkpoint') this.#perform(this.#checkpoints.step(event, now), now, out)
    else this.#performDownload(this.#download.step(event, now), now, out)
  }

  #perform(effects: readonly CheckpointEffect[], now: Millis, out: Out): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'broadcast':
        case 'send':
          out.push({ ...effect, message: { layer: 'checkpoint', message: effect.message } })
          break
        case 'set-timer':
          out.push({ ...effect, timer: `checkpoint/${effect.timer}` })
          break
        case 'certified': {
          const { certificate } = effect
          this.#served.addCertificate(certificate, now)
          out.push({ type: 'publish', message: { topic: 'checkpoints', certificate } })
          this.#needs.on.certified(certificate.checkpoint.index, now, out)
          break
        }
        case 'diverged':
          this.#needs.on.diverged(effect.index, effect.cause, now, out)
          break
        default:
          out.push(effect)
      }
    }
  }

  #performDownload(effects: readonly SnapshotEffect[], now: Millis, out: Out): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          out.push({ ...effect, message: { layer: 'snapshot', message: effect.message } })
          break
        case 'set-timer':
          out.push({ ...effect, timer: `snapshot/${effect.timer}` })
          break
        case 'complete':
          this.#onComplete(effect.snapshot, now, out)
          break
        default:
          out.push(effect)
      }
    }
  }

  #onComplete(snapshot: Snapshot, now: Millis, out: Out): void {
    const { domain, hash, windowCommits, on } = this.#needs
    const { checkpoint } = snapshot.certificate
    const commits = readWindow(snapshot.extra, checkpoint, windowCommits, domain, hash)
    if (commits === undefined) {
      const effects = this.#download.step({ type: 'extra-rejected' }, now)
      return this.#performDownload(effects, now, out)
    }
    const executor = on.snapshot(snapshot, commits, now, out)
    this.onCertificate(snapshot.certificate, now, out)
    if (executor !== undefined) {
      // Only what is run from has these commits behind it: the log may have come further by itself meanwhile.
      this.#window.replace(commits)
      this.#begunWindow = undefined
      this.onCheckpoint(executor, now, out)
    }
    this.#performDownload(this.#download.step({ type: 'adopted' }, now), now, out)
  }
}
