import { ascii, digestOf, Fault, fromHex, toHex } from '@novacron/base'
import {
  EnvelopeCursor,
  type ExecutedRun,
  kvApplication,
  kvKeyBytesMax,
  logApplication,
  type ResultCode,
  readSessionRequest,
  sessionApplication
} from '@novacron/execution'
import { expect, test } from 'vitest'
import { apiFault } from '../../src/api/faults.ts'
import type { SubmitRequest } from '../../src/api/node-control.ts'
import { sha256 } from '../../src/config/ed25519.ts'
import { Receipts } from '../../src/control/receipts.ts'
import { Submissions } from '../../src/control/submissions.ts'
import { executedCommit, run, sessionOf } from './commits.ts'

const never = new AbortController().signal
const transactionBytesMax = 1_000

interface Offered {
  readonly application: number
  readonly session: string
  readonly sequence: number
  readonly payload: Uint8Array
  readonly digest: string
}

/** The node behind submissions: keeps what is offered until the test executes it. */
class Gateway {
  readonly receipts = new Receipts(100)
  readonly offered: Offered[] = []
  readonly open = new Set<string>()
  isBusy = false
  readonly submissions: Submissions
  #index = 0

  constructor() {
    this.submissions = new Submissions({
      receipts: this.receipts,
      transactionBytesMax,
      offer: (region, count) => this.#offer(region, count),
      hasSession: session => this.open.has(session)
    })
  }

