import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { MeshEvent } from '@novacron/transport'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { Executed } from '../../src/driver/driver.ts'
import { Sampler, slowRoundTripMs, startSampling } from '../../src/telemetry/gauges.ts'
import type { Log } from '../../src/telemetry/log.ts'
import { machineCounters } from '../../src/telemetry/machine-counters.ts'
import { type NodeMetrics, nullMetrics } from '../../src/telemetry/metrics.ts'
import { Telemetry } from '../../src/telemetry/observer.ts'

/** Notes every call of an instrument as [name, value]. */
function noted() {
  const values: [string, number][] = []
  const take =
    (name: string) =>
    (value = 1) =>
      void values.push([name, value])
  const instrument = (name: string) => ({ add: take(name), set: take(name), observe: take(name) })
  const classes = (name: string) => ({
    order: instrument(`${name}.order`),
    sync: instrument(`${name}.sync`),
    bulk: instrument(`${name}.bulk`)
  })
  const planes = (name: string) => ({
    libp2p: instrument(`${name}.libp2p`),
    direct: instrument(`${name}.direct`)
  })
  const metrics = Object.fromEntries(Object.keys(nullMetrics).map(name => [name, instrument(name)]))
  Object.assign(metrics, {
    sentBytes: classes('sentBytes'),
    receivedBytes: classes('receivedBytes'),
    planeSentBytes: planes('planeSentBytes'),
    planeReceivedBytes: planes('planeReceivedBytes'),
    count: (name: string, by: number) => values.push([`count ${name}`, by])
  })
  return { values, metrics: metrics as unknown as NodeMetrics }
}

function telemetry() {
  const { values, metrics } = noted()
  const lines: string[] = []
  const write = (level: string) => (event: string, facts?: object) =>
    void lines.push(`${level} ${event} ${JSON.stringify(facts)}`)
  const names = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
  const log = Object.fromEntries(names.map(name => [name, write(name)])) as unknown as Log
  return { values, lines, observer: new Telemetry(log, metrics, () => 5_000) }
}

test('bytes are counted for the plane that carried them', () => {
  const { observer, values } = telemetry()
  observer.onTraffic('direct', 5, 7)
  expect(values).toEqual([
    ['planeSentBytes.direct', 5],
    ['planeReceivedBytes.direct', 7]
  ])
})

test('a commit is counted and timed; a clock that is ahead gives no negative time', () => {
  const { observer, values, lines } = telemetry()
  const executed = (timestamp: number) =>
    ({
      subDag: { index: 7, timestamp, anchor: { round: 14 }, vertices: [1, 2] },
      outcome: { applied: 5, transactions: 6, duplicates: 1 }
    }) as unknown as Executed
  observer.onExecuted(executed(4_500))
  expect(values).toEqual([
    ['commits', 1],
    ['committedIndex', 7],
    ['transactionsCommitted', 5],
    ['commitLatency', 0.5]
  ])
  expect(lines).toEqual([
    'debug commit-executed {"index":7,"round":14,"vertices":2,"transactions":6,"duplicates":1}'
  ])
  observer.onExecuted(executed(6_000))
  expect(values.at(-1)).toEqual(['commitLatency', 0])
})

test('notes go to the log at their level, and evidence is counted', () => {
  const { observer, values, lines } = telemetry()
  observer.onNote({ type: 'note', level: 'info', event: 'recovered', facts: { voteAbove: 3 } })
  observer.onNote({ type: 'note', level: 'warn', event: 'evidence', facts: {} })
  expect(lines).toEqual(['info recovered {"voteAbove":3}', 'warn evidence {}'])
  expect(values).toEqual([['evidence', 1]])
})

test('what machines count has a place of its own where there is one', () => {
  const { observer, values } = telemetry()
  observer.onCount('leader_timeout', 2)
  observer.onCount('batch_sealed', 1)
  observer.onCount('batch_sealed_bytes', 500)
  observer.onCount('resent', 3)
  observer.onReceived('bulk', 9)
  expect(values).toEqual([
    ['leaderTimeouts', 2],
    ['count leader_timeout', 2],
    ['batches', 1],
    ['count batch_sealed', 1],
    ['batchBytes', 500],
    ['count batch_sealed_bytes', 500],
    ['count resent', 3],
    ['receivedBytes.bulk', 9]
  ])
})

