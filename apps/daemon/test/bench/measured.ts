import type { OrderingOptions } from '../../src/bench/ordering.ts'
import type { Measured } from '../../src/bench/report.ts'

/** One run, and what it brought. */
export const options: OrderingOptions = {
  nodes: 2,
  application: 'log',
  transactionBytes: 500,
  ratePerSecond: 1_000,
  warmupMs: 1_000,
  durationMs: 2_000,
  connections: 2,
  writes: 'batched',
  crash: 0,
  isProfiled: false,
  readyMs: 1_000,
  delayMs: 0,
  nodeMbit: 0,
  encryption: 'tls',
  isDirect: false
}
export const latencies = { p50: 10, p90: 20, p99: 30.06, p999: null }
export const reading = {
  cpuSeconds: 0.5,
  peakRssBytes: 200e6,
  wireBytes: 1e6,
  signaturesChecked: 10,
  fsyncs: 20,
  commits: 7
}
export const measured: Measured = {
  result: {
    due: 2_000,
    answered: 1_990,
    acknowledgedInWindow: 1_900,
    refused: 3,
    latencyMs: latencies,
    recoveryLatencyMs: { p50: 1, p90: 2, p99: 3, p999: 4 },
    cpuSeconds: 0.2
  },
  used: [reading, { ...reading, cpuSeconds: 0.45, peakRssBytes: 300e6, commits: 6 }],
  machineSeconds: 3,
  agreed: { agreement: true, compared: 12 },
  protocol: 'bullshark',
  encryption: 'tls',
  plane: 'libp2p',
  links: 'loopback',
  environment: {
    cpu: 'a CPU',
    cores: 2,
    node: 'v24',
    loadAverage: [1, 2, 3],
    date: 'today',
    build: 'abc1234',
    verificationsPerSecond: 9_000
  },
  disk: { syncs: 900, p50Ms: 0.3, p99Ms: 2, maxMs: 508, stalledShare: 0.105 }
}
