import type { CommitIndex, PeerId } from '@novacron/base'
import { bucketCount } from '../buckets/bucket.ts'
import { leavesBytes } from '../buckets/leaves.ts'
import { type Namespace, namespaces } from '../buckets/namespace.ts'
import { Assembly } from './assembly.ts'
import type { SnapshotContent } from './content.ts'
import type { ObjectName, SnapshotManifest } from './messages.ts'
import type { SnapshotOptions } from './options.ts'
import type { ObjectTask, Task } from './task.ts'

/** What is fetched, and from whom the part that only its sender can vouch for. */
export interface Target {
  readonly manifest: SnapshotManifest
  readonly from: PeerId
  readonly index: CommitIndex
}

/** What is still to be asked for. */
export class SnapshotPlan {
  readonly #options: SnapshotOptions
  readonly #content: SnapshotContent
  #target: Target | undefined
  #pending: Task[] = []

  constructor(options: SnapshotOptions, content: SnapshotContent) {
    this.#options = options
    this.#content = content
  }

  /** Undefined while a manifest is looked for. */
  get target(): Target | undefined {
    return this.#target
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  seekManifest(above: CommitIndex): void {
    this.#target = undefined
    const task = { type: 'manifest', above } as const
    this.#pending = new Array<Task>(this.#options.manifestPeersMax).fill(task)
  }

  /** `extra` first, since it can be had from one peer only. */
  begin(target: Target): void {
    const { certificate, extraBytes } = target.manifest
    this.#target = target
    this.#pending = []
    this.#content.retarget(certificate.checkpoint)
    if (extraBytes > 0) this.#pending.push(this.objectTask(target, { type: 'extra' }))
    for (const namespace of namespaces) {
      if (this.#content.hasLeaves(namespace)) this.planTree(namespace)
      else this.#pending.push(this.objectTask(target, { type: 'leaves', namespace }))
    }
  }

  /** All buckets that are missing, once the leaves are here. */
  planTree(namespace: Namespace): void {
    const { rangeBuckets } = this.#options
    for (let from = 0; from < bucketCount; from += rangeBuckets) {
      this.planRange(namespace, from, Math.min(from + rangeBuckets, bucketCount))
    }
  }

  /** Stretches without a held bucket in between, so that nothing is sent twice. */
  planRange(namespace: Namespace, from: number, to: number): void {
    if (this.#target === undefined) return
    const { index } = this.#target
    let first = this.#content.firstMissing(namespace, from, to)
    while (first !== undefined) {
      const end = this.#content.nextHeld(namespace, first, to)
      this.#pending.push({ type: 'range', index, namespace, from: first, to: end })
      first = this.#content.firstMissing(namespace, end, to)
    }
  }

  /** What somebody did not deliver is to be done by another, an object from its beginning. */
  giveBack(tasks: readonly Task[]): void {
    const target = this.#target
    for (const task of tasks) {
      if (task.type === 'manifest') {
        if (target === undefined) this.#pending.push(task)
      } else if (target !== undefined && task.index === target.index) {
        const again = task.type === 'range' ? task : this.objectTask(target, task.assembly.object)
        this.#pending.push(again)
      }
    }
  }

  /** Offers every task; those for which `isTaken` says no stay. */
  offer(isTaken: (task: Task, only: PeerId | undefined) => boolean): void {
    const from = this.#target?.from
    this.#pending = this.#pending.filter(task => !isTaken(task, isExtra(task) ? from : undefined))
  }

  /** An object from its beginning. */
  objectTask({ index, manifest }: Target, object: ObjectName): ObjectTask {
    const { objectBytesMax } = this.#options
    return {
      type: 'object',
      index,
      assembly: new Assembly(object, objectBytesMax, sizeOf(object, manifest))
    }
  }
}

export function isExtra(task: Task): boolean {
  return task.type === 'object' && task.assembly.object.type === 'extra'
}

/** Undefined when only the first piece will tell. */
function sizeOf(object: ObjectName, manifest: SnapshotManifest): number | undefined {
  if (object.type === 'bucket') return undefined
  return object.type === 'extra' ? manifest.extraBytes : leavesBytes
}
