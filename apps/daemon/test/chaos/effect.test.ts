import { describe, expect, test } from 'vitest'
import { checkFlushes, checkSkew, skewSeenMs } from '../../src/chaos/effect.ts'

const hourMs = 3_600_000
const from = 10 * hourMs
const until = from + 5_000

describe('a wrong clock', () => {
  test.each([
    { times: [], seen: 0 },
    { times: [from, until, from + 7], seen: 0 },
    { times: [from + 1, until + hourMs, from + 2], seen: hourMs },
    { times: [from - hourMs, until + 5, until], seen: -hourMs }
  ])('is wrong by $seen ms', ({ times, seen }) => {
    expect(skewSeenMs(times, from, until)).toBe(seen)
  })

  test('is seen, or the fault had no effect', () => {
    for (const skewMs of [hourMs, -hourMs]) {
      expect(checkSkew('a', skewMs - 59_000, skewMs)).toEqual([])
      expect(checkSkew('a', skewMs, -skewMs)).toHaveLength(1)
    }
    expect(checkSkew('a', 0, hourMs)).toEqual([
      'the fault had no effect: the clock of a was wrong by 0 ms'
    ])
    expect(checkSkew('a', -60_001)).toEqual([])
    expect(checkSkew('a', 60_000)).toHaveLength(1)
  })
})

describe('slow flushes', () => {
  const before = { count: 3, seconds: 0.01 }

  test('are seen', () => {
    expect(checkFlushes('a', before, { count: 5, seconds: 1.02 }, 1_000)).toEqual([])
  })

  test.each([
    { after: before, words: '0 flushes of a took 0 ms' },
    { after: { count: 5, seconds: 0.03 }, words: '2 flushes of a took 10 ms' },
    // A daemon that was started again has timed none yet.
    { after: { count: 0, seconds: 0 }, words: '-3 flushes of a took 0 ms' }
  ])('had no effect: $words', ({ after, words }) => {
    const faults = checkFlushes('a', before, after, 1_000)
    expect(faults).toEqual([`the fault had no effect: ${words}`])
  })
})
