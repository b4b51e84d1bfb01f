import { describe, expect, test } from 'vitest'
import { BenchWindow } from '../../src/bench/bench-window.ts'

/** Ten transactions a second over two connections: of connection 0 every 200 ms from 0, of connection 1 from 100 ms. */
const options = { ratePerSecond: 10, connections: 2, rampMs: 0, fromMs: 1_000, toMs: 2_000 }

describe('a window', () => {
  test('measures from the due time, and only what is due in it', () => {
    const window = new BenchWindow(options)
    expect(window.due).toBe(10)
    // Due at 800 and 1000 ms.
    window.onAcknowledged(0, { first: 5, last: 6 }, 1_020)
    expect(window.answered).toBe(1)
    expect(window.latencies()).toEqual({ p50: null, p90: null, p99: null, p999: null })
    // Due at 1200, 1400, 1600, 1800 and 2000 ms.
    window.onAcknowledged(0, { first: 7, last: 11 }, 2_100)
    expect(window.answered).toBe(5)
    expect(window.latencies()).toMatchObject({ p50: 900.1, p90: null })
  })

  test('counts as throughput what is acknowledged while it lasts', () => {
    const window = new BenchWindow(options)
    window.onAcknowledged(1, { first: 1, last: 2 }, 999)
    window.onAcknowledged(1, { first: 3, last: 5 }, 1_000)
    window.onAcknowledged(1, { first: 6, last: 6 }, 1_999)
    window.onAcknowledged(1, { first: 7, last: 9 }, 2_000)
    expect(window.acknowledged).toBe(4)
  })

  test('has finite latencies when all was answered', () => {
    const window = new BenchWindow(options)
    for (const connection of [0, 1]) {
      window.onAcknowledged(connection, { first: 1, last: 20 }, 2_000)
    }
    expect(window.latencies()).toEqual({ p50: 500.1, p90: 900.1, p99: 1_000.1, p999: 1_000.1 })
  })
})
