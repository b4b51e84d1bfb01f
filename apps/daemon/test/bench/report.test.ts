import { describe, expect, test } from 'vitest'
import type { OrderingOptions } from '../../src/bench/ordering.ts'
import { type BenchReport, describeReport, reportOf } from '../../src/bench/report.ts'
import { describeSweep, type SweepOptions, sweep } from '../../src/bench/sweep.ts'
import { captureIo } from '../capture-io.ts'
import { latencies, measured, options, reading } from './measured.ts'

describe('a report', () => {
  test('sums over the daemons, and counts CPU for what was committed', () => {
    expect(reportOf(options, measured)).toMatchObject({
      throughput: 950,
      transactions: { due: 2_000, acknowledged: 1_990, missing: 10, refused: 3 },
      cpuSeconds: { perNode: [0.5, 0.45], nodes: 0.95, generators: 0.2, others: 1.85 },
      cpuMsPerMB: 1_000,
      peakRssBytes: 300e6,
      wireBytes: 2e6,
      fsyncs: 40,
      commits: 7,
      settings: { links: 'loopback', changed: {} }
    })
    expect(reportOf(options, measured)).not.toHaveProperty('recoveryLatencyMs')
  })

  test('leaves out a daemon that was killed, and tells of the time after', () => {
    const crashed = { ...measured, links: 'proxies' as const, used: [reading, undefined] }
    const report = reportOf({ ...options, crash: 1, delayMs: 25 }, crashed)
    expect(report).toMatchObject({
      cpuSeconds: { perNode: [0.5, null], nodes: 0.5 },
      recoveryLatencyMs: { p99: 3 },
      settings: { crash: 1, links: 'proxies' }
    })
    expect(describeReport(report)).toContain('after crash p50 1.0  p90 2.0  p99 3.0')
    expect(describeReport(report)).toContain('CPU s       0.5, - (')
  })

  test('has no cost when nothing was committed', () => {
    const result = { ...measured.result, acknowledgedInWindow: 0 }
    const report = reportOf(options, { ...measured, result })
    expect(report.cpuMsPerMB).toBeNull()
    expect(describeReport(report)).toContain('(- ms for each MB)')
  })

  test('is told to people line by line, with the profile if there is one', () => {
    const profile = [{ name: 'step', place: 'driver.js:1', percent: 12.3 }]
    const text = describeReport({ ...reportOf(options, measured), profile })
    expect(text).toContain(
      '2 nodes, bullshark, tls (libp2p), log, 500 bytes, 1000 tx/s offered for 2 s\n'
    )
    expect(text).toContain('links       loopback\n')
    expect(text).toContain('sync p50 0.3  p99 2  max 508 ms, 10.5 % of the time in syncs of more')
    const slow = { ...options, delayMs: 25, nodeMbit: 20 }
    const limited = reportOf(slow, { ...measured, links: 'proxies' })
    expect(describeReport(limited)).toContain(
      'links       25 ms one way, 20 Mbit/s for each node, both ways, by proxies\n'
    )
    expect(text).toContain('throughput  950 tx/s (0.5 MB/s), 1990 of 2000 acknowledged')
    expect(text).toContain('p99 30.1  p99.9 never')
    expect(text).toMatch(/ 12\.3 % {2}step {2}driver\.js:1\n$/)
    const apart = { ...reportOf(options, measured), agreement: false }
    expect(describeReport(apart)).toContain('agreement   NO')
  })
})

describe('a sweep', () => {
  function start(
    capacity: number,
    more: Partial<SweepOptions> = {},
    agrees = (_: OrderingOptions) => true
  ) {
    const runs: OrderingOptions[] = []
    const notes: string[] = []
    const bench = async (run: OrderingOptions): Promise<BenchReport> => {
      runs.push(run)
      const report = reportOf(run, measured)
      const isHeld = run.ratePerSecond <= capacity
      const throughput = Math.min(capacity, run.ratePerSecond)
      const latencyMs = { ...latencies, p99: isHeld ? 100 : null }
      return { ...report, throughput, latencyMs, agreement: agrees(run) }
    }
    const { ratePerSecond: _, ...rest } = options
    const whole = { ...rest, durationMs: 30_000, warmupMs: 5_000, isOverloaded: false, ...more }
    const report = sweep(whole, captureIo(), note => notes.push(note), bench)
    return { report, runs, notes }
  }

  test('searches with short runs and measures with a long one', async () => {
    const { report, runs, notes } = start(10_000, { isProfiled: true })
    const { probes, throughput, overload, settings } = await report
    expect(throughput).toBeGreaterThan(9_000)
    expect(settings.ratePerSecond).toBe(throughput)
    expect(overload).toBeUndefined()
    expect(runs.slice(0, 2).map(({ ratePerSecond }) => ratePerSecond)).toEqual([4_000, 8_000])
    expect(runs.slice(0, -1).every(run => run.durationMs === 5_000 && !run.isProfiled)).toBe(true)
    expect(runs.at(-1)).toMatchObject({ durationMs: 30_000, warmupMs: 5_000, isProfiled: true })
    expect(probes).toHaveLength(runs.length - 1)
    expect(notes).toContain('8000 tx/s for 5 s: 8000 tx/s, p99 100 ms')
    expect(notes).toContain('16000 tx/s for 5 s: 10000 tx/s, p99 never')
  })

  test('runs at twice the rate when asked to', async () => {
    const { report, runs } = start(10_000, { isOverloaded: true })
    const whole = await report
    const { throughput, overload } = whole
    const text = describeSweep(whole)
    expect(text).toContain('saturation  p99 held, at most 500 ms\n')
    expect(text).toContain(
      `at twice    10000 tx/s of ${2 * throughput}, ${overload?.ratio} of that at saturation`
    )
    expect(overload?.ratePerSecond).toBe(2 * throughput)
    expect(overload?.ratio).toBeCloseTo(10_000 / throughput, 2)
    expect(runs.at(-1)?.ratePerSecond).toBe(2 * throughput)
  })

  test('of what holds nothing measures the lowest it came to', async () => {
    const { report } = start(1)
    const whole = await report
    expect(whole).toMatchObject({ latencyMs: { p99: null }, isHeld: false })
    expect(describeSweep(whole)).toContain('saturation  NOT held')
  })

  test.each([
    { which: 'a short one', disagrees: 8_000 },
    { which: 'the one at twice the load', disagrees: 2 * 9_514 }
  ])('has no agreement when $which of its runs has none', async ({ disagrees }) => {
    const isOne = ({ ratePerSecond }: OrderingOptions) => ratePerSecond === disagrees
    const { report, runs } = start(10_000, { isOverloaded: true }, run => !isOne(run))
    expect((await report).agreement).toBe(false)
    expect(runs.filter(isOne)).toHaveLength(1)
  })
})
