import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LoadRecord } from '../../src/chaos/load-record.ts'
import { Recovery, type RecoveryRule, recoveryRule } from '../../src/chaos/recovery.ts'

/** 100 transactions a second in two lanes over `ms`, each answered after what `latencyOf` says of its due time. */
function recordOf(ms: number, latencyOf: (dueAtMs: number) => number | undefined): LoadRecord {
  const record = new LoadRecord(100, 2)
  const present = performance.timeOrigin + performance.now()
  record.take({ type: 'started', sessions: ['s0', 's1'], at: present - ms })
  for (let k = 0; k < ms / 10; k++) {
    const latencyMs = latencyOf(k * 10)
    if (latencyMs === undefined) continue
    const sequence = Math.floor(k / 2) + 1
    const atMs = k * 10 + latencyMs
    record.take({ type: 'acknowledged', lane: k % 2, first: sequence, last: sequence, atMs })
  }
  return record
}

describe('a record', () => {
  test('knows what was acknowledged, in ranges, each transaction once', async () => {
    const record = recordOf(100, dueAt => (dueAt === 40 ? undefined : 5))
    await record.started
    record.take({ type: 'acknowledged', lane: 0, first: 1, last: 2, atMs: 99 })
    record.take({ type: 'acknowledged', lane: 7, first: 1, last: 2, atMs: 99 })
    expect(record.acknowledged).toBe(9)
    expect(record.ledger()).toEqual(
      new Map([
        [
          's0',
          [
            { first: 1, last: 2 },
            { first: 4, last: 5 }
          ]
        ],
        ['s1', [{ first: 1, last: 5 }]]
      ])
    )
  })

  test('takes the median of what was due in a stretch, the unanswered as endless', () => {
    const record = recordOf(1_000, dueAt => (dueAt < 500 ? 10 : dueAt < 800 ? 30 : undefined))
    expect(record.medianMs(0, 500)).toBeCloseTo(10)
    expect(record.medianMs(400, 601)).toBeCloseTo(30)
    expect(record.medianMs(600, 1_000)).toBeCloseTo(30)
    expect(record.medianMs(700, 1_000)).toBe(Number.POSITIVE_INFINITY)
    expect(record.medianMs(2_000, 2_000)).toBe(Number.POSITIVE_INFINITY)
  })

  test('makes stretches long enough for a number of transactions', () => {
    expect(new LoadRecord(1_000, 4).stretchMs(20, 250)).toBe(250)
    expect(new LoadRecord(10, 4).stretchMs(5, 250)).toBe(2_000)
  })
})

/** Both lanes were answered after `baselineMs` before. */
function recoveryMs(
  record: LoadRecord,
  healedAt: number,
  baselineMs: number,
  rule: RecoveryRule
): number | undefined {
  return new Recovery(record, healedAt, [baselineMs, baselineMs], rule).find()
}

/** Without a floor. */
const strict = { ...recoveryRule, floorMs: 0 }

describe('recovery', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  // Normal is 20 ms; the limit is 40.
  test.each([
    { name: 'at once', latency: () => 20, expected: 0 },
    { name: 'at the limit', latency: () => 40, expected: 0 },
    { name: 'never just above it', latency: () => 40.5, expected: undefined },
    { name: 'never when nothing is answered', latency: () => undefined, expected: undefined }
  ])('comes $name', ({ latency, expected }) => {
    const record = recordOf(4_000, latency)
    expect(recoveryMs(record, 1_000, 20, strict)).toBe(expected)
  })

  test.each([
    { latency: 50, floorMs: 50, expected: 0 },
    { latency: 50.5, floorMs: 50, expected: undefined }
  ])(
    'above a normal of 20 ms the floor of $floorMs ms counts: $latency ms',
    ({ latency, floorMs, expected }) => {
      const record = recordOf(4_000, () => latency)
      expect(recoveryMs(record, 1_000, 20, { ...recoveryRule, floorMs })).toBe(expected)
    }
  )

  test('is the time from healing until transactions are answered as before', () => {
    const record = recordOf(6_000, dueAt => (dueAt < 3_000 ? 500 : 20))
    const found = recoveryMs(record, 2_000, 20, strict)
    expect(found).toBeGreaterThanOrEqual(850)
    expect(found).toBeLessThanOrEqual(1_000)
  })

  test('is not there while the clients of one daemon wait', () => {
    const record = recordOf(6_000, dueAt => (dueAt % 20 === 0 && dueAt < 3_000 ? 500 : 20))
    expect(record.medianMs(2_000, 3_000)).toBe(20)
    const found = recoveryMs(record, 2_000, 20, strict)
    expect(found).toBeGreaterThanOrEqual(850)
    expect(found).toBeLessThanOrEqual(1_000)
  })

  test('compares the clients of each daemon with themselves', () => {
    const record = recordOf(4_000, dueAt => (dueAt % 20 === 0 ? 50 : 20))
    expect(new Recovery(record, 1_000, [40, 20], strict).find()).toBe(0)
    expect(new Recovery(record, 1_000, [20, 40], strict).find()).toBeUndefined()
  })

  test('is found by asking again, from where the last look ended', () => {
    const record = recordOf(6_000, dueAt => (dueAt < 5_000 ? 500 : 20))
    const recovery = new Recovery(record, 2_000, [20, 20], strict)
    expect(recovery.find()).toBeUndefined()
    for (let k = 600; k < 800; k++) {
      const sequence = Math.floor(k / 2) + 1
      const atMs = k * 10 + 20
      record.take({ type: 'acknowledged', lane: k % 2, first: sequence, last: sequence, atMs })
    }
    vi.advanceTimersByTime(2_000)
    const found = recovery.find()
    expect(found).toBeGreaterThanOrEqual(2_850)
    expect(found).toBeLessThanOrEqual(3_000)
  })

  test('is not one good moment', () => {
    const record = recordOf(8_000, dueAt =>
      dueAt >= 2_000 && dueAt < 2_400 ? 20 : dueAt < 4_000 ? 500 : 20
    )
    expect(recoveryMs(record, 2_000, 20, strict)).toBeGreaterThanOrEqual(1_800)
  })

  test('is not known before the stretch is over', () => {
    expect(
      recoveryMs(
        recordOf(2_200, () => 20),
        1_000,
        20,
        strict
      )
    ).toBeUndefined()
    expect(
      recoveryMs(
        recordOf(2_400, () => 20),
        1_000,
        20,
        strict
      )
    ).toBe(0)
  })
})
