import { createHash } from 'node:crypto'
import {
  type CommitIndex,
  type Digest,
  type Epoch,
  type Millis,
  type ReplicaId,
  type Round,
  Writer
} from '@novacron/base'
import {
  batchHeaderBytes,
  batchOf,
  type CommittedSubDag,
  encodeSubDag,
  genesisCommitDigest,
  indexKey,
  makeSubDag,
  type SigningDomain,
  tables,
  writeBatchHeader
} from '@novacron/consensus'
import {
  type ExecutedCommit,
  type ExecutedRun,
  encodeEnvelope,
  logApplication
} from '@novacron/execution'
import { outcomeTable } from '@novacron/replica'
import { sha256 } from '../../src/config/ed25519.ts'
import { MemoryStore } from '../../src/store/memory-store.ts'

export const domain: SigningDomain = {
  protocolVersion: 1,
  chain: 'ab'.repeat(32) as Digest,
  epoch: 0 as Epoch
}

export const sessionOf = (name: string): string =>
  createHash('sha256').update(name).digest('hex').slice(0, 32)

export function digestOfText(text: string): Digest {
  return createHash('sha256').update(text).digest('hex') as Digest
}

/** What the executor tells of a commit, with these runs. */
export function executedCommit(index: number, runs: readonly ExecutedRun[] = []): ExecutedCommit {
  return {
    index: index as CommitIndex,
    digest: digestOfText(`commit ${index}`),
    transactions: 0,
    applied: 0,
    duplicates: 0,
    rejected: 0,
    malformedBatches: 0,
    runs,
    appliedRanges: []
  }
}

export function run(
  session: string,
  first: number,
  last: number,
  fields: Partial<ExecutedRun> = {}
): ExecutedRun {
  return {
    session,
    firstSequence: first,
    lastSequence: last,
    firstOrdinal: 0,
    code: 'ok',
    ...fields
  }
}

/** Transactions of one commit: each inner list is a batch. The sequences go on over the whole log. */
export type Contents = readonly (readonly Uint8Array[])[]

/** A log of commits in a memory store, as a node leaves it there. */
export class WrittenLog {
  readonly store = new MemoryStore()
  readonly commits: CommittedSubDag[] = []
  readonly session: string = sessionOf('the log')
  #sequence = 0

  /** Without `appliedRanges` the outcome is left out. */
  add(
    contents: Contents,
    appliedRanges: ExecutedCommit['appliedRanges'] | 'none' = [{ first: 0, last: 999 }]
  ): void {
    const index = (this.commits.length + 1) as CommitIndex
    const payload = contents.map(batch => this.#addBatch(batch))
    const author = 0 as ReplicaId
    const round = (index * 2) as Round
    const digest = digestOfText(`vertex ${index}`)
    const commit = makeSubDag(
      {
        epoch: domain.epoch,
        index,
        anchor: { round, author, digest },
        timestamp: (1_000 + index) as Millis,
        previous: this.commits.at(-1)?.digest ?? genesisCommitDigest,
        vertices: [{ round, author, digest, payload }],
        scores: []
      },
      domain,
      sha256
    )
    this.commits.push(commit)
    const value = encodeSubDag(commit)
    this.store.write([{ type: 'put', table: tables.commit, key: indexKey(index), value }])
    if (appliedRanges !== 'none') {
      const outcome = new Writer().u32(999).list(appliedRanges, (range, writer) => {
        writer.u32(range.first).u32(range.last)
      })
      const row = { table: outcomeTable, key: indexKey(index), value: outcome.finish() }
      this.store.write([{ type: 'put', ...row }])
    }
  }

  #addBatch(payloads: readonly Uint8Array[]): { digest: Digest; sizeBytes: number } {
    const envelopes = payloads.map(payload =>
      encodeEnvelope({
        application: logApplication,
        session: Buffer.from(this.session, 'hex'),
        sequence: ++this.#sequence,
        payload
      })
    )
    const bytes = new Uint8Array(Buffer.concat([new Uint8Array(batchHeaderBytes), ...envelopes]))
    writeBatchHeader(bytes, {
      epoch: domain.epoch,
      author: 0 as ReplicaId,
      sequence: this.#sequence,
      createdAt: 0 as Millis,
      transactionCount: payloads.length
    })
    const batch = batchOf(bytes, sha256)
    this.store.batches.append(batch.digest, batch.bytes)
    return { digest: batch.digest, sizeBytes: bytes.length }
  }
}
