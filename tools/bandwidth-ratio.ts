// Measures in the simulator what a committee orders through narrow interfaces when processors and disks take no time, for
// bullshark-turbo and for the single leader: the highest rate of 512-byte transactions that is answered with a p99 of 500 ms.
// usage: node -C @novacron/source tools/bandwidth-ratio.ts [--replicas 10] [--mbit 20] [--delay-ms 1] [--virtual 15]
//        [--rates 400,450,500]
import { parseArgs } from 'node:util'
import { environmentNow } from '../apps/daemon/src/bench/environment.ts'
import { Prng } from '../packages/base/src/index.ts'
import { defaultSchedule, defaultTurboOptions } from '../packages/consensus/src/index.ts'
import { encodeEnvelope, logApplication } from '../packages/execution/src/index.ts'
import {
  type Answer,
  bullsharkOrderer,
  mixingHash,
  quietScenario,
  replicaProtocol,
  type Scenario,
  type SimulatedOrderer,
  simulate,
  singleLeaderOrderer
} from '../packages/simulator/src/index.ts'

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '10' },
    mbit: { type: 'string', default: '20' },
    'delay-ms': { type: 'string', default: '1' },
    virtual: { type: 'string', default: '15' },
    rates: { type: 'string', default: '400,450,500,550,600,1000,2000,3000,3500,4000,4500' }
  }
})
const replicas = Number(values.replicas)
const delayMs = Number(values['delay-ms'])
const virtualMs = Number(values.virtual) * 1_000
const transactionBytes = 512
const heldP99Ms = 500
/** Before that nothing counts: sessions are opened, reputation has seen nothing. */
const warmUpMs = 3_000
/** Requests of one client in a second. */
const clientRate = 10
const instant = { type: 'uniform', fromMs: 0, toMs: 0 } as const

function scenarioAt(rate: number): Scenario {
  return {
    ...quietScenario,
    replicas,
    network: {
      ...quietScenario.network,
      delay: { type: 'uniform', fromMs: delayMs, toMs: delayMs },
      nodeBytesPerSecond: (Number(values.mbit) * 1_000_000) / 8,
      inFlightMax: 1_000_000
    },
    readDelay: instant,
    flushDelay: instant,
    codecSamplePercent: 0,
    replica: { checkpointIntervalCommits: 2_000, retentionCommits: 4_000 },
    bullshark: { ...defaultSchedule(defaultTurboOptions, replicas), turbo: defaultTurboOptions },
    load: {
      ...quietScenario.load,
      clients: Math.round(rate / clientRate),
      intervalMs: 1_000 / clientRate,
      retryMs: virtualMs
    },
    chaosMs: virtualMs,
    livenessMs: 10 * virtualMs,
    livenessSteps: 100_000_000
  }
}

/** Requests of the size that is measured, in place of the small ones of the simulator. */
function protocolOf<Order>(orderer: SimulatedOrderer<Order>) {
  const protocol = replicaProtocol({ orderer }, mixingHash)
  const payload = new Uint8Array(transactionBytes)
  const prng = new Prng(1)
  for (let at = 0; at < payload.length; at++) payload[at] = prng.below(256)
  return {
    ...protocol,
    isWrite: () => false,
    transaction: (client: number, sequence: number, session: Uint8Array | undefined) =>
      session === undefined
        ? protocol.transaction(client, sequence, session)
        : encodeEnvelope({ application: logApplication, session, sequence, payload })
  }
}

function measure<Order>(orderer: SimulatedOrderer<Order>, rate: number) {
  const latenciesMs: number[] = []
  let answered = 0
  const onAnswered = ({ firstSentAtMs, answeredAtMs }: Answer): void => {
    if (answeredAtMs >= warmUpMs && answeredAtMs < virtualMs) answered++
    if (firstSentAtMs >= warmUpMs) latenciesMs.push(answeredAtMs - firstSentAtMs)
  }
  const protocol = protocolOf(orderer)
  const result = simulate(scenarioAt(rate), { hash: mixingHash, protocol, onAnswered })
  if (result.verdict !== 'pass') throw new Error(`${rate} tx/s: ${JSON.stringify(result.verdict)}`)
  latenciesMs.sort((a, b) => a - b)
  const at = (share: number) =>
    Math.round(latenciesMs[Math.floor(share * (latenciesMs.length - 1))] ?? 0)
  const throughput = Math.round((answered * 1_000) / (virtualMs - warmUpMs))
  return { rate, throughput, p50Ms: at(0.5), p99Ms: at(0.99) }
}

function sweep<Order>(protocol: string, orderer: SimulatedOrderer<Order>) {
  const runs = []
  for (const rate of values.rates.split(',').map(Number)) {
    const run = measure(orderer, rate)
    runs.push(run)
    console.error(`${protocol} ${JSON.stringify(run)}`)
    if (run.p99Ms > heldP99Ms) break
  }
  return { protocol, runs, held: runs.findLast(({ p99Ms }) => p99Ms <= heldP99Ms) }
}

const { date, ...machine } = environmentNow()
console.log(
  JSON.stringify({
    replicas,
    mbit: Number(values.mbit),
    delayMs,
    transactionBytes,
    virtualSeconds: virtualMs / 1_000,
    protocols: [
      sweep('bullshark-turbo', bullsharkOrderer()),
      sweep('single-leader', singleLeaderOrderer)
    ],
    date,
    machine
  })
)
