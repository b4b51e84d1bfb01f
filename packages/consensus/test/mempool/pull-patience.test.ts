import type { Digest, Millis } from '@novacron/base'
import { beforeEach, describe, expect, test } from 'vitest'
import { defaultMempoolOptions, type MempoolEffect, type NamedBy } from '../../src/index.ts'
import { BatchPulls } from '../../src/mempool/pulls.ts'
import { peerAt, replica, round } from '../fixtures.ts'

const { pullDelayMs, pullRetryMs } = defaultMempoolOptions
const author = replica(1)
const vertex: NamedBy = { type: 'vertex', author, round: round(1) }
const header: NamedBy = { type: 'header', author, round: round(1) }
const digestAt = (n: number) => n.toString(16).padStart(64, '0') as Digest

let pulls: BatchPulls
let now: Millis
let made = 0

beforeEach(() => {
  pulls = new BatchPulls(defaultMempoolOptions, 3)
  now = 1_000_000 as Millis
})

/** Names a batch that is not here. */
function name(by: NamedBy): Digest {
  const digest = digestAt(made++)
  pulls.want([{ digest, sizeBytes: 100_000 }], { holders: [2, 3].map(peerAt), by }, now)
  return digest
}

function arrive(digest: Digest, from: number): void {
  pulls.heard(
    { digest, sizeBytes: 100_000 },
    peerAt(from),
    from === author ? author : undefined,
    now
  )
  pulls.done(digest)
}

/** The author sends a batch so long after it was named, a few times. */
function beLate(lateMs: number): void {
  for (let i = 0; i < 20; i++) {
    const digest = name(vertex)
    now = (now + lateMs) as Millis
    arrive(digest, 1)
  }
}

/** Milliseconds until somebody is asked, and who. */
function untilAsked(withinMs: number): { afterMs: number; to: unknown } | undefined {
  for (let afterMs = 0; afterMs <= withinMs; afterMs += 10, now = (now + 10) as Millis) {
    const out: MempoolEffect[] = []
    pulls.onTimer()
    pulls.advance(now, out)
    for (const effect of out) if (effect.type === 'send') return { afterMs, to: effect.to }
  }
  return undefined
}

describe('the first question for a batch', () => {
  test('is put as soon as its author is silent, when it never was late', () => {
    name(vertex)
    expect(untilAsked(10_000)).toEqual({ afterMs: pullDelayMs, to: peerAt(2) })
  })

  test('waits while its author sends what it has named before, and the usual while longer', () => {
    const before = [name(vertex), name(vertex)]
    now = (now + 1) as Millis
    const digest = name(vertex)
    for (const early of before) {
      now = (now + pullDelayMs - 10) as Millis
      arrive(early, 1)
    }
    // Late by up to two such whiles.
    const { afterMs = 0 } = untilAsked(10_000) ?? {}
    expect(afterMs).toBeGreaterThan(pullDelayMs)
    expect(afterMs).toBeLessThan(5 * pullDelayMs)
    pulls.done(digest)
  })

  test('waits no longer than usual once its author has sent what it made later', () => {
    beLate(700)
    name(vertex)
    now = (now + 30) as Millis
    arrive(digestAt(made++), 1)
    expect(untilAsked(10_000)?.afterMs).toBe(pullDelayMs - 30)
  })

  test('waits though its author has sent something small, which overtakes what is large', () => {
    beLate(700)
    name(vertex)
    now = (now + 30) as Millis
    const small = { digest: digestAt(made++), sizeBytes: 100 }
    pulls.heard(small, peerAt(1), author, now)
    expect(untilAsked(10_000)?.afterMs).toBeGreaterThan(600)
  })

  test('waits as long as its author was late before', () => {
    beLate(700)
    name(vertex)
    const { afterMs = 0 } = untilAsked(10_000) ?? {}
    expect(afterMs).toBeGreaterThanOrEqual(700)
    expect(afterMs).toBeLessThan(1_000)
  })

  test.each([
    { what: 'a vertex', by: vertex, most: 32 },
    { what: 'a header', by: header, most: 64 }
  ])('for what $what names waits no longer than a bound, however late its author was', limits => {
    beLate(20_000)
    name(limits.by)
    expect(untilAsked(30_000)?.afterMs).toBe(limits.most * pullDelayMs)
  })

  test.each([
    { what: 'a vertex', by: vertex, least: 4 },
    { what: 'a header', by: header, least: 20 }
  ])('for what $what names does not wait while its author sends small things for ever', limits => {
    const digest = name(limits.by)
    const startedAt = now
    const out: MempoolEffect[] = []
    while (!out.some(({ type }) => type === 'send')) {
      now = (now + 30) as Millis
      pulls.heard({ digest: digestAt(made++), sizeBytes: 100 }, peerAt(1), author, now)
      pulls.onTimer()
      pulls.advance(now, out)
    }
    expect(now - startedAt).toBe(limits.least * pullDelayMs)
    pulls.done(digest)
  })

  test('does not wait for another author that was late', () => {
    beLate(700)
    name({ ...vertex, author: replica(2) })
    expect(untilAsked(10_000)?.afterMs).toBe(pullDelayMs)
  })

  test('waits no longer once its author is in time again', () => {
    beLate(700)
    for (let i = 0; i < 60; i++)
      pulls.heard({ digest: digestAt(made++), sizeBytes: 100_000 }, peerAt(1), author, now)
    name(vertex)
    expect(untilAsked(10_000)?.afterMs).toBeLessThan(2 * pullDelayMs)
  })
})

