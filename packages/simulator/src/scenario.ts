import { assert, faultyWeight, Prng } from '@novacron/base'
import {
  type BullsharkOptions,
  committeeSizeMax,
  defaultMempoolOptions,
  type MempoolOptions
} from '@novacron/consensus'
import { defaultReplicaOptions, type ReplicaOptions } from '@novacron/replica'
import { type Behaviour, checkLiars, drawLiars, type Liar } from './byzantine/behaviour.ts'
import { drawFaults } from './faults/draw.ts'
import { endOf, type Fault } from './faults/fault.ts'
import { damageAtOne, drawDiskFaults, drawLoser, drawNamedFaults } from './faults/named.ts'
import { departureNames, type Gone } from './gone.ts'
import { type DriverLaw, driversLaw } from './law.ts'
import { defaultLoadOptions, type LoadOptions } from './load.ts'
import { drawMode, withFactor } from './modes.ts'
import type { Delay } from './network/delay.ts'
import { defaultNetworkOptions, type LinkDelay, type NetworkOptions } from './network/network.ts'
import type { BandwidthOptions } from './network/shaping.ts'
import type { CrashPoint } from './world.ts'

/** Everything that a run is made of; with its seed it replays exactly. */
export interface Scenario {
  readonly seed: number
  readonly replicas: number
  readonly observers: number
  readonly network: NetworkOptions
  readonly readDelay: Delay
  readonly flushDelay: Delay
  readonly isPromiseLast: boolean
  readonly clockSkewMsMax: number
  readonly codecSamplePercent: number
  readonly law: DriverLaw
  readonly bullshark: Partial<BullsharkOptions>
  readonly mempool: Partial<MempoolOptions>
  readonly replica: Partial<ReplicaOptions>
  readonly load: LoadOptions
  readonly faults: readonly Fault[]
  readonly crashPoints: readonly CrashPoint[]
  /** Members that lie from beginning to end; nothing heals them. */
  readonly byzantine: readonly Liar[]
  /** Places that break at some time and stay broken; progress is asked of the others. */
  readonly gone: readonly Gone[]
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
  isPromiseLast: true,
  clockSkewMsMax: 0,
  codecSamplePercent: 5,
  law: driversLaw,
  bullshark: {},
  mempool: {},
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
export const observersMax = 64

export function checkScenario(scenario: Scenario): void {
  const { seed, replicas, observers, chaosMs, livenessMs, codecSamplePercent } = scenario
  assert(Number.isSafeInteger(seed) && seed >= 0, `seed: ${seed}`)
  const isCommittee = Number.isInteger(replicas) && replicas >= 1 && replicas <= replicasMax
  assert(isCommittee, `1 <= replicas <= ${replicasMax}`)
  assert(
    Number.isInteger(observers) && observers >= 0 && observers <= observersMax,
    `0 <= observers <= ${observersMax}`
  )
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

/** A scenario drawn from a seed: the mix of everything that may go wrong is itself drawn. */
export function drawScenario(seed: number, fixed: Partial<Omit<Scenario, 'seed'>> = {}): Scenario {
  const prng = new Prng(seed)
  const replicas = fixed.replicas ?? prng.pick([4, 4, 4, 4, 4, 4, 4, 7, 7, 10])
  const chaosMs = fixed.chaosMs ?? 1_500 + prng.below(2_500)
  const faulty = faultyWeight(replicas)
  // Whoever lies counts as faulty, and so does whoever is gone for good, or forgets.
  const bad = prng.pick(['liars', 'gone', 'forgetful', 'forgetful'] as const)
  const liars = bad === 'liars' ? Math.min(faulty, 1 + prng.below(2)) : 0
  const gone = bad === 'gone' ? Math.min(faulty, 1) : 0
  const budget = { replicas, faulty: faulty - liars - gone, untilMs: chaosMs }
  const observers = fixed.observers ?? prng.pick([0, 0, 1])
  const planned = [
    ...drawFaults(budget, prng.fork()),
    ...drawLateObservers(replicas, observers, chaosMs, prng.fork()),
    ...drawNamedFaults(replicas, chaosMs, prng.fork())
  ]
  const drawn: Scenario = {
    ...quietScenario,
    seed,
    replicas,
    observers,
    network: drawNetwork(replicas, prng.fork()),
    flushDelay: { type: 'heavy-tail', minMs: 0.3, shape: 1.3, maxMs: 60 },
    clockSkewMsMax: prng.below(120),
    bullshark: drawOrdering(prng.fork()),
    load: {
      ...defaultLoadOptions,
      clients: 2 + prng.below(4),
      intervalMs: 30 + prng.below(120),
      retryMs: prng.pick([250, 600, 1_500])
    },
    faults: planned,
    loadAfterMs: 1_200,
    // Twice what the slowest of a thousand seeds takes, and some times the events of the busiest.
    livenessMs: 25_000,
    livenessSteps: 50_000 * replicas,
    byzantine: drawLiars(replicas, liars, prng.fork()).map(liar =>
      prng.chance(0.5) ? withLie(liar, 'lying-sync') : liar
    ),
    gone: Array.from({ length: gone }, () => ({
      place: prng.below(replicas),
      atMs: 200 + prng.below(Math.max(1, chaosMs - 200)),
      loss: prng.pick(losses),
      how: prng.pick(departureNames)
    })),
    crashPoints: hasCopiedDisk(planned) ? [] : drawCrashPoints(replicas, prng.fork()),
    chaosMs,
    // Often checkpoints and little history, so that those who were away meet pruned logs and snapshots.
    replica: {
      checkpointIntervalCommits: prng.pick([2, 2, 5, 10, 25]),
      retentionCommits: prng.pick([1, 1, 1, 20, 10_000]),
      payloadWaitMs: 1_000
    },
    // Batches that nothing orders go soon, so that those who are named late or were away for long meet it.
    mempool: { unorderedCommitsMax: prng.pick([2_000, 10, 30]) }
  }
  const bullshark = drawMode(drawn.bullshark, prng.fork())
  const network = { ...drawn.network, ...drawBandwidth(replicas, prng.fork()) }
  const loser = drawLoser(budget, planned, prng.fork())
  const disk = { replicas, atMs: chaosMs, forMs: 600, loser }
  const faults = damageAtOne([...planned, ...drawDiskFaults(disk, prng.fork())], loser)
  // Half of the committees send even the smallest batch apart from its header, as large ones always go.
  const besideHeaderBytesMax = prng.pick([0, defaultMempoolOptions.besideHeaderBytesMax])
  const mempool = { ...drawn.mempool, besideHeaderBytesMax }
  const replica = { ...drawn.replica, ...drawSealing(prng.fork()) }
  const whole = { ...drawn, bullshark, network, faults, mempool, replica }
  const isNamingTwice = prng.fork().chance(0.25)
  return { ...withFactor(isNamingTwice ? withBatchesNamedTwice(whole) : whole), ...fixed }
}

/**
 * One author is heard late by all and proposes its payload again at once, and what has been run is gone soon: a batch is still
 * named when its first commit is already dropped. Drawn one by one, these meet in less than one run of a hundred.
 */
function withBatchesNamedTwice(scenario: Scenario): Scenario {
  const { replicas, network, bullshark, replica } = scenario
  const delay: Delay = { type: 'uniform', fromMs: 10, toMs: 300 }
  const late = Array.from({ length: replicas - 1 }, (_, i) => ({ from: 0, to: i + 1, delay }))
  const linkDelays = [...network.linkDelays.filter(({ from }) => from !== 0), ...late]
  return {
    ...scenario,
    network: { ...network, linkDelays },
    bullshark: { ...bullshark, requeueRounds: 1, gcDepthRounds: 50 },
    replica: { ...replica, checkpointIntervalCommits: 2, retentionCommits: 1 }
  }
}

/** Observers mostly join later, with nothing, and ask whomever they find for what the others have forgotten. */
function drawLateObservers(
  replicas: number,
  observers: number,
  chaosMs: number,
  prng: Prng
): Fault[] {
  if (observers === 0 || prng.chance(0.2)) return []
  const places = Array.from({ length: observers }, (_, order) => replicas + order)
  const downMs = Math.floor(chaosMs / 2) + prng.below(Math.ceil(chaosMs / 2))
  const disk = { type: 'wiped' } as const
  return [{ type: 'crash', atMs: 1, places, loss: 'lost', downMs, staggerMs: 0, disk }]
}

/** States here are small: mostly their checkpoints take many pieces all the same, which commits and crashes fall between. */
function drawSealing(prng: Prng): Partial<ReplicaOptions> {
  const sealBytesMax = prng.pick([1_500, 6_000, defaultReplicaOptions.sealBytesMax])
  const sealDelayMs = prng.pick([2, 20, defaultReplicaOptions.sealDelayMs])
  return { sealBytesMin: 1, sealBytesMax, sealDelayMs }
}

/** One lie more. */
function withLie({ place, behaviours }: Liar, lie: Behaviour): Liar {
  return { place, behaviours: [...new Set([...behaviours, lie])] }
}

/** Short memory, a schedule that changes often, and little patience with leaders: the corners of the commit rule. */
function drawOrdering(prng: Prng): Partial<BullsharkOptions> {
  const minHeaderDelayMs = prng.pick([5, 10, 30])
  const maxHeaderDelayMs = prng.pick([minHeaderDelayMs, 40, 100])
  return {
    gcDepthRounds: prng.pick([8, 8, 20, 50]),
    requeueRounds: prng.pick([1, 1, 1, 2, 8]),
    schedulePeriodCommits: prng.pick([0, 2, 3, 5]),
    scheduleWindowCommits: prng.pick([6, 20, 120]),
    minHeaderDelayMs,
    maxHeaderDelayMs,
    maxHeaderDelayCeilingMs: prng.pick([maxHeaderDelayMs, 2_000])
  }
}

function drawNetwork(replicas: number, prng: Prng): NetworkOptions {
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
    linkDelays: drawShyLinks(replicas, prng),
    bulkLagMs: prng.pick([0, 0, 30, 150]),
    isFifo,
    lossPercent: isFifo ? 0 : prng.below(11),
    duplicatePercent: isFifo ? 0 : prng.below(11)
  }
}

/** In some runs links or interfaces are so narrow that who sends to all waits for its own copies. */
export function drawBandwidth(replicas: number, prng: Prng): BandwidthOptions {
  const linkBytesPerSecond = replicas * prng.pick([0, 0, 0, 50_000, 150_000])
  const nodeBytesPerSecond = replicas * prng.pick([0, 0, 0, 60_000, 150_000])
  return { linkBytesPerSecond, nodeBytesPerSecond }
}

/**
 * Some authors are heard late by some receivers, for as long as the run lasts: their anchors get few votes, which differ from
 * place to place. Where all links are alike, however slow, three mutants of the commit rule are never noticed.
 */
function drawShyLinks(replicas: number, prng: Prng): LinkDelay[] {
  const shyPercent = prng.pick([0, 15, 35, 60, 95])
  const delay = prng.pick<Delay>([
    { type: 'uniform', fromMs: 20, toMs: 60 },
    { type: 'uniform', fromMs: 30, toMs: 200 },
    { type: 'exponential', minMs: 10, meanMs: 60 }
  ])
  const shyAuthors = prng.shuffle(Array.from({ length: replicas }, (_, place) => place))
  const links: LinkDelay[] = []
  for (const from of shyAuthors.slice(0, 1 + prng.below(replicas))) {
    for (let to = 0; to < replicas; to++) {
      if (to !== from && prng.chance(shyPercent / 100)) links.push({ from, to, delay })
    }
  }
  return links
}

/**
 * An old copy of a disk tells nothing of what was signed after it; others do, unless a crash took the message before anybody
 * had it. Nothing can be done then, so these two are not drawn together.
 */
function hasCopiedDisk(faults: readonly Fault[]): boolean {
  return faults.some(fault => fault.type === 'crash' && fault.disk.type === 'copy')
}

const points: readonly CrashPoint['point'][] = ['before', 'written', 'flushed', 'sent']
const losses: readonly CrashPoint['loss'][] = ['lost', 'lost', 'partly', 'kept']

/** In most runs, crashes in the middle of a persist: of one, of several shortly after one another, or of all at once. */
function drawCrashPoints(replicas: number, prng: Prng): CrashPoint[] {
  return Array.from({ length: prng.pick([0, 2, 4, 6]) }, () => ({
    place: prng.below(replicas),
    persist: 1 + prng.below(200),
    point: prng.pick(points),
    loss: prng.pick(losses),
    downMs: 5 + prng.below(200),
    isForAll: prng.chance(0.2)
  }))
}
