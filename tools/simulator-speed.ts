// Measures the simulator: virtual seconds and messages for each CPU second of one process. Runs from source:
// usage: node -C @novacron/source tools/simulator-speed.ts [--replicas 10] [--rate 500] [--virtual 20] [--seed 1]
import { parseArgs } from 'node:util'
import {
  bullsharkOrderer,
  mixingHash as hash,
  quietScenario,
  replicaProtocol,
  type Scenario,
  simulate
} from '../packages/simulator/src/index.ts'

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '10' },
    rate: { type: 'string', default: '500' },
    virtual: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' }
  }
})

/** Requests of one client in a second. */
const clientRate = 10
const clients = Math.ceil(Number(values.rate) / clientRate)
const scenario: Scenario = {
  ...quietScenario,
  seed: Number(values.seed),
  replicas: Number(values.replicas),
  network: { ...quietScenario.network, delay: { type: 'exponential', minMs: 5, meanMs: 20 } },
  replica: { checkpointIntervalCommits: 50, retentionCommits: 100 },
  load: { ...quietScenario.load, clients, intervalMs: 1_000 / clientRate },
  chaosMs: Number(values.virtual) * 1_000
}

const cpuBefore = process.cpuUsage()
const threadBefore = process.threadCpuUsage()
const report = simulate(scenario, {
  hash,
  protocol: replicaProtocol({ orderer: bullsharkOrderer() }, hash)
})
const { user, system } = process.cpuUsage(cpuBefore)
const cpuSeconds = (user + system) / 1e6
const thread = process.threadCpuUsage(threadBefore)
const threadSeconds = (thread.user + thread.system) / 1e6
const virtualSeconds = report.virtualMs / 1_000
const result = {
  verdict: report.verdict,
  replicas: scenario.replicas,
  virtualSeconds,
  cpuSeconds,
  threadSeconds,
  ratio: virtualSeconds / cpuSeconds,
  steps: report.steps,
  stepsPerSecond: report.steps / cpuSeconds,
  commits: report.commits,
  applied: report.applied,
  latencyMs: report.latencyMs,
  peakBytes: process.resourceUsage().maxRSS * 1_024,
  traceHash: report.traceHash
}
console.log(JSON.stringify(result))
process.exitCode = report.verdict === 'pass' ? 0 : 1