test('peers come and go in silence; what somebody did wrong is a warning', () => {
  const { observer, values, lines } = telemetry()
  const peer = 'p' as never
  const events: MeshEvent[] = [
    { type: 'dial-failed', peer, attempt: 1, retryInMs: 1, error: 'refused' },
    { type: 'frame-dropped', peer, streamClass: 'bulk', frames: 1, bytes: 2, reason: 'queue-full' },
    { type: 'connection-closed', peer, code: 'duplicate' },
    { type: 'connection-closed', peer, code: 'timeout' },
    { type: 'peer-penalized', peer, code: 'rude' }
  ]
  for (const event of events) observer.onMeshEvent(event)
  expect(lines.map(line => line.split(' ').slice(0, 2).join(' '))).toEqual([
    'debug dial-failed',
    'debug frame-dropped',
    'debug connection-closed',
    'info connection-closed',
    'warn peer-penalized'
  ])
  expect(values).toEqual([['count frame_dropped', 1]])
})

/** The parts of a node whose levels are read. */
function sampled() {
  const { values, metrics } = noted()
  const stats = { databaseBytes: 10, segmentBytes: 20, flushCount: 0, flushMsLast: 500 }
  const peers: object[] = []
  const trips: number[] = []
  const parts = {
    replica: { status: () => ({ orderer: { round: 8 }, executedIndex: 4 }) },
    mesh: { peers: () => peers },
    store: { stats: () => stats },
    metrics,
    onRoundTrip: (roundTripMs: number) => trips.push(roundTripMs)
  } as unknown as ConstructorParameters<typeof Sampler>[0]
  return { values, stats, peers, trips, parts }
}

test('levels are read, and of what the store counts itself the difference', () => {
  const { parts, values, stats, peers, trips } = sampled()
  const sampler = new Sampler(parts)
  sampler.sample()
  const levels: [string, number][] = [
    ['round', 8],
    ['executedIndex', 4],
    ['peers', 0],
    ['databaseBytes', 10],
    ['segmentBytes', 20]
  ]
  expect(values.splice(0)).toEqual(levels)
  expect(trips).toEqual([])
  stats.flushCount = 3
  peers.push(
    { state: 'connected', member: true, rttMs: 7 },
    { state: 'connecting', member: true, rttMs: 90 }
  )
  sampler.sample()
  expect(values.slice(5)).toEqual([
    ['storeFlushes', 3],
    ['storeFlushSeconds', 0.5]
  ])
  expect(values[2]).toEqual(['peers', 1])
  expect(trips).toEqual([7])
  stats.flushCount = 5
  values.length = 0
  sampler.sample()
  expect(values[5]).toEqual(['storeFlushes', 2])
})

test('sampling goes on until it is disposed, and is done whenever the metrics are asked for', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { parts, values } = sampled()
  const { metrics, ...others } = parts
  const asked: (() => void)[] = []
  const onRender = (sample: () => void) => void asked.push(sample)
  const sampling = startSampling({ ...others, prometheus: { metrics, onRender } })
  for (const sample of asked) sample()
  expect(values.filter(([name]) => name === 'round')).toHaveLength(1)
  values.length = 0
  vi.advanceTimersByTime(4_500)
  expect(values.filter(([name]) => name === 'round')).toHaveLength(2)
  sampling[Symbol.dispose]()
  vi.advanceTimersByTime(10_000)
  expect(values.filter(([name]) => name === 'round')).toHaveLength(2)
})

test.each([
  { name: 'nobody', trips: [], slow: undefined },
  { name: 'one', trips: [5], slow: 5 },
  { name: 'twenty', trips: Array.from({ length: 20 }, (_, i) => 20 - i), slow: 20 },
  { name: 'forty', trips: Array.from({ length: 40 }, (_, i) => i + 1), slow: 39 }
])('the slow round trip over $name is the 95th percentile', ({ trips, slow }) => {
  const peers = trips.map(rttMs => ({ member: true, rttMs }))
  const others = [{ member: false, rttMs: 999 }, { member: true }]
  expect(slowRoundTripMs([...peers, ...others] as never)).toBe(slow)
})

test('every name that a machine counts is known to the metrics', () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const sources = ['consensus', 'execution', 'replica'].flatMap(name => {
    const folder = `${root}${name}/src`
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.ts'))
      .map(file => readFileSync(`${folder}/${file}`, 'utf8'))
  })
  const counted = sources.flatMap(text =>
    [...text.matchAll(/type: 'count',\s*name: '([a-z_]+)'/g)].map(([, name = '']) => name)
  )
  expect(counted.length).toBeGreaterThan(10)
  expect(counted.filter(name => !machineCounters.includes(name))).toEqual([])
  expect([...machineCounters].sort()).toEqual(machineCounters)
})
