// Measures the simulator, in one process and from source: virtual seconds and messages for each CPU second under load, or
// with --rounds what a large committee costs in time and memory until a commit of three rounds has been run everywhere.
// usage: node -C @novacron/source tools/simulator-speed.ts [--replicas 10] [--rate 500] [--virtual 60] [--seed 1]
//        [--warm-up 20] [--rounds]
import { parseArgs } from 'node:util'
import { environmentNow } from '../apps/daemon/src/bench/environment.ts'
import {
  bullsharkOrderer,
  mixingHash,
  quietScenario,
  replicaProtocol,
  type Scenario,
  Simulation
} from '../packages/simulator/src/index.ts'

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '10' },
    rate: { type: 'string', default: '500' },
    virtual: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    'warm-up': { type: 'string', default: '20' },
    rounds: { type: 'boolean', default: false }
  }
})
const seed = Number(values.seed)
const replicas = Number(values.replicas)
/** Requests of one client in a second. */
const clientRate = 10

const underLoad: Scenario = {
  ...quietScenario,
  seed,
  replicas,
  // 25 ms on average, one way.
  network: { ...quietScenario.network, delay: { type: 'exponential', minMs: 5, meanMs: 20 } },
  replica: { checkpointIntervalCommits: 50, retentionCommits: 100 },
  load: {
    ...quietScenario.load,
    clients: Math.ceil(Number(values.rate) / clientRate),
    intervalMs: 1_000 / clientRate
  },
  chaosMs: Number(values.virtual) * 1_000
}

/** The first commit orders the anchor of round 2, with the votes of round 3. */
const threeRounds: Scenario = {
  ...quietScenario,
  seed,
  replicas,
  network: { ...quietScenario.network, inFlightMax: 4 * replicas * replicas + 1_000 },
  codecSamplePercent: 0,
  bullshark: {
    maxHeaderDelayMs: 2_000,
    idleHeaderDelayMs: 500,
    resendDelayMs: 10_000,
    syncRetryMs: 2_000
  },
  load: { ...quietScenario.load, clients: 0 },
  chaosMs: 0,
  loadAfterMs: 0,
  // Eleven events for each pair of replicas, as measured.
  livenessSteps: 20 * replicas * replicas + 100_000,
  commitsAfterHealing: 1
}

/** A worker runs many seeds in one process, so what the compiler does at first is left out unless that is asked for. */
if (Number(values['warm-up']) > 0 && !values.rounds) {
  simulationOf({ ...underLoad, chaosMs: Number(values['warm-up']) * 1_000 }).run()
}

const cpuBefore = process.cpuUsage()
const threadBefore = process.threadCpuUsage()
const simulation = simulationOf(values.rounds ? threeRounds : underLoad)
const report = simulation.run()
const cpuSeconds = secondsOf(process.cpuUsage(cpuBefore))
const threadSeconds = secondsOf(process.threadCpuUsage(threadBefore))
const virtualSeconds = report.virtualMs / 1_000
const { messages } = simulation.world.network
const { date, ...machine } = environmentNow()
console.log(
  JSON.stringify({
    verdict: report.verdict,
    ...(report.firstViolation === undefined
      ? {}
      : { violation: report.firstViolation.facts.slice(0, 200) }),
    replicas,
    virtualSeconds,
    cpuSeconds,
    threadSeconds,
    ratio: virtualSeconds / cpuSeconds,
    ratioOfThread: virtualSeconds / threadSeconds,
    messages,
    messagesPerSecond: Math.round(messages / cpuSeconds),
    steps: report.steps,
    commits: report.commits,
    applied: report.applied,
    latencyMs: report.latencyMs,
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    traceHash: report.traceHash,
    date,
    machine
  })
)
process.exitCode = report.verdict === 'pass' ? 0 : 1

function simulationOf(scenario: Scenario) {
  const protocol = replicaProtocol({ orderer: bullsharkOrderer() }, mixingHash)
  return new Simulation(scenario, { hash: mixingHash, protocol })
}

function secondsOf({ user, system }: { readonly user: number; readonly system: number }): number {
  return (user + system) / 1e6
}
