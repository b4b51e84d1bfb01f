import { type CommitIndex, Prng } from '@novacron/base'
import { commitFactorOf, defaultClusterOptions, orderingOptions } from '@novacron/node'
import type { Behaviour, Fault, Liar, Scenario, SimulationReport } from '@novacron/simulator'
import type { SimulatedOutcome } from '../scenario.ts'
import type { Setting } from './setting.ts'

/** One commit at one honest place, on the virtual clock. */
export interface Executed {
  readonly place: number
  readonly atMs: number
  readonly index: number
  /** Of the log up to this commit. */
  readonly digest: string
  /** Who made its anchor. */
  readonly leader: number
}

/** A run of a whole committee in the simulator, with what its report does not tell. */
export interface CommitteeRun {
  readonly report: SimulationReport
  readonly executed: readonly Executed[]
  /** Places that an honest member published evidence against. */
  readonly accused: ReadonlySet<number>
  /** Of each place, how often it lied in which way. */
  readonly lies: ReadonlyMap<number, ReadonlyMap<Behaviour, number>>
  /** Commits in the rounds in which Bullshark as published makes one. */
  readonly commitFactor: number
}

/** Between two members; a round takes about three of them. */
export const delayMs = { fromMs: 10, toMs: 40 } as const
/** What was on its way before a cut may still be committed by who holds it. */
export const settleMs = 500
/** Where the clock of the simulator begins. */
const startOfTimeMs = 1_000

/** The last commit of an epoch, and from when on everybody is told of it. */
export interface EpochEnd {
  readonly index: number
  readonly toldFromMs: number
}

/** Whoever starts late, or was away, is told as well. */
const toldEveryMs = 50

/** Runs a committee of `replicas` on a network of some tens of milliseconds under a light load, ordered as a genesis has it. */
export async function runCommittee(
  replicas: number,
  { seed, protocol: ordering }: Setting,
  more: Partial<Scenario>,
  epochEnd?: EpochEnd
): Promise<CommitteeRun> {
  const { bullsharkOrderer, mixingHash, quietScenario, replicaProtocol, Simulation, withFactor } =
    await import('@novacron/simulator')
  const cluster = { ...defaultClusterOptions, protocol: ordering }
  const commitFactor = commitFactorOf(cluster, replicas)
  const executed: Executed[] = []
  const accused = new Set<number>()
  const lies = new Map<number, Map<Behaviour, number>>()
  const protocol = replicaProtocol({ orderer: bullsharkOrderer() }, mixingHash)
  const liars = new Set(more.byzantine?.map(({ place }) => place))
  const make: typeof protocol.make = seat => {
    const machine = protocol.make(seat)
    const isLiar = seat.self !== undefined && liars.has(seat.self)
    const step = machine.step.bind(machine)
    machine.step = (event, now) => {
      const effects = step(event, now)
      for (const effect of isLiar ? [] : effects) {
        if (effect.type !== 'publish' || effect.message.topic !== 'evidence') continue
        const { against } = effect.message.evidence
        accused.add(seat.committee.members.findIndex(({ peer }) => peer === against))
      }
      return effects
    }
    return machine
  }
  const scenario: Scenario = withFactor({
    ...quietScenario,
    seed,
    replicas,
    network: { ...quietScenario.network, delay: { type: 'uniform', ...delayMs } },
    bullshark: {
      minHeaderDelayMs: 50,
      maxHeaderDelayMs: 200,
      ...orderingOptions(cluster, replicas)
    },
    codecSamplePercent: 1,
    commitsAfterHealing: quietScenario.commitsAfterHealing * commitFactor,
    ...more
  })
  const simulation = new Simulation(scenario, {
    hash: mixingHash,
    protocol: { ...protocol, make },
    onExecuted: (place, { index, digest, anchor }, atMs) =>
      void executed.push({ place, atMs, index, digest, leader: anchor.author }),
    onLie: (place, behaviour) => {
      const told = lies.get(place) ?? new Map<Behaviour, number>()
      lies.set(place, told.set(behaviour, (told.get(behaviour) ?? 0) + 1))
    }
  })
  const { world } = simulation
  if (epochEnd !== undefined) {
    const index = epochEnd.index as CommitIndex
    const tell = (): void => {
      for (const place of placesOf(replicas)) {
        if (world.isUp(place)) world.node(place).step({ type: 'stop-at', index })
      }
    }
    for (let ms = epochEnd.toldFromMs; ms < scenario.chaosMs; ms += toldEveryMs) {
      world.queue.schedule(startOfTimeMs + ms, tell)
    }
  }
  return { report: simulation.run(), executed, accused, lies, commitFactor }
}

