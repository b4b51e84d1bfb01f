import type { CommitIndex, Digest, Epoch, Millis } from '@novacron/base'
import { describe, expect, test } from 'vitest'
import { Mempool } from '../../src/index.ts'
import { AdmissionWindow } from '../../src/mempool/admission.ts'
import { at, four, hash, only, replica } from '../fixtures.ts'

const limits = { bytesMin: 100, bytesStart: 400, bytesMax: 2_000, patience: 3, slackMs: 50 }

/** A window, and a clock that moves with each commit. */
function setUp() {
  const window = new AdmissionWindow(limits)
  let now = 0
  const commit = (latencyMs: number, { pending = 2_000, bytes = 100, afterMs = 10 } = {}) => {
    now += afterMs
    window.onCommitted(bytes, latencyMs, pending, now as Millis)
    return window.bytes
  }
  return { window, commit }
}

describe('what may be under way', () => {
  test('begins with some times the least', () => {
    expect(setUp().window.bytes).toBe(400)
    expect(new AdmissionWindow({ ...limits, bytesMax: 150 }).bytes).toBe(150)
  })

  test('grows while commits are quick and the window is used, up to the limit', () => {
    const { commit } = setUp()
    expect(commit(20)).toBe(425)
    expect(commit(20, { pending: 50 })).toBe(425)
    expect(commit(110)).toBe(450)
    for (let n = 0; n < 100; n++) commit(20)
    expect(commit(20)).toBe(2_000)
  })

  test('shrinks when they take much longer than they could, once for one backlog, down to the least', () => {
    const { commit } = setUp()
    commit(20)
    expect(commit(111)).toBe(340)
    expect(commit(200)).toBe(340)
    expect(commit(200, { afterMs: 200 })).toBe(272)
    for (let n = 0; n < 20; n++) commit(300, { afterMs: 300 })
    expect(commit(300)).toBe(100)
  })

  test('shrinks from what was under way: what nobody used is no room to stay slow in', () => {
    const { commit } = setUp()
    for (let n = 0; n < 100; n++) commit(20)
    expect(commit(200, { pending: 500 })).toBe(1_600)
    expect(commit(200, { pending: 500, afterMs: 200 })).toBe(480)
    expect(commit(200, { pending: 900, afterMs: 200 })).toBe(384)
  })

  test('is not made small by a late commit that comes when the rest is through', () => {
    const { commit } = setUp()
    for (let n = 0; n < 100; n++) commit(20)
    expect(commit(200)).toBe(1_600)
    expect(commit(199, { pending: 1_500, afterMs: 100 })).toBe(1_600)
    expect(commit(190, { pending: 0, afterMs: 100 })).toBe(1_280)
  })

  test('follows a path that has become slower for good', () => {
    const { commit } = setUp()
    commit(20)
    for (let n = 0; n < 10; n++) commit(500, { afterMs: 500 })
    const small = commit(500, { afterMs: 500 })
    expect(small).toBeLessThan(150)
    commit(500, { afterMs: 30_000 })
    commit(500, { afterMs: 30_000 })
    commit(500, { afterMs: 30_000 })
    expect(commit(500)).toBeGreaterThan(small)
  })
})

test('a mempool admits only as far as it commits in good time, and what is larger alone', () => {
  const stored = new Map<Digest, Uint8Array>()
  const options = {
    batchBytesMax: 1_024,
    pendingBytesMin: 1_024,
    pendingBytesStart: 4_096,
    pendingBytesMax: 100_000
  }
  const mempool = new Mempool(options, {
    committee: four,
    epoch: 0 as Epoch,
    self: replica(0),
    hash,
    batches: {
      has: digest => stored.has(digest),
      sizeOf: digest => stored.get(digest)?.length,
      read: digest => stored.get(digest)
    },
    claims: () => () => false
  })
  let now = 1_000
  /** Is there room for so much beside a small batch that is committed after this time? */
  const isRoomFor = (bytes: number, latencyMs = 0) => {
    mempool.step({ type: 'submitted', region: new Uint8Array(100), count: 1 }, at(now))
    const admits = mempool.admits(bytes)
    const taken = mempool.step({ type: 'take', batchesMax: 9, bytesMax: 9_999 }, at(now))
    now += latencyMs
    const digests = only(taken, 'payload-offered').flatMap(({ batches }) =>
      batches.map(({ digest }) => digest)
    )
    mempool.step({ type: 'ordered', index: 1 as CommitIndex, digests }, at(now))
    return admits
  }
  // A hundred bytes are always under way: what fits beside them does, and what is larger than the window once half is free.
  expect([isRoomFor(3_900), isRoomFor(4_096), isRoomFor(4_097)]).toEqual([true, false, true])
  for (let n = 0; n < 20; n++) isRoomFor(1, 2_000)
  expect([isRoomFor(800), isRoomFor(1_024), isRoomFor(50_000)]).toEqual([true, false, true])
  expect([mempool.admits(100_000), mempool.admits(100_001)]).toEqual([true, false])
  // What is about to be submitted counts as well.
  expect([mempool.admits(900, 100), mempool.admits(900, 200)]).toEqual([true, false])
  expect([mempool.admits(2_000, 500), mempool.admits(2_000, 600)]).toEqual([true, false])
})
