// Measures in the simulator how many message delays lie between a header and the commit that orders it, for Bullshark as
// published and for the switches of turbo: fixed delays on every link, disks and processors that take no time.
// usage: node -C @novacron/source tools/commit-delays.ts [--delay-ms 25] [--virtual 12] [--sizes 4,10]
import { parseArgs } from 'node:util'
import { environmentNow } from '../apps/daemon/src/bench/environment.ts'
import { quantileOf } from '../apps/daemon/src/bench/quantile.ts'
import type { TurboOptions } from '../packages/consensus/src/index.ts'
import {
  type BullsharkMessage,
  defaultSchedule,
  defaultTurboOptions
} from '../packages/consensus/src/index.ts'
import {
  bullsharkOrderer,
  mixingHash,
  quietScenario,
  replicaProtocol,
  type Scenario,
  type SimulatedOrderer,
  simulate
} from '../packages/simulator/src/index.ts'

const { values } = parseArgs({
  options: {
    'delay-ms': { type: 'string', default: '25' },
    virtual: { type: 'string', default: '12' },
    sizes: { type: 'string', default: '4,10' }
  }
})
const delayMs = Number(values['delay-ms'])
/** Rounds at the beginning, in which reputation has not seen anything yet, are left out. */
const warmUpMs = 3_000
const instant = { type: 'uniform', fromMs: 0, toMs: 0 } as const
const one = { ...defaultTurboOptions, anchorsPerRound: 1, reputation: false }

const modes: Readonly<Record<string, TurboOptions | undefined>> = {
  bullshark: undefined,
  'an anchor in every round': { ...one, fastCommit: false },
  'and fast commit': one,
  'and two anchors a round, with reputation': { ...defaultTurboOptions, anchorsPerRound: 2 },
  'bullshark-turbo': defaultTurboOptions
}

/** Tells when a header was made, and how long after that each place has ordered its vertex. */
function timed(delays: number[]): SimulatedOrderer<BullsharkMessage> {
  const base = bullsharkOrderer()
  const madeAt = new Map<string, number>()
  let firstAt: number | undefined
  return {
    ...base,
    make(needs, seat) {
      const orderer = base.make(needs, seat)
      const step = orderer.step.bind(orderer)
      orderer.step = (event, now) => {
        firstAt ??= now
        const effects = step(event, now)
        for (const effect of effects) {
          if (effect.type === 'broadcast' && effect.message.type === 'header') {
            const { round, author } = effect.message.signed.header
            madeAt.set(`${round}/${author}`, now)
          } else if (effect.type === 'deliver' && now > firstAt + warmUpMs) {
            for (const { round, author } of effect.subDag.vertices) {
              const made = madeAt.get(`${round}/${author}`)
              if (made !== undefined) delays.push((now - made) / delayMs)
            }
          }
        }
        return effects
      }
      return orderer
    }
  }
}

function measure(replicas: number, isOneGone: boolean, turbo: TurboOptions | undefined) {
  const delays: number[] = []
  const scenario: Scenario = {
    ...quietScenario,
    replicas,
    network: {
      ...quietScenario.network,
      delay: { type: 'uniform', fromMs: delayMs, toMs: delayMs }
    },
    readDelay: instant,
    flushDelay: instant,
    replica: { checkpointIntervalCommits: 200, retentionCommits: 2_000 },
    bullshark: { ...defaultSchedule(turbo, replicas), turbo },
    load: { ...quietScenario.load, clients: replicas, intervalMs: 20 },
    gone: isOneGone ? [{ place: replicas - 1, atMs: 500, loss: 'lost' }] : [],
    chaosMs: Number(values.virtual) * 1_000
  }
  const protocol = replicaProtocol({ orderer: timed(delays) }, mixingHash)
  const { verdict, latencyMs, commits } = simulate(scenario, { hash: mixingHash, protocol })
  if (verdict !== 'pass') throw new Error(`${replicas} replicas: ${verdict}`)
  delays.sort((a, b) => a - b)
  const at = (share: number) => quantileOf(delays, share)
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
  const messageDelays = { mean: rounded(mean), p50: rounded(at(0.5)), p99: rounded(at(0.99)) }
  const { p50, p99 } = latencyMs
  return { messageDelays, clientMs: { p50: Math.round(p50), p99: Math.round(p99) }, commits }
}

const rounded = (value: number) => Math.round(value * 100) / 100

const rows = values.sizes.split(',').flatMap(size =>
  [false, true].flatMap(isOneGone =>
    Object.entries(modes).map(([mode, turbo]) => ({
      replicas: Number(size),
      isOneGone,
      mode,
      ...measure(Number(size), isOneGone, turbo)
    }))
  )
)
const { date, ...machine } = environmentNow()
console.log(
  JSON.stringify({
    delayMs,
    virtualSeconds: Number(values.virtual),
    rows,
    date,
    machine
  })
)
