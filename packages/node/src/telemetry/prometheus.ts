import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import * as prometheus from 'prom-client'
import type { Counter, Gauge, Histogram } from './meter.ts'
import {
  instruments,
  type LabelledInstrument,
  labelledInstruments,
  machineCounter,
  type NodeMetrics,
  type ProcessReading,
  processInstruments,
  type SingleName
} from './metrics.ts'

/** Distinct names of machine counters, as each is a series. */
export const machineCountersMax = 256
const otherName = 'other'
const loopResolutionMs = 20

export interface PrometheusMetrics extends Disposable {
  readonly metrics: NodeMetrics
  readonly contentType: string
  /** The text that a Prometheus server scrapes. */
  render(): Promise<string>
  /** Calls `sample` before every `render`. */
  onRender(sample: () => void): void
}

/** What the node counts beyond the fixed instruments. */
export interface PrometheusMetricsOptions {
  /** Every name that a machine's `count` effect may carry. @throws {RangeError} beyond `machineCountersMax` */
  readonly machineCounters: readonly string[]
}

/** Real instruments in a registry of their own. Disposal ends the watch over the event loop. */
export function createPrometheusMetrics(options: PrometheusMetricsOptions): PrometheusMetrics {
  if (options.machineCounters.length > machineCountersMax) {
    throw new RangeError(`machine counters: ${options.machineCounters.length}`)
  }
  const registry = new prometheus.Registry()
  const registers = [registry]
  const loop = monitorEventLoopDelay({ resolution: loopResolutionMs })
  loop.enable()
  registerProcess(registry, loop)
  const samples: (() => void)[] = []
  return {
    metrics: {
      ...singles(registers),
      sentBytes: labelledCounters(labelledInstruments.sentBytes, registers),
      planeSentBytes: labelledCounters(labelledInstruments.planeSentBytes, registers),
      planeReceivedBytes: labelledCounters(labelledInstruments.planeReceivedBytes, registers),
      receivedBytes: labelledCounters(labelledInstruments.receivedBytes, registers),
      apiCalls: labelledCounters(labelledInstruments.apiCalls, registers),
      count: machineCounts(options.machineCounters, registers)
    },
    contentType: registry.contentType,
    render: () => {
      for (const sample of samples) sample()
      return registry.metrics()
    },
    onRender: sample => {
      samples.push(sample)
    },
    [Symbol.dispose]: () => loop.disable()
  }
}

type Registers = prometheus.Registry[]
type Singles = Pick<NodeMetrics, SingleName>

function singles(registers: Registers): Singles {
  const made: Record<string, Counter | Gauge | Histogram> = {}
  for (const [field, instrument] of Object.entries(instruments)) {
    const { name, help } = instrument
    switch (instrument.type) {
      case 'counter': {
        const counter = new prometheus.Counter({ name, help, registers })
        made[field] = { add: (by = 1) => counter.inc(by) }
        break
      }
      case 'gauge': {
        const gauge = new prometheus.Gauge({ name, help, registers })
        made[field] = { set: value => gauge.set(value) }
        break
      }
      case 'histogram': {
        const buckets = [...instrument.buckets]
        const histogram = new prometheus.Histogram({ name, help, buckets, registers })
        made[field] = { observe: value => histogram.observe(value) }
      }
    }
  }
  // The table above and the fields of NodeMetrics have the same names, which the tests check.
  return made as unknown as Singles
}

function labelledCounters<V extends string>(
  { name, help, label, values }: LabelledInstrument<V>,
  registers: Registers
): Record<V, Counter> {
  const counter = new prometheus.Counter({ name, help, labelNames: [label], registers })
  const entries = values.map(value => {
    const child = counter.labels({ [label]: value })
    // A series that starts at 0 is one that rates can be computed from.
    child.inc(0)
    return [value, { add: (by = 1) => child.inc(by) } satisfies Counter] as const
  })
  return Object.fromEntries(entries) as Record<V, Counter>
}

function machineCounts(names: readonly string[], registers: Registers): NodeMetrics['count'] {
  const values = [...new Set([...names, otherName])]
  const counters = new Map(
    Object.entries(labelledCounters({ ...machineCounter, values }, registers))
  )
  const other = counters.get(otherName)
  return (name, by) => (counters.get(name) ?? other)?.add(by)
}

function registerProcess(
  registry: prometheus.Registry,
  loop: ReturnType<typeof monitorEventLoopDelay>
): void {
  const readings: Record<ProcessReading, () => number | undefined> = {
    eventLoopLag: () => {
      const lagMs = Math.max(0, loop.max / 1e6 - loopResolutionMs)
      loop.reset()
      return lagMs / 1000
    },
    heapUsed: () => process.memoryUsage().heapUsed,
    external: () => process.memoryUsage().external,
    resident: () => process.memoryUsage.rss(),
    // Kilobytes on every platform.
    residentPeak: () => process.resourceUsage().maxRSS * 1024,
    openFiles: countOpenFiles,
    cpuSeconds: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
    uptimeSeconds: () => process.uptime()
  }
  for (const [field, { name, help }] of Object.entries(processInstruments)) {
    const read = readings[field as ProcessReading]
    new prometheus.Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const value = read()
        if (value !== undefined) this.set(value)
      }
    })
  }
}

function countOpenFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}
