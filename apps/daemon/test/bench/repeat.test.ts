import { describe, expect, test } from 'vitest'
import type { OrderingOptions } from '../../src/bench/ordering.ts'
import { describeRepeats, repeatOrdering } from '../../src/bench/repeat.ts'
import { reportOf } from '../../src/bench/report.ts'
import { captureIo } from '../capture-io.ts'
import { measured, options } from './measured.ts'

async function repeat(tails: readonly (number | null)[], agrees = (_: number) => true) {
  const notes: string[] = []
  const runs: OrderingOptions[] = []
  const bench = async (run: OrderingOptions) => {
    const place = runs.push(run) - 1
    const report = reportOf(run, measured)
    const latencyMs = { ...report.latencyMs, p99: tails[place] ?? null }
    return { ...report, throughput: 900 + place, latencyMs, agreement: agrees(place) }
  }
  const note = (text: string) => void notes.push(text)
  const report = await repeatOrdering(options, tails.length, captureIo(), note, bench)
  return { report, runs, notes }
}

describe('several runs', () => {
  test('are told by the one with the p99 in the middle, and all are kept in order', async () => {
    const { report, runs, notes } = await repeat([90, 60, null, 70, 65])
    expect(runs).toEqual(Array.from({ length: 5 }, () => options))
    expect(report).toMatchObject({ throughput: 903, latencyMs: { p99: 70 } })
    expect(report.repeats.map(({ p99 }) => p99)).toEqual([90, 60, null, 70, 65])
    expect(report.repeats[0]).toEqual({
      throughput: 900,
      p50: 10,
      p99: 90,
      missing: 10,
      stalledShare: 0.105
    })
    expect(notes).toContain('run 3 of 5: 902 tx/s, p50 10.0, p99 never')
    expect(describeRepeats(report)).toContain(
      'of 5 runs   p50 10.0, 10.0, 10.0, 10.0, 10.0; p99 90.0, 60.0, never, 70.0, 65.0 ms; the one in the middle'
    )
  })

  test('of an even number tell the worse in the middle', async () => {
    expect((await repeat([60, 90, 70, 65])).report.latencyMs.p99).toBe(70)
  })

  test('have no agreement when one of them has none', async () => {
    expect((await repeat([1, 2, 3], place => place !== 2)).report.agreement).toBe(false)
  })
})
