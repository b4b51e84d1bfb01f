import { describe, expect, test } from 'vitest'
import { latenciesOf, SecondCounts, secondsBetween } from '../../src/bench/second-counts.ts'
import { Timetable } from '../../src/load/timetable.ts'

/** Ten transactions a second over two connections: of connection 0 every 200 ms from 0, of connection 1 from 100 ms. */
const start = (): SecondCounts => new SecondCounts(new Timetable(10, 2))

describe('seconds of a load', () => {
  test('count latencies where they were due, and throughput where they were acknowledged', () => {
    const counts = start()
    // Due at 800 and 1000 ms.
    counts.onAcknowledged(0, { first: 5, last: 6 }, 1_020)
    expect(counts.until(2_000)).toEqual([
      { due: 10, acknowledged: 0, latencies: [[2_200, 1]] },
      { due: 10, acknowledged: 2, latencies: [[200, 1]] }
    ])
  })

  test('that are not over are not told', () => {
    expect(start().until(1_999)).toHaveLength(1)
    expect(start().until(999)).toEqual([])
  })

  test('are summed, and what was never acknowledged took for ever', () => {
    const counts = start()
    for (const connection of [0, 1]) {
      counts.onAcknowledged(connection, { first: 1, last: 10 }, 2_000)
    }
    const seconds = counts.until(3_000)
    expect(latenciesOf(seconds.slice(1, 2))).toMatchObject({ p50: 500.1, p99: 1_000.1 })
    expect(latenciesOf(seconds.slice(0, 2))).toMatchObject({ p50: 1_000.1, p99: 2_000.1 })
    expect(latenciesOf(seconds)).toMatchObject({ p50: 1_500.1, p90: null })
    expect(latenciesOf([])).toMatchObject({ p50: null })
  })

  test('belong to the part of a run in which most of them lies, and one at least does', () => {
    const seconds = start().until(10_000)
    expect(secondsBetween(seconds, 1_400, 3_600)).toEqual(seconds.slice(1, 4))
    expect(secondsBetween(seconds, 1_600, 3_400)).toEqual(seconds.slice(2, 3))
    expect(secondsBetween(seconds, 4_100, 4_200)).toEqual(seconds.slice(4, 5))
  })
})
