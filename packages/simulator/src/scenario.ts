import { assert, Prng } from '@novacron/base'
import { type BullsharkOptions, committeeSizeMax } from '@novacron/consensus'
import type { ReplicaOptions } from '@novacron/replica'
import { checkLiars, type Liar } from './byzantine/behaviour.ts'
import type { TailLoss } from './disk/disk.ts'
import { drawFaults, endOf, type Fault } from './faults.ts'
import { type DriverLaw, driversLaw } from './law.ts'
import { defaultLoadOptions, type LoadOptions } from './load.ts'
import type { Delay } from './network/delay.ts'
import { defaultNetworkOptions, type NetworkOptions } from './network/network.ts'
import type { CrashPoint } from './world.ts'

/** Everything that a run is made of; with its seed it replays exactly. */
export interface Scenario {
  readonly seed: number
  readonly replicas: number
  readonly observers: number
  readonly network: NetworkOptions
  readonly readDelay: Delay
  readonly flushDelay: Delay
  readonly isBatchesFirst: boolean
  readonly clockSkewMsMax: number
  readonly codecSamplePercent: number
  readonly law: DriverLaw
  readonly bullshark: Partial<BullsharkOptions>
  readonly replica: Partial<ReplicaOptions>
  readonly load: LoadOptions
  readonly faults: readonly Fault[]
  readonly crashPoints: readonly CrashPoint[]
  /** Members that lie from beginning to end; nothing heals them. */
  readonly byzantine: readonly Liar[]
  /** Places that crash and never come back. */
  readonly gone: readonly {
    readonly place: number
    readonly atMs: number
    readonly loss: TailLoss
  }[]
  /** Faults and load go on at least until then; the rest of the run must make progress. */
  readonly chaosMs: number
  /** Requests go on for so long after everything is healed. */
  readonly loadAfterMs: number
  /** Progress must resume within this after everything is healed. */
  readonly livenessMs: number
  /** And within so many events. */
  readonly livenessSteps: number
  /** Commits after healing that count as progress. */
  readonly commitsAfterHealing: number
}

/** Four replicas, a quiet network, no faults. */
export const quietScenario: Scenario = {
  seed: 1,
  replicas: 4,
  observers: 0,
  network: defaultNetworkOptions,
  readDelay: { type: 'uniform', fromMs: 0, toMs: 3 },
  flushDelay: { type: 'uniform', fromMs: 0.2, toMs: 4 },
  isBatchesFirst: true,
  clockSkewMsMax: 0,
  codecSamplePercent: 5,
  law: driversLaw,
  bullshark: {},
  replica: { checkpointIntervalCommits: 10 },
  load: defaultLoadOptions,
  faults: [],
  crashPoints: [],
  byzantine: [],
  gone: [],
  chaosMs: 2_000,
  loadAfterMs: 300,
  livenessMs: 30_000,
  livenessSteps: 5_000_000,
  commitsAfterHealing: 3
}

export const replicasMax: number = committeeSizeMax

export function checkScenario(scenario: Scenario): void {
  const { seed, replicas, observers, chaosMs, livenessMs, codecSamplePercent } = scenario
  assert(Number.isSafeInteger(seed) && seed >= 0, `seed: ${seed}`)
  const isCommittee = Number.isInteger(replicas) && replicas >= 1 && replicas <= replicasMax
  assert(isCommittee, `1 <= replicas <= ${replicasMax}`)
  assert(Number.isInteger(observers) && observers >= 0 && observers <= 64, '0 <= observers <= 64')
  checkLiars(scenario.byzantine, replicas)
  const bad = new Set([...scenario.byzantine, ...scenario.gone].map(({ place }) => place))
  assert(3 * bad.size < replicas || replicas === 1, `liars and gone: ${bad.size} of ${replicas}`)
  assert(chaosMs >= 0 && livenessMs > 0, 'chaosMs >= 0 and livenessMs > 0')
  assert(codecSamplePercent >= 0 && codecSamplePercent <= 100, '0 <= codecSamplePercent <= 100')
}

/** When the last planned fault is over. */
export function healedAtMs({ faults, chaosMs }: Pick<Scenario, 'faults' | 'chaosMs'>): number {
  return faults.reduce((latest, fault) => Math.max(latest, endOf(fault)), chaosMs)
}

/** A scenario drawn from a seed: committee, network, disks and faults. Fields of `fixed` are taken as they are. */
export function drawScenario(seed: number, fixed: Partial<Omit<Scenario, 'seed'>> = {}): Scenario {
  const prng = new Prng(seed)
  const replicas = fixed.replicas ?? prng.pick([4, 4, 4, 4, 4, 7, 7, 10])
  const chaosMs = fixed.chaosMs ?? 1_500 + prng.below(2_500)
  const drawn: Scenario = {
    ...quietScenario,
    seed,
    replicas,
    network: drawNetwork(prng.fork()),
    flushDelay: { type: 'heavy-tail', minMs: 0.3, shape: 1.3, maxMs: 60 },
    clockSkewMsMax: prng.below(120),
    bullshark: {
      gcDepthRounds: prng.pick([8, 20, 50]),
      schedulePeriodCommits: prng.pick([0, 0, 5]),
      scheduleWindowCommits: 20,
      minHeaderDelayMs: prng.pick([10, 30, 50])
    },
    load: { ...defaultLoadOptions, clients: 2 + prng.below(4), intervalMs: 30 + prng.below(120) },
    faults: drawFaults(
      { replicas, faulty: Math.floor((replicas - 1) / 3), untilMs: chaosMs },
      prng.fork()
    ),
    chaosMs,
    // Often checkpoints and little history, so that those who were away meet pruned logs and snapshots.
    replica: {
      checkpointIntervalCommits: prng.pick([5, 10, 25]),
      retentionCommits: prng.pick([1, 20, 10_000]),
      payloadWaitMs: 1_000
    }
  }
  return { ...drawn, ...fixed }
}

function drawNetwork(prng: Prng): NetworkOptions {
  const delay = prng.pick<Delay>([
    { type: 'uniform', fromMs: 0.5, toMs: 5 },
    { type: 'uniform', fromMs: 5, toMs: 40 },
    { type: 'exponential', minMs: 1, meanMs: 12 },
    { type: 'heavy-tail', minMs: 3, shape: 1.2, maxMs: 400 }
  ])
  // A stream loses nothing while it lasts; the unordered network stands for everything worse.
  const isFifo = prng.chance(0.6)
  return {
    ...defaultNetworkOptions,
    delay,
    isFifo,
    lossPercent: isFifo ? 0 : prng.below(11),
    duplicatePercent: isFifo ? 0 : prng.below(11)
  }
}