describe('the next question for a batch', () => {
  const again = () => untilAsked(100_000)?.afterMs

  test('is put to another after a while', () => {
    name(vertex)
    untilAsked(100_000)
    now = (now + 10) as Millis
    expect(untilAsked(100_000)).toEqual({ afterMs: pullRetryMs - 10, to: peerAt(3) })
  })

  test('waits as long as answers take, also those that came after another was asked', () => {
    for (let i = 0; i < 20; i++) {
      const digest = name(vertex)
      untilAsked(100_000)
      const askedAt = now
      now = (now + 10) as Millis
      untilAsked(700)
      now = Math.max(now, askedAt + 700) as Millis
      arrive(digest, 2)
    }
    name(vertex)
    untilAsked(100_000)
    now = (now + 10) as Millis
    expect(again()).toBeGreaterThanOrEqual(690)
  })

  test.each([
    { what: 'a vertex', by: vertex, most: 4 },
    { what: 'a header', by: header, most: 16 }
  ])('for what $what names waits no longer than a bound', limits => {
    const digest = name(vertex)
    untilAsked(100_000)
    now = (now + 1_000_000) as Millis
    arrive(digest, 2)
    name(limits.by)
    untilAsked(100_000)
    now = (now + 10) as Millis
    expect(again()).toBe(limits.most * pullRetryMs - 10)
  })

  test('does not wait because another peer answers late, nor for one that came back', () => {
    const digest = name(vertex)
    untilAsked(100_000)
    now = (now + 1_000_000) as Millis
    const second = () => {
      untilAsked(100_000)
      now = (now + 10) as Millis
      return again()
    }
    arrive(digest, 2)
    pulls.want([{ digest: digestAt(made++), sizeBytes: 9 }], { holders: [3, 2].map(peerAt) }, now)
    expect(second()).toBe(pullRetryMs - 10)
    pulls = new BatchPulls(defaultMempoolOptions, 3)
    const lost = name(vertex)
    untilAsked(100_000)
    now = (now + 1_000_000) as Millis
    arrive(lost, 2)
    pulls.setPeers([1, 3].map(peerAt))
    pulls.setPeers([1, 2, 3].map(peerAt))
    name(vertex)
    expect(second()).toBe(pullRetryMs - 10)
  })
})
