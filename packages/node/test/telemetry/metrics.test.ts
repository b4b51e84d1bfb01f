import { expect, test } from 'vitest'
import {
  instruments,
  labelledInstruments,
  machineCounter,
  nullMetrics,
  processInstruments
} from '../../src/telemetry/metrics.ts'
import { createPrometheusMetrics, machineCountersMax } from '../../src/telemetry/prometheus.ts'

function lines(text: string): Map<string, number> {
  const samples = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))])
  )
}

test('every instrument is in the text, and shows what it was told', async () => {
  using prometheus = createPrometheusMetrics({ machineCounters: ['header-made', 'vote-sent'] })
  const { metrics } = prometheus
  metrics.round.set(12)
  metrics.commits.add()
  metrics.commits.add(4)
  metrics.commitLatency.observe(0.03)
  metrics.sentBytes.bulk.add(1000)
  metrics.receivedBytes.order.add(7)
  metrics.apiCalls.error.add()
  metrics.count('vote-sent', 3)
  metrics.count('never-heard-of', 2)
  const text = await prometheus.render()
  const samples = lines(text)
  expect(samples.get('novacron_consensus_round')).toBe(12)
  expect(samples.get('novacron_consensus_commits_total')).toBe(5)
  expect(samples.get('novacron_consensus_commit_latency_seconds_bucket{le="0.02"}')).toBe(0)
  expect(samples.get('novacron_consensus_commit_latency_seconds_bucket{le="0.03"}')).toBe(1)
  expect(samples.get('novacron_network_sent_bytes_total{class="bulk"}')).toBe(1000)
  expect(samples.get('novacron_network_sent_bytes_total{class="order"}')).toBe(0)
  expect(samples.get('novacron_network_received_bytes_total{class="order"}')).toBe(7)
  expect(samples.get('novacron_api_calls_total{outcome="error"}')).toBe(1)
  expect(samples.get('novacron_machine_events_total{name="vote-sent"}')).toBe(3)
  expect(samples.get('novacron_machine_events_total{name="header-made"}')).toBe(0)
  expect(samples.get('novacron_machine_events_total{name="other"}')).toBe(2)
  const all = [
    ...Object.values(instruments),
    ...Object.values(labelledInstruments),
    ...Object.values(processInstruments),
    machineCounter
  ]
  for (const { name } of all) expect(text, name).toContain(`# HELP ${name} `)
})

test('names follow one rule and none is used twice', () => {
  const typed = [...Object.values(instruments), ...Object.values(processInstruments)]
  for (const { name, type } of typed) {
    expect(name).toMatch(
      /^novacron_(consensus|mempool|transactions|network|store|api|ingest|process)_[a-z_]+$/
    )
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
  }
  const names = [...typed, ...Object.values(labelledInstruments), machineCounter].map(
    ({ name }) => name
  )
  expect(new Set(names).size).toBe(names.length)
})

test('what the process does is read when it is asked for', async () => {
  using prometheus = createPrometheusMetrics({ machineCounters: [] })
  const samples = lines(await prometheus.render())
  for (const name of [
    'heap_bytes',
    'resident_bytes',
    'open_files',
    'cpu_seconds',
    'uptime_seconds'
  ]) {
    expect(samples.get(`novacron_process_${name}`), name).toBeGreaterThan(0)
  }
  expect(samples.get('novacron_process_event_loop_lag_seconds')).toBeGreaterThanOrEqual(0)
})

test('two registries do not share their counts', async () => {
  using one = createPrometheusMetrics({ machineCounters: [] })
  using two = createPrometheusMetrics({ machineCounters: [] })
  one.metrics.batches.add(9)
  expect(lines(await two.render()).get('novacron_mempool_batches_total')).toBe(0)
  expect(two.contentType).toContain('text/plain')
})

test('machine counters are as many as the limit says, not more', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `name-${i}`)
  createPrometheusMetrics({ machineCounters: names(machineCountersMax) })[Symbol.dispose]()
  expect(() => createPrometheusMetrics({ machineCounters: names(machineCountersMax + 1) })).toThrow(
    RangeError
  )
})

test('the null metrics have every field of the real ones and do nothing', () => {
  using prometheus = createPrometheusMetrics({ machineCounters: [] })
  expect(Object.keys(nullMetrics).sort()).toEqual(Object.keys(prometheus.metrics).sort())
  for (const [field, instrument] of Object.entries(nullMetrics)) {
    const real = prometheus.metrics[field as keyof typeof nullMetrics]
    expect(Object.keys(instrument), field).toEqual(Object.keys(real))
  }
  nullMetrics.round.set(1)
  nullMetrics.commits.add()
  nullMetrics.commitLatency.observe(1)
  nullMetrics.count('any', 1)
})

test('what only has a level is read before the text is made', async () => {
  using prometheus = createPrometheusMetrics({ machineCounters: [] })
  prometheus.onRender(() => prometheus.metrics.round.set(12))
  expect(await prometheus.render()).toContain('\nnovacron_consensus_round 12\n')
})
