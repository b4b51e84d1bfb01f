import { describe, expect, test } from 'vitest'
import type { CatchUpCourse, CatchUpOptions } from '../../src/bench/catch-up.ts'
import {
  type CatchUpFacts,
  catchUpReportOf,
  describeCatchUp
} from '../../src/bench/catch-up-report.ts'
import type { Look, Standing } from '../../src/bench/catch-up-watch.ts'
import type { SecondCount } from '../../src/bench/second-counts.ts'

const options: CatchUpOptions = {
  nodes: 4,
  readyMs: 1_000,
  transactionBytes: 512,
  ratePerSecond: 100,
  connections: 3,
  warmupMs: 1_000,
  baselineMs: 2_000,
  behindRounds: 10,
  closeCommits: 5,
  withinMs: 60_000,
  nodeOptions: { limits: {} as never }
}
const facts: CatchUpFacts = {
  agreed: { agreement: true, compared: 400 },
  protocol: 'bullshark-turbo',
  encryption: 'tls',
  plane: 'direct',
  environment: {
    cpu: 'a CPU',
    cores: 2,
    node: 'v24',
    loadAverage: [1, 2, 3],
    date: 'today',
    build: 'abc1234',
    verificationsPerSecond: 9_000
  }
}

function look(atMs: number, own: Standing | undefined, round: number, cpu: number): Look {
  return { atMs, own, others: { round, executedIndex: 4 * round }, othersCpuSeconds: cpu }
}

const at = (round: number): Standing => ({ round, executedIndex: 4 * round })

/** All answered within `ms`, and as many as were due. */
const second = (ms: number): SecondCount => ({
  due: 100,
  acknowledged: 100,
  latencies: [[10 * ms, 100]]
})

const course: CatchUpCourse = {
  before: [look(1_000, at(10), 10, 1), look(3_000, at(30), 30, 2)],
  stood: at(30),
  away: [look(3_000, undefined, 30, 2), look(5_000, undefined, 50, 3)],
  restartedAtMs: 5_000,
  during: [
    look(5_500, undefined, 55, 3.25),
    look(6_000, at(30), 60, 3.5),
    look(11_000, at(110), 110, 6.3)
  ],
  isCaughtUp: true,
  cpuSeconds: 1.5,
  snapshots: [],
  seconds: [9, 10, 10, 20, 20, 12, 12, 12, 12, 12, 12, 50].map(second)
}

describe('a report of a catch-up', () => {
  test('tells of the gap, of the way, and of what it cost the others', () => {
    const report = catchUpReportOf(options, course, facts)
    expect(report).toMatchObject({
      benchmark: 'catch-up',
      settings: { behindRounds: 10, baselineSeconds: 2, changed: { limits: {} } },
      gapAtStart: { rounds: 20, commits: 80 },
      isCaughtUp: true,
      secondsAway: 2,
      secondsToAnswer: 1,
      secondsToCatchUp: 6,
      commitsPerSecondCaughtUp: { mean: 64, fifths: [64, 64, 64, 64, 64], leastOverMean: 1 },
      snapshotAdopted: false,
      ownCpuPerSecond: 0.25,
      agreement: true,
      commitsCompared: 400
    })
    expect(report.others).toMatchObject({
      before: { seconds: 2, throughput: 100, latencyMs: { p50: 10.1 }, cpuPerSecond: 0.5 },
      away: { seconds: 2, latencyMs: { p99: 20.1 }, cpuPerSecond: 0.5 },
      during: {
        seconds: 6,
        latencyMs: { p50: 12.1, p99: 12.1 },
        cpuPerSecond: 0.55,
        roundsPerSecond: 10
      },
      ratio: { throughput: 1, p50: 1.198, p99: 1.198, cpu: 1.1 }
    })
  })

  test('has a row for each look', () => {
    expect(catchUpReportOf(options, course, facts).samples).toEqual([
      {
        atSeconds: 0.5,
        executedIndex: null,
        round: null,
        othersIndex: 220,
        othersRound: 55,
        gap: null,
        othersCpuPerSecond: 0.5,
        latencyMs: { p50: 12.1, p99: 12.1 }
      },
      expect.objectContaining({ atSeconds: 1, executedIndex: 120, round: 30, gap: 120 }),
      expect.objectContaining({ atSeconds: 6, gap: 0, latencyMs: { p50: 50.1, p99: 50.1 } })
    ])
  })

  test('says what never came', () => {
    const during = [look(6_000, undefined, 60, 3.5)]
    const seconds = course.seconds.map(each => ({ ...each, latencies: [] }))
    const silent = { ...course, during, isCaughtUp: false, cpuSeconds: undefined, seconds }
    const report = catchUpReportOf(options, silent, facts)
    expect(report).toMatchObject({
      isCaughtUp: false,
      secondsToAnswer: null,
      secondsToCatchUp: null,
      ownCpuPerSecond: null,
      commitsPerSecondCaughtUp: { mean: null }
    })
    expect(report.others.ratio).toMatchObject({ p50: null, p99: null })
    const text = describeCatchUp({ ...report, agreement: false })
    expect(text).toContain('caught up   NOT in 60 s; it answered after - s\n')
    expect(text).toContain('speed       - commits/s')
    expect(text).toContain('p50 never ms')
    expect(text).toContain('agreement   NO')
  })

  test('is told to people line by line', () => {
    const snapshots = ['{"event":"snapshot-adopted"}']
    const report = catchUpReportOf(options, { ...course, snapshots }, facts)
    expect(report.snapshotAdopted).toBe(true)
    const text = describeCatchUp(report)
    expect(text).toContain(
      '4 nodes, bullshark-turbo, tls (direct), log, 512 bytes, 100 tx/s offered'
    )
    expect(text).toContain('behind      20 rounds, 80 commits after 2 s')
    expect(text).toContain('caught up   in 6 s, by a snapshot; it answered after 1 s')
    expect(text).toContain(
      'before      100 tx/s, p50 10.1 ms, p99 10.1 ms, 0.50 CPU s/s, 10 rounds/s in 2 s'
    )
    expect(describeCatchUp(catchUpReportOf(options, course, facts))).toContain('commit by commit')
  })
})