/** `count` of the members lie, each in all of these ways; which members follows from the seed. */
export function liarsAmong(
  replicas: number,
  count: number,
  seed: number,
  behaviours: readonly Behaviour[]
): readonly Liar[] {
  const places = new Prng(seed).shuffle(placesOf(replicas))
  return places.slice(0, count).map(place => ({ place, behaviours }))
}

export function placesOf(replicas: number): readonly number[] {
  return Array.from({ length: replicas }, (_, place) => place)
}

/** Cuts the members into groups for a time. */
export function divided(
  groups: readonly (readonly number[])[],
  atMs: number,
  forMs: number
): readonly Fault[] {
  // A side is cut from all others, so the last group needs no fault of its own.
  return groups
    .slice(0, -1)
    .map(side => ({ type: 'partition', atMs, forMs, side, isOneWay: false }))
}

/** `places` in groups of these sizes; which member is where follows from the seed. */
export function groupsOf(sizes: readonly number[], seed: number): readonly (readonly number[])[] {
  const all = new Prng(seed).shuffle(placesOf(sizes.reduce((sum, size) => sum + size, 0)))
  let from = 0
  return sizes.map(size => {
    from += size
    return all.slice(from - size, from)
  })
}

/** Honest places that committed in a stretch of time. */
export function committersIn(
  { executed }: Pick<CommitteeRun, 'executed'>,
  fromMs: number,
  untilMs: number
): ReadonlySet<number> {
  return new Set(
    executed.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs).map(({ place }) => place)
  )
}

/** Commits by which the log grew in a stretch of time: who only comes to what others have is none of them. */
export function newCommitsIn(
  { executed }: Pick<CommitteeRun, 'executed'>,
  fromMs: number,
  untilMs: number
): number {
  const headAt = (ms: number): number =>
    executed.reduce((head, { index, atMs }) => (atMs < ms && index > head ? index : head), 0)
  return headAt(untilMs) - headAt(fromMs)
}

/** What a scenario expects beyond the checks of every run: what must be so, and the words when it is not. */
export type Expectation = readonly [isAsExpected: boolean, otherwise: string]

/** The line of the result: passed when every checker and every expectation is content. */
export function outcomeOf(
  run: CommitteeRun,
  expectations: readonly Expectation[]
): SimulatedOutcome {
  const { verdict, firstViolation, commits, acknowledged, virtualMs, recoveredMs } = run.report
  const faults = expectations.filter(([isSo]) => !isSo).map(([, otherwise]) => otherwise)
  if (firstViolation !== undefined) {
    const { facts, atMs } = firstViolation
    faults.unshift(`${verdict} after ${atMs.toFixed(0)} ms: ${facts}`)
  }
  if (acknowledged === 0) faults.push('nothing was acknowledged')
  const recovered =
    recoveredMs === undefined ? [] : [`progress ${recoveredMs.toFixed(0)} virtual ms after healing`]
  const lies = [...run.report.counts]
    .filter(([name]) => name.startsWith('lie_'))
    .map(([name, count]) => `${count} x ${name.slice('lie_'.length)}`)
  return {
    isPassed: faults.length === 0,
    acknowledged,
    lost: verdict === 'lost' ? 1 : 0,
    duplicated: verdict === 'duplicated' ? 1 : 0,
    notes: [
      ...faults,
      `${commits} commits in ${(virtualMs / 1_000).toFixed(1)} virtual s`,
      ...recovered,
      ...(lies.length === 0 ? [] : [`lies: ${lies.join(', ')}`])
    ]
  }
}
