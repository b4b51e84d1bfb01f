// Measures in the simulator what a committee orders through narrow interfaces when processors and disks take no time, for
// bullshark-turbo and for the single leader. Rates rise in equal steps until one is not held: p99 over 500 ms for any seed.
// usage: node -C @novacron/source tools/bandwidth-ratio.ts [--replicas 10] [--mbit 20] [--delay-ms 1] [--virtual 10]
//        [--seeds 3] [--from 400] [--step 1.15]
import { parseArgs } from 'node:util'
import { environmentNow } from '../apps/daemon/src/bench/environment.ts'
import { quantileOf } from '../apps/daemon/src/bench/quantile.ts'
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
    virtual: { type: 'string', default: '10' },
    seeds: { type: 'string', default: '3' },
    from: { type: 'string', default: '400' },
    step: { type: 'string', default: '1.15' }
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

function scenarioAt(rate: number, seed: number): Scenario {
  return {
    ...quietScenario,
    seed,
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
      intervalMs: 1_000 / clientRate
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

function measure<Order>(orderer: SimulatedOrderer<Order>, rate: number, seed: number) {
  const latenciesMs: number[] = []
  let answered = 0
  const onAnswered = ({ firstSentAtMs, answeredAtMs }: Answer): void => {
    if (answeredAtMs >= warmUpMs && answeredAtMs < virtualMs) answered++
    if (firstSentAtMs >= warmUpMs) latenciesMs.push(answeredAtMs - firstSentAtMs)
  }
  const protocol = protocolOf(orderer)
  const result = simulate(scenarioAt(rate, seed), { hash: mixingHash, protocol, onAnswered })
  if (result.verdict !== 'pass') throw new Error(`${rate} tx/s: ${JSON.stringify(result.verdict)}`)
  latenciesMs.sort((a, b) => a - b)
  const at = (share: number) => Math.round(quantileOf(latenciesMs, share))
  const throughput = Math.round((answered * 1_000) / (virtualMs - warmUpMs))
  return { seed, throughput, p50Ms: at(0.5), p99Ms: at(0.99) }
}

/** Up to the first rate that some seed does not hold. */
function sweep<Order>(protocol: string, orderer: SimulatedOrderer<Order>) {
  const steps: { readonly rate: number; readonly runs: readonly ReturnType<typeof measure>[] }[] =
    []
  for (let rate = Number(values.from); ; rate *= Number(values.step)) {
    const rounded = Math.round(rate / clientRate) * clientRate
    const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1)
    const runs = seeds.map(seed => measure(orderer, rounded, seed))
    steps.push({ rate: rounded, runs })
    console.error(`${protocol} ${rounded} ${JSON.stringify(runs)}`)
    if (runs.some(({ p99Ms }) => p99Ms > heldP99Ms)) return { protocol, steps }
  }
}

const { date, ...machine } = environmentNow()
console.log(
  JSON.stringify({
    replicas,
    mbit: Number(values.mbit),
    delayMs,
    transactionBytes,
    virtualSeconds: virtualMs / 1_000,
    heldP99Ms,
    protocols: [
      sweep('bullshark-turbo', bullsharkOrderer()),
      sweep('single-leader', singleLeaderOrderer)
    ],
    date,
    machine
  })
)
