import { createHash } from 'node:crypto'
import type { CommitIndex, Digest, Epoch, Millis, PeerId, ReplicaId } from '@novacron/base'
import { ascii } from '@novacron/base'
import {
  type Commit,
  type ExecutedCommit,
  type ExecutionOptions,
  Executor,
  encodeEnvelope,
  encodeKvOperation,
  encodeSessionOpen,
  type KvOperation,
  kvApplication,
  logApplication
} from '../src/index.ts'

export const hash = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(bytes).digest())
export const chain = 'ab'.repeat(32) as Digest
export const epoch = 0 as Epoch
export const needs = { hash, chain }
export const digestAt = (index: number): Digest => index.toString(16).padStart(64, '0') as Digest
export const at = (ms: number): Millis => ms as Millis
export const peer = (name: string): PeerId => name as PeerId
export const replica = (seat: number): ReplicaId => seat as ReplicaId
export const text = (value: string): Uint8Array => ascii(value)

export function commitOf(index: number, ...batches: Uint8Array[]): Commit {
  const digest = digestAt(index)
  return { index: index as CommitIndex, digest, timestamp: 1_000 + index, batches }
}

export function join(...envelopes: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(envelopes))
}

export function openOf(seed: number, clientKey?: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(16).fill(seed & 0xff)
  nonce[0] = seed >>> 8
  return encodeSessionOpen(clientKey === undefined ? { nonce } : { nonce, clientKey })
}

export function logOf(session: Uint8Array, sequence: number, payload = 'x'): Uint8Array {
  return encodeEnvelope({ application: logApplication, session, sequence, payload: text(payload) })
}

export function kvOf(session: Uint8Array, sequence: number, operation: KvOperation): Uint8Array {
  const payload = encodeKvOperation(operation)
  return encodeEnvelope({ application: kvApplication, session, sequence, payload })
}

export function putOf(
  session: Uint8Array,
  sequence: number,
  key: string,
  value: string | Uint8Array
): Uint8Array {
  const bytes = typeof value === 'string' ? text(value) : value
  return kvOf(session, sequence, { type: 'put', key: text(key), value: bytes })
}

/** An executor, and the next commit with less to write. */
export class Chain {
  readonly executor: Executor
  readonly commits: Commit[] = []

  constructor(options: Partial<ExecutionOptions> = {}) {
    this.executor = new Executor(options, needs)
  }

  run(...batches: Uint8Array[]): ExecutedCommit {
    const commit = commitOf(this.executor.index + 1, ...batches)
    this.commits.push(commit)
    return this.executor.execute(commit)
  }

  open(seed = 1): Uint8Array {
    const value = this.run(openOf(seed)).runs[0]?.value
    if (value === undefined) throw new Error('not opened')
    return value
  }

  codes(...envelopes: Uint8Array[]): string[] {
    return this.run(join(...envelopes)).runs.flatMap(run =>
      new Array<string>(run.lastSequence - run.firstSequence + 1).fill(run.code)
    )
  }

  roots(): readonly [string, string] {
    const { checkpoint } = this.executor.takeCheckpoint(epoch)
    return [checkpoint.stateRoot, checkpoint.sessionRoot]
  }
}
