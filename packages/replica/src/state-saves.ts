import { emptyBytes } from '@novacron/base'
import { executionTables } from '@novacron/execution'
import type { ReplicaEffect } from './effects.ts'

const token = 'state-saved'

/**
 * A checkpoint writes what has changed of the state in one piece, which may be nearly all of it. No second one is made while
 * one is on its way to the disk, so that a node that runs commits quicker than its disk can follow waits instead of queueing states.
 */
export class StateSaves {
  readonly #checkpointIntervalCommits: number
  #openCount = 0

  constructor(checkpointIntervalCommits: number) {
    this.#checkpointIntervalCommits = checkpointIntervalCommits
  }

  /** Call after the write: a read is answered once everything before it has been written. */
  expect(out: ReplicaEffect[]): void {
    this.#openCount++
    const keys = [{ table: executionTables.executed, key: emptyBytes }]
    out.push({ type: 'read', token, keys })
  }

  /** True when the token was of a save, which is done. */
  onRead(answered: string): boolean {
    if (answered !== token) return false
    this.#openCount--
    return true
  }

  /** The last commit that may be run now. */
  runnableIndex(executedIndex: number): number {
    if (this.#openCount === 0) return Number.POSITIVE_INFINITY
    const interval = this.#checkpointIntervalCommits
    return executedIndex - (executedIndex % interval) + interval - 1
  }
}
