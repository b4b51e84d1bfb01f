import { expect, test } from 'vitest'
import { LoadMeter } from '../../src/load/load-meter.ts'
import { Timetable } from '../../src/load/timetable.ts'

test('progress is of the time since the last, the result of all', () => {
  const meter = new LoadMeter(new Timetable(1_000_000, 2), 2)
  meter.start()
  meter.onAcknowledged(0, { first: 1, last: 3 })
  meter.onAcknowledged(1, { first: 1, last: 1 })
  const first = meter.progress(9)
  expect(first).toMatchObject({ type: 'progress', submitted: 9, committed: 4 })
  expect(first.lanes.map(({ p50Ms }) => p50Ms === null)).toEqual([false, false])
  expect(first.transactionsPerSecond).toBeGreaterThan(0)
  const second = meter.progress(9)
  expect(second).toMatchObject({ committed: 4, p50Ms: null, p99Ms: null, transactionsPerSecond: 0 })
  expect(meter.result(5, 3, 1_500)).toMatchObject({
    durationSeconds: 1.5,
    submitted: 5,
    committed: 4,
    transactionsPerSecond: 2,
    latencyMs: { p50: expect.any(Number), p99: null }
  })
})

test('a load that was stopped at once has a rate of 0 and no latency', () => {
  const meter = new LoadMeter(new Timetable(1, 1), 1)
  meter.start()
  expect(meter.result(0, 0, 0)).toEqual({
    durationSeconds: 0,
    submitted: 0,
    committed: 0,
    transactionsPerSecond: 0,
    latencyMs: { p50: null, p99: null }
  })
})
