import type { CommitIndex } from '@novacron/base'
import type { Namespace } from '../buckets/namespace.ts'
import type { Assembly } from './assembly.ts'
import type { ObjectName, SnapshotRequest } from './messages.ts'

/** One thing to be fetched by one request at a time. */
export type Task =
  | { readonly type: 'manifest'; readonly above: CommitIndex }
  | { readonly type: 'object'; readonly index: CommitIndex; readonly assembly: Assembly }
  /** What is missing of the buckets `from <= bucket < to`. */
  | {
      readonly type: 'range'
      readonly index: CommitIndex
      readonly namespace: Namespace
      readonly from: number
      readonly to: number
    }

export type RangeTask = Extract<Task, { readonly type: 'range' }>
export type ObjectTask = Extract<Task, { readonly type: 'object' }>

export function requestOf(task: Task): SnapshotRequest {
  switch (task.type) {
    case 'manifest':
      return { type: 'get-manifest', above: task.above }
    case 'object': {
      const { object, receivedBytes: offset } = task.assembly
      return { type: 'get-object', index: task.index, object, offset }
    }
    default: {
      const { index, namespace, from, to } = task
      return { type: 'get-buckets', index, namespace, from, to }
    }
  }
}

export function isSameObject(a: ObjectName, b: ObjectName): boolean {
  if (a.type === 'extra' || b.type === 'extra') return a.type === b.type
  if (a.type !== b.type || a.namespace !== b.namespace) return false
  return a.type !== 'bucket' || (b.type === 'bucket' && a.bucket === b.bucket)
}
