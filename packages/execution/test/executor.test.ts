import { digestOf, toHex } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import {
  Executor,
  encodeEnvelope,
  membershipApplication,
  resultByte,
  resultCodeOf,
  resultCodes,
  sessionWindow
} from '../src/index.ts'
import { runsMax } from '../src/run-recorder.ts'
import {
  Chain,
  chain,
  commitOf,
  digestAt,
  epoch,
  hash,
  join,
  kvOf,
  logOf,
  needs,
  openOf,
  putOf,
  text
} from './fixtures.ts'

const strange = new Uint8Array(16).fill(0xee)

describe('what becomes of a commit', () => {
  test('neighbours with one outcome are one run', () => {
    const log = new Chain()
    const session = log.open()
    const outcome = log.run(
      join(logOf(session, 1), logOf(session, 2)),
      join(logOf(session, 3), logOf(session, 2), logOf(session, 5))
    )
    const name = toHex(session)
    expect(outcome).toEqual({
      index: 2,
      digest: digestAt(2),
      transactions: 5,
      applied: 4,
      duplicates: 1,
      rejected: 0,
      malformedBatches: 0,
      runs: [
        { session: name, firstSequence: 1, lastSequence: 3, firstOrdinal: 0, code: 'ok' },
        { session: name, firstSequence: 2, lastSequence: 2, firstOrdinal: 3, code: 'duplicate' },
        { session: name, firstSequence: 5, lastSequence: 5, firstOrdinal: 4, code: 'ok' }
      ],
      appliedRanges: [
        { first: 0, last: 2 },
        { first: 4, last: 4 }
      ]
    })
  })

  test('a million transactions of one session are one object', () => {
    const log = new Chain()
    const session = log.open()
    const one = logOf(session, 1, '')
    const count = 100_000
    const region = new Uint8Array(one.length * count)
    const view = new DataView(region.buffer)
    for (let i = 0; i < count; i++) {
      region.set(one, i * one.length)
      view.setUint32(i * one.length + 23, i + 1)
    }
    const outcome = log.run(region)
    expect(outcome.applied).toBe(count)
    expect(outcome.runs).toHaveLength(1)
    expect(outcome.runs[0]).toMatchObject({ firstSequence: 1, lastSequence: count })
  })

  test('writes that follow one another are one run with versions that do too', () => {
    const log = new Chain()
    const session = log.open()
    const { runs } = log.run(
      join(putOf(session, 1, 'a', '1'), putOf(session, 2, 'b', '2'), logOf(session, 3))
    )
    const facts = runs.map(run => [run.firstSequence, run.lastSequence, run.firstVersion])
    expect(facts).toEqual([
      [1, 2, 2],
      [3, 3, undefined]
    ])
    expect(log.executor.kvGet(text('a'))?.version).toBe(2)
    expect(log.executor.kvGet(text('b'))?.version).toBe(3)
  })

  test('transactions of two sessions are told apart', () => {
    const log = new Chain()
    const [a, b] = [log.open(1), log.open(2)]
    const { runs } = log.run(join(logOf(a, 1), logOf(b, 1), logOf(a, 2), logOf(b, 2)))
    expect(runs.map(run => run.session)).toEqual([a, b, a, b].map(toHex))
    expect(runs.map(run => run.firstOrdinal)).toEqual([0, 1, 2, 3])
  })

  test('the news of a commit are bounded, the work is not', () => {
    const log = new Chain()
    const one = logOf(strange, 1, '')
    const count = runsMax + 10
    const region = new Uint8Array(one.length * count)
    const view = new DataView(region.buffer)
    for (let i = 0; i < count; i++) {
      region.set(one, i * one.length)
      view.setUint32(i * one.length + 3, i)
    }
    const outcome = log.run(region)
    expect(outcome.transactions).toBe(count)
    expect(outcome.rejected).toBe(count)
    expect(outcome.runs).toHaveLength(runsMax)
  })

  test('a commit out of order is our own mistake', () => {
    const { executor } = new Chain()
    expect(() => executor.execute(commitOf(2))).toThrow('commit 2 after 0')
  })

  test('an empty commit changes the head and nothing else', () => {
    const log = new Chain()
    const before = log.roots()
    expect(log.run()).toMatchObject({ transactions: 0, runs: [], appliedRanges: [] })
    expect(log.roots()).toEqual(before)
    expect(log.executor.digest).toBe(digestAt(1))
  })
})

describe('what is refused', () => {
  const log = new Chain()
  const session = log.open()
  const envelope = (application: number, sequence: number, of = session, payload = text('')) =>
    encodeEnvelope({ application, session: of, sequence, payload })

  test.each([
    { name: 'an unknown session', bytes: logOf(strange, 1), code: 'session-expired' },
    { name: 'the session zero', bytes: logOf(new Uint8Array(16), 1), code: 'session-expired' },
    { name: 'sequence zero', bytes: logOf(session, 0), code: 'malformed' },
    { name: 'membership', bytes: envelope(membershipApplication, 1), code: 'read-only' },
    { name: 'an application without a name', bytes: envelope(9, 2), code: 'unknown-application' },
    { name: 'what is far ahead', bytes: logOf(session, 5_000), code: 'window-exceeded' },
    { name: 'an open in a session', bytes: envelope(0, 0), code: 'malformed' },
    {
      name: 'an open with a sequence',
      bytes: envelope(0, 1, new Uint8Array(16)),
      code: 'malformed'
    },
    {
      name: 'an open without a nonce',
      bytes: envelope(0, 0, new Uint8Array(16)),
      code: 'malformed'
    }
  ])('$name: $code', ({ bytes, code }) => {
    const outcome = log.run(bytes)
    expect(outcome.runs.map(run => run.code)).toEqual([code])
    expect(outcome).toMatchObject({ applied: 0, rejected: 1, appliedRanges: [] })
  })

  test('a refusal by an application uses up the sequence, so that its answer stays', () => {
    expect(log.codes(logOf(session, 1), logOf(session, 2), logOf(session, 3))).toEqual([
      'duplicate',
      'duplicate',
      'ok'
    ])
  })

  test('a batch ends where it is malformed; the next one is run', () => {
    const outcome = log.run(
      join(logOf(session, 4), text('garbage'), logOf(session, 5)),
      logOf(session, 6)
    )
    expect(outcome).toMatchObject({ transactions: 2, applied: 2, malformedBatches: 1 })
    expect(log.executor.session(toHex(session))).toMatchObject({ contiguous: 4 })
  })
})

