import { type CommitIndex, type Digest, fromHex, toHex } from '@novacron/base'
import type { ExecutedCommit, ExecutedRun } from '@novacron/execution'
import { expect, test } from 'vitest'
import { ExactReceipts } from '../src/receipts.ts'

const session = fromHex('0a'.repeat(16))
const digest = 'ab'.repeat(32) as Digest

function outcome(...runs: Partial<ExecutedRun>[]): ExecutedCommit {
  const run = { session: '00'.repeat(16), firstSequence: 0, lastSequence: 0, firstOrdinal: 0 }
  return {
    index: 1 as CommitIndex,
    digest,
    transactions: 0,
    applied: 0,
    duplicates: 0,
    rejected: 0,
    malformedBatches: 0,
    runs: runs.map(change => ({ ...run, code: 'ok', ...change })),
    appliedRanges: []
  }
}

test('a session belongs to whoever asked for it, and its requests to that client', () => {
  const receipts = new ExactReceipts()
  receipts.asked(7, digest)
  const opened = receipts.of(outcome({ openDigest: digest, value: session }))
  expect(opened).toEqual([{ client: 7, sequence: 0, isApplied: true, session }])
  const run = { session: toHex(session), firstSequence: 3, lastSequence: 4 }
  expect(receipts.of(outcome(run, { ...run, code: 'duplicate' }))).toEqual([
    { client: 7, sequence: 3, isApplied: true },
    { client: 7, sequence: 4, isApplied: true },
    { client: 7, sequence: 3, isApplied: false },
    { client: 7, sequence: 4, isApplied: false }
  ])
})

test('what was refused has no receipt, and what nobody made is nobody’s', () => {
  const receipts = new ExactReceipts()
  expect(receipts.of(outcome({ openDigest: digest, code: 'sessions-full' }))).toEqual([])
  expect(receipts.of(outcome({ code: 'session-expired' }))).toEqual([])
  expect(receipts.of(outcome({ openDigest: digest, value: session }))[0]?.client).toBe(-1)
  expect(receipts.of(outcome({ firstSequence: 1, lastSequence: 1 }))[0]?.client).toBe(-1)
})
