import type { NodeState } from '../api/node-report.ts'

export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  /** Why, in one sentence. */
  readonly detail: string
}

/** What readiness is judged by. */
export interface ReadinessFacts {
  readonly state: NodeState
  /** Commits known to exist and not executed here. */
  readonly commitsBehind: number
  /** A node that is this close to the head still counts as synced: commits are always on their way. */
  readonly commitsBehindMax: number
  /** Weight of the members that are connected, with its own; an observer counts none of its own. */
  readonly connectedWeight: number
  readonly quorumWeight: number
  readonly isStoreWritable: boolean
}

/** The named checks of `/readyz`, always all of them and in this order. */
export function readinessChecks(facts: ReadinessFacts): readonly HealthCheck[] {
  const { state, commitsBehind, commitsBehindMax, isStoreWritable } = facts
  const { connectedWeight, quorumWeight } = facts
  const isSynced = state === 'running' && commitsBehind <= commitsBehindMax
  return [
    {
      name: 'synced',
      ok: isSynced,
      detail: `state ${state}, ${commitsBehind} commits behind (at most ${commitsBehindMax})`
    },
    {
      name: 'quorum',
      ok: connectedWeight >= quorumWeight,
      detail: `weight ${connectedWeight} connected of ${quorumWeight} needed`
    },
    {
      name: 'store',
      ok: isStoreWritable && state !== 'disk-full',
      detail: isStoreWritable && state !== 'disk-full' ? 'writable' : 'not writable'
    },
    {
      name: 'not-stopping',
      ok: state !== 'stopping',
      detail: state === 'stopping' ? 'the node is stopping' : 'no stop was asked for'
    }
  ]
}