describe('sessions through the log', () => {
  test('an open answers with the id and the digest of what asked', () => {
    const log = new Chain()
    const request = openOf(1, new Uint8Array(32).fill(3))
    const [run] = log.run(request).runs
    expect(run).toMatchObject({ session: '0'.repeat(32), firstSequence: 0, code: 'ok' })
    expect(run?.openDigest).toBe(digestOf(hash, request))
    expect(log.executor.session(toHex(run!.value!))?.clientKey).toEqual(new Uint8Array(32).fill(3))
    expect(log.executor.sessionCount).toBe(1)
  })

  test('the same open twice opens two sessions', () => {
    const log = new Chain()
    const { runs } = log.run(join(openOf(1), openOf(1)))
    expect(runs).toHaveLength(2)
    expect(runs[0]?.value).not.toEqual(runs[1]?.value)
    expect(log.executor.sessionCount).toBe(2)
  })

  test('a session can be used in the commit that opens it', () => {
    const probe = new Chain()
    const session = probe.open()
    const log = new Chain()
    const { runs } = log.run(join(openOf(1), logOf(session, 1)))
    expect(runs.map(run => run.code)).toEqual(['ok', 'ok'])
    const early = new Chain()
    expect(early.codes(logOf(session, 1), openOf(1))).toEqual(['session-expired', 'ok'])
  })

  test('an evicted session runs nothing again, and its open does not bring it back', () => {
    const log = new Chain({ sessionsMax: 1, sessionIdleCommitsMin: 2 })
    const open = openOf(1)
    const session = log.run(open).runs[0]!.value!
    expect(log.codes(logOf(session, 1), logOf(session, 2))).toEqual(['ok', 'ok'])
    expect(log.codes(openOf(2))).toEqual(['sessions-full'])
    const other = log.run(openOf(2)).runs[0]!.value!
    expect(log.codes(logOf(session, 1), logOf(session, 3))).toEqual([
      'session-expired',
      'session-expired'
    ])
    log.run()
    log.run()
    const again = log.run(open).runs[0]!.value!
    expect(again).not.toEqual(session)
    expect(log.codes(logOf(session, 1), logOf(other, 1))).toEqual([
      'session-expired',
      'session-expired'
    ])
    expect(log.executor.logCounters.transactions).toBe(2)
  })

  test('the window is a property of the log, not of batches', () => {
    const log = new Chain()
    const session = log.open()
    expect(log.codes(logOf(session, sessionWindow))).toEqual(['ok'])
    expect(log.codes(logOf(session, sessionWindow + 1))).toEqual(['window-exceeded'])
    log.run(logOf(session, 1))
    expect(log.codes(logOf(session, sessionWindow + 1))).toEqual(['ok'])
  })
})

describe('what readers see', () => {
  test('counters of the log, members, the head', () => {
    const members = [{ name: 'node-1', peer: 'p1', weight: 1 }]
    const executor = new Executor({}, { ...needs, members })
    const id = executor.execute(commitOf(1, openOf(1))).runs[0]!.value!
    executor.execute(commitOf(2, join(logOf(id, 1, 'abc'), logOf(id, 2, 'de'), logOf(id, 2, 'f'))))
    expect(executor.logCounters).toEqual({ transactions: 2, bytes: 5 })
    expect(executor.members).toBe(members)
    expect(executor.index).toBe(2)
    expect(executor.position).toBe(4)
    expect(executor.session('00')).toBeUndefined()
  })

  test('nothing of a batch is kept', () => {
    const log = new Chain()
    const session = log.open()
    const batch = putOf(session, 1, 'k', 'value')
    const list = kvOf(session, 2, {
      type: 'compare-and-set',
      key: text('c'),
      version: 0,
      value: text('v')
    })
    log.run(batch, list)
    const roots = log.roots()
    for (const bytes of [batch, list]) bytes.fill(0)
    expect(log.executor.kvGet(text('k'))?.value).toEqual(text('value'))
    expect(log.roots()).toEqual(roots)
  })

  test('a checkpoint names chain, epoch, index, commit and both roots; two images are kept', () => {
    const log = new Chain()
    const session = log.open()
    for (let i = 1; i <= 3; i++) {
      log.run(logOf(session, i))
      log.executor.takeCheckpoint(epoch)
      log.executor.takeCheckpoint(epoch)
    }
    const { images } = log.executor
    expect(images.map(image => image.checkpoint.index)).toEqual([3, 4])
    expect(images[1]?.checkpoint).toMatchObject({ chain, epoch, commitDigest: digestAt(4) })
    expect(images[0]?.checkpoint.stateRoot).not.toBe(images[1]?.checkpoint.stateRoot)
  })
})

test('every result code has its byte', () => {
  for (const code of resultCodes) expect(resultCodeOf(resultByte(code))).toBe(code)
  expect(resultByte('ok')).toBe(0)
  expect(resultCodeOf(255)).toBeUndefined()
})
