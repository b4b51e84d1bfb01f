import type { Digest } from '@novacron/base'
import { expect, test } from 'vitest'
import { Receipts } from '../../src/control/receipts.ts'
import { executedCommit, run, sessionOf } from './commits.ts'

const [alice, bob] = [sessionOf('alice'), sessionOf('bob')]
const never = new AbortController().signal

test('who waits is told when the transaction was run, with its place', async () => {
  const receipts = new Receipts(10)
  const value = Uint8Array.of(7)
  const waits = [
    receipts.wait(alice, 2, never),
    receipts.wait(alice, 2, never),
    receipts.wait(alice, 4, never),
    receipts.wait(bob, 2, never)
  ]
  receipts.onExecuted(executedCommit(5, [run(alice, 1, 3, { firstOrdinal: 10 })]))
  expect(receipts.count).toBe(2)
  receipts.onExecuted(
    executedCommit(6, [
      run(bob, 2, 2, { firstOrdinal: 0, value }),
      run(alice, 4, 4, { firstOrdinal: 1, code: 'malformed' })
    ])
  )
  expect(await Promise.all(waits)).toEqual([
    { session: alice, sequence: 2, index: 5, ordinal: 11, code: 'ok' },
    { session: alice, sequence: 2, index: 5, ordinal: 11, code: 'ok' },
    { session: alice, sequence: 4, index: 6, ordinal: 1, code: 'malformed' },
    { session: bob, sequence: 2, index: 6, ordinal: 0, code: 'ok', value }
  ])
  expect(receipts.count).toBe(0)
  expect(receipts.sessionCount).toBe(0)
})

test('who opens a session is known by the digest of the request', async () => {
  const receipts = new Receipts(10)
  const opened = receipts.waitOpen('ab', never)
  const openDigest = 'ab' as Digest
  const value = Uint8Array.of(1, 2)
  receipts.onExecuted(
    executedCommit(3, [
      run('0'.repeat(32), 0, 0, { openDigest: 'cd' as Digest }),
      run('0'.repeat(32), 0, 0, { openDigest, value, firstOrdinal: 4 })
    ])
  )
  expect(await opened).toMatchObject({ index: 3, ordinal: 4, code: 'ok', value })
  expect(receipts.recent('0'.repeat(32), 0)).toBeUndefined()
})

test('who gives up waits no longer; the others go on', async () => {
  const receipts = new Receipts(10)
  const leaving = new AbortController()
  const left = receipts.wait(alice, 1, leaving.signal)
  const stays = receipts.wait(alice, 1, never)
  const opening = receipts.waitOpen('ab', leaving.signal)
  leaving.abort(new Error('enough'))
  await expect(left).rejects.toThrow('enough')
  await expect(opening).rejects.toThrow('enough')
  await expect(
    receipts.wait(alice, 9, AbortSignal.abort(new Error('never began')))
  ).rejects.toThrow('never began')
  expect(receipts.count).toBe(1)
  receipts.onExecuted(executedCommit(1, [run(alice, 1, 1)]))
  expect(await stays).toMatchObject({ index: 1 })
  expect(receipts.sessionCount).toBe(0)
})

test('beyond the bound nobody may wait, and a refusal leaves nothing behind', async () => {
  const receipts = new Receipts(2)
  const waits = [receipts.wait(alice, 1, never), receipts.waitOpen('ab', never)]
  await expect(receipts.wait(bob, 1, never)).rejects.toMatchObject({ facts: { code: 'busy' } })
  await expect(receipts.waitOpen('cd', never)).rejects.toMatchObject({ facts: { code: 'busy' } })
  expect(receipts.count).toBe(2)
  expect(receipts.sessionCount).toBe(1)
  receipts.onExecuted(executedCommit(1, [run(alice, 1, 1)]))
  await waits[0]
  expect(receipts.count).toBe(1)
  const again = receipts.wait(bob, 1, never)
  receipts.onExecuted(executedCommit(2, [run(bob, 1, 1)]))
  expect(await again).toMatchObject({ index: 2 })
})

test('what lately became of a transaction is remembered; a duplicate does not hide the first outcome', () => {
  const receipts = new Receipts(1)
  receipts.onExecuted(executedCommit(1, [run(alice, 1, 5, { firstOrdinal: 3 })]))
  receipts.onExecuted(executedCommit(2, [run(bob, 1, 1), run(alice, 2, 2, { code: 'duplicate' })]))
  receipts.onExecuted(executedCommit(3, [run(bob, 7, 7, { code: 'duplicate' })]))
  expect(receipts.recent(alice, 2)).toMatchObject({ index: 1, ordinal: 4, code: 'ok' })
  expect(receipts.recent(alice, 6)).toBeUndefined()
  expect(receipts.recent(bob, 7)).toMatchObject({ index: 3, code: 'duplicate' })
})

test('only so much is remembered', () => {
  const receipts = new Receipts(1)
  const count = 2 * 16_384
  receipts.onExecuted(
    executedCommit(
      1,
      Array.from({ length: count }, (_, i) => run(alice, i + 1, i + 1))
    )
  )
  expect(receipts.recent(alice, 1)).toBeDefined()
  receipts.onExecuted(executedCommit(2, [run(bob, 1, 1)]))
  expect(receipts.recent(alice, 1)).toBeUndefined()
  expect(receipts.recent(alice, count)).toBeDefined()
  expect(receipts.recent(bob, 1)).toBeDefined()
})