  /** Runs all that was offered, sessions opened as the executor would. */
  execute(code: ResultCode = 'ok', firstVersion?: number): void {
    this.#index += 1
    const runs = this.offered.splice(0).map((offered, ordinal): ExecutedRun => {
      const { session, sequence } = offered
      if (offered.application !== sessionApplication) {
        const more = firstVersion === undefined ? {} : { firstVersion }
        return run(session, sequence, sequence, { firstOrdinal: ordinal, code, ...more })
      }
      const id = sessionOf(`${this.#index}/${ordinal}`)
      if (code === 'ok') this.open.add(id)
      const opened = { openDigest: offered.digest as never, firstOrdinal: ordinal, code }
      return run('0'.repeat(32), 0, 0, code === 'ok' ? { ...opened, value: fromHex(id) } : opened)
    })
    this.receipts.onExecuted(executedCommit(this.#index, runs))
  }

  #offer(region: Uint8Array, count: number): void {
    if (this.isBusy) throw apiFault({ code: 'busy', retryAfterMs: 50 })
    expect(count).toBe(1)
    const cursor = new EnvelopeCursor(region, transactionBytesMax)
    expect(cursor.next()).toBe(true)
    this.offered.push({
      application: cursor.application,
      session: toHex(cursor.session()),
      sequence: cursor.sequence,
      payload: cursor.payload().slice(),
      digest: digestOf(sha256, region)
    })
  }
}

function log(text: string, fields: Partial<SubmitRequest> = {}): SubmitRequest {
  return {
    application: 'log',
    payload: ascii(text),
    wait: 'committed',
    timeoutMs: 5_000,
    ...fields
  } as SubmitRequest
}

const turn = () => new Promise(resolve => setImmediate(resolve))

test('a client opens a session through the log, with or without a key', async () => {
  const node = new Gateway()
  const request = { wait: 'committed', timeoutMs: 5_000 } as const
  const opened = node.submissions.open(request, never)
  await turn()
  expect(readSessionRequest(node.offered[0]?.payload as Uint8Array)).not.toHaveProperty('clientKey')
  node.execute()
  expect(await opened).toEqual({ session: sessionOf('1/0'), index: 1 })
  const clientKey = new Uint8Array(32).fill(5)
  const keyed = node.submissions.open({ ...request, clientKey }, never)
  await turn()
  expect(readSessionRequest(node.offered[0]?.payload as Uint8Array)).toMatchObject({ clientKey })
  node.execute('sessions-full')
  await expect(keyed).rejects.toMatchObject({ facts: { code: 'refused', reason: 'sessions-full' } })
})

test('a transaction of a session goes under the number that the client gave', async () => {
  const node = new Gateway()
  const session = sessionOf('client')
  const named = log('hello', { session, sequence: 9 })
  const submitted = node.submissions.submit(named, never)
  await turn()
  expect(node.offered).toMatchObject([
    { application: logApplication, session, sequence: 9, payload: ascii('hello') }
  ])
  node.execute()
  const receipt = { session, sequence: 9, state: 'committed', index: 1, ordinal: 0, code: 'ok' }
  expect(await submitted).toEqual(receipt)
  for (const wait of ['none', 'accepted'] as const) {
    const accepted = await node.submissions.submit({ ...named, wait }, never)
    expect(accepted).toEqual({ session, sequence: 9, state: 'accepted' })
  }
  expect(node.receipts.count).toBe(0)
})

test('a kv operation brings the version back, and an evicted session its own error', async () => {
  const node = new Gateway()
  const session = sessionOf('client')
  const request: SubmitRequest = {
    application: 'kv',
    operation: { type: 'put', key: ascii('k'), value: ascii('v') },
    session,
    sequence: 1,
    wait: 'committed',
    timeoutMs: 5_000
  }
  const put = node.submissions.submit(request, never)
  await turn()
  expect(node.offered[0]?.application).toBe(kvApplication)
  node.execute('ok', 77)
  expect(await put).toMatchObject({ code: 'ok', version: 77 })
  const missed = node.submissions.submit(request, never)
  await turn()
  node.execute('version-mismatch')
  expect(await missed).toEqual({
    session,
    sequence: 1,
    state: 'committed',
    index: 2,
    ordinal: 0,
    code: 'version-mismatch'
  })
  const expired = node.submissions.submit(request, never)
  await turn()
  node.execute('session-expired')
  await expect(expired).rejects.toMatchObject({ facts: { code: 'session-expired', session } })
})

test('without a session the node opens one of its own, once for all, and again when it was evicted', async () => {
  const node = new Gateway()
  const first = ['a', 'b', 'c'].map(text => node.submissions.submit(log(text), never))
  await turn()
  expect(node.offered.map(offered => offered.application)).toEqual([sessionApplication])
  node.execute()
  await turn()
  const session = sessionOf('1/0')
  expect(node.offered.map(offered => [offered.session, offered.sequence])).toEqual([
    [session, 1],
    [session, 2],
    [session, 3]
  ])
  node.execute()
  expect((await Promise.all(first)).map(receipt => receipt.sequence)).toEqual([1, 2, 3])
  node.open.delete(session)
  const later = node.submissions.submit(log('d'), never)
  await turn()
  node.execute()
  await turn()
  node.execute()
  expect(await later).toMatchObject({ session: sessionOf('3/0'), sequence: 1 })
})

test('what the node refuses leaves neither a gap in its session nor a waiter', async () => {
  const node = new Gateway()
  const opening = node.submissions.submit(log('a', { wait: 'none' }), never)
  await turn()
  node.execute()
  expect(await opening).toMatchObject({ sequence: 1 })
  node.isBusy = true
  const busy = { facts: { code: 'busy', retryAfterMs: 50 } }
  for (const wait of ['none', 'accepted', 'committed'] as const) {
    await expect(node.submissions.submit(log('b', { wait }), never)).rejects.toMatchObject(busy)
  }
  await expect(
    node.submissions.open({ wait: 'committed', timeoutMs: 5_000 }, never)
  ).rejects.toMatchObject(busy)
  expect(node.receipts.count).toBe(0)
  node.isBusy = false
  expect(await node.submissions.submit(log('c', { wait: 'none' }), never)).toMatchObject({
    sequence: 2
  })
})

test('one that gives up does not take the session from those who opened it with it', async () => {
  const node = new Gateway()
  const leaving = new AbortController()
  const left = node.submissions.submit(log('a'), leaving.signal)
  const stays = node.submissions.submit(log('b'), never)
  await turn()
  leaving.abort()
  await expect(left).rejects.toMatchObject({ facts: { code: 'cancelled' } })
  await expect(node.submissions.submit(log('c'), AbortSignal.abort())).rejects.toMatchObject({
    facts: { code: 'cancelled' }
  })
  node.execute()
  await turn()
  node.execute()
  expect(await stays).toMatchObject({ sequence: 1, code: 'ok' })
})

test('a session that could not be opened is tried again by the next', async () => {
  const node = new Gateway()
  const failed = node.submissions.submit(log('a'), never)
  await turn()
  node.execute('sessions-full')
  await expect(failed).rejects.toMatchObject({ facts: { code: 'refused' } })
  const next = node.submissions.submit(log('b', { wait: 'accepted' }), never)
  await turn()
  node.execute()
  expect(await next).toMatchObject({ state: 'accepted', sequence: 1 })
})

test('the time runs out with an error of its own, and nobody waits any longer', async () => {
  const node = new Gateway()
  const session = sessionOf('client')
  const request = log('a', { session, sequence: 1, timeoutMs: 5 })
  await expect(node.submissions.submit(request, never)).rejects.toMatchObject({
    facts: { code: 'timeout', afterMs: 5, session, sequence: 1 }
  })
  // Its number was given by the node, which alone can tell it.
  const own = node.submissions.submit(log('b', { timeoutMs: 200 }), never)
  await turn()
  node.execute()
  await expect(own).rejects.toMatchObject({
    facts: { code: 'timeout', session: sessionOf('1/1'), sequence: 1 }
  })
  await expect(
    node.submissions.open({ wait: 'committed', timeoutMs: 5 }, never)
  ).rejects.toMatchObject({ facts: { code: 'timeout' } })
  expect(node.receipts.count).toBe(0)
})

test('what ran out of time before it had a number was not submitted, and none is told', async () => {
  const node = new Gateway()
  const early = node.submissions.submit(log('a', { timeoutMs: 5 }), never)
  const error = await early.catch((caught: { facts: object }) => caught.facts)
  expect(error).toEqual({ code: 'timeout', afterMs: 5 })
})

test('what is too large is refused before anything else, and what fits is not', async () => {
  const node = new Gateway()
  const session = sessionOf('client')
  const name = { session, sequence: 1, wait: 'none', timeoutMs: 100 } as const
  const payload = (size: number) =>
    ({ ...name, application: 'log', payload: new Uint8Array(size) }) as const
  const limit = transactionBytesMax
  await node.submissions.submit(payload(limit), never)
  await expect(node.submissions.submit(payload(limit + 1), never)).rejects.toMatchObject({
    facts: { code: 'too-large', what: 'transaction', size: limit + 1, limit }
  })
  const remove = (size: number) =>
    ({
      ...name,
      application: 'kv',
      operation: { type: 'delete', key: new Uint8Array(size) }
    }) as const
  const fits = Math.min(kvKeyBytesMax, transactionBytesMax - 100)
  await node.submissions.submit(remove(fits), never)
  await expect(node.submissions.submit(remove(kvKeyBytesMax + 1), never)).rejects.toMatchObject({
    facts: { code: 'too-large', what: 'key', limit: kvKeyBytesMax }
  })
  expect(node.offered).toHaveLength(2)
})

test('a mistake of our own passes through as it is', async () => {
  const receipts = new Receipts(1)
  const submissions = new Submissions({
    receipts,
    transactionBytesMax,
    offer: () => {
      throw new Fault({ code: 'not-ready', state: 'stopping' })
    },
    hasSession: () => true
  })
  const request = log('a', { session: sessionOf('client'), sequence: 1 })
  await expect(submissions.submit(request, never)).rejects.toMatchObject({
    facts: { code: 'not-ready' }
  })
})
