import type { ReplicaId, Round } from '@novacron/base'
import { Bullshark, type BullsharkMessage, type CommittedSubDag } from '@novacron/consensus'
import {
  type Answer,
  type BullsharkMode,
  quietScenario,
  type ReplicaTypes,
  type Scenario,
  type SimulatedProtocol,
  Simulation,
  type SimulationReport,
  startOfTimeMs,
  type World,
  type WorldEffect,
  type WorldEvent
} from '../../src/index.ts'
import { sha256 } from '../hash.ts'
import { bullsharkNeeds } from '../needs.ts'
import { asShipped } from '../shipped-modes.ts'

type Types = ReplicaTypes<BullsharkMessage>
export type CaseProtocol = SimulatedProtocol<Types>

/** One commit at one place. */
export interface Executed {
  readonly place: number
  readonly atMs: number
  readonly subDag: CommittedSubDag
}

/** From, inclusive, and to, exclusive, in milliseconds after the start of the run. */
export type Span = readonly [fromMs: number, toMs: number]

export interface CaseRun {
  readonly report: SimulationReport
  readonly executed: readonly Executed[]
  /** In the order in which they were given. */
  readonly answers: readonly Answer[]
  at(place: number): readonly Executed[]
  /** Highest index that a place had run by then; 0 for none. */
  indexAt(place: number, atMs: number): number
  /** Requests answered in a span. */
  answeredIn(span: Span): number
  /** Median time to the answer of requests first sent in a span; infinite for none. */
  medianLatencyMs(span: Span): number
}

export type Wrap = (protocol: CaseProtocol, world: () => World<Types>) => CaseProtocol

/** What a case changes beside the scenario. */
export interface CaseChanges {
  /** Puts something between the world and the machines of the product. */
  readonly wrap?: Wrap
  /** Called every `watchEveryMs` of virtual time. */
  watch?(places: readonly PlaceView[], atMs: number): void
  readonly watchEveryMs?: number
}

/** What a place says of itself. */
export interface PlaceView {
  readonly round: number
  readonly ordered: number
  readonly run: number
  readonly pendingBytes: number
  readonly words: string
}

/** A case's scenario, where it differs from the quiet one, and the mode that it runs: classic unless said otherwise. */
export type CaseScenario = Partial<Scenario> & { readonly mode?: BullsharkMode }

/** Runs a scenario that differs from the quiet one, and keeps what every place committed when. */
export function runCase(
  { mode = 'bullshark', ...scenario }: CaseScenario,
  changes: CaseChanges = {}
): CaseRun {
  const executed: Executed[] = []
  const answers: Answer[] = []
  const needs = bullsharkNeeds()
  const world = (): World<Types> => simulation.world
  const simulation: Simulation<Types> = new Simulation(
    asShipped({ ...quietScenario, ...scenario }, mode),
    {
      ...needs,
      protocol: changes.wrap?.(needs.protocol, world) ?? needs.protocol,
      onExecuted: (place, subDag, atMs) => void executed.push({ place, subDag, atMs }),
      onAnswered: answer => void answers.push(answer)
    }
  )
  watch(simulation.world, changes)
  const report = simulation.run()
  return { report, executed, answers, ...queriesOf(executed, answers) }
}

function queriesOf(
  executed: readonly Executed[],
  answers: readonly Answer[]
): Pick<CaseRun, 'at' | 'indexAt' | 'answeredIn' | 'medianLatencyMs'> {
  const within = (worldMs: number, [fromMs, toMs]: Span) =>
    worldMs >= startOfTimeMs + fromMs && worldMs < startOfTimeMs + toMs
  return {
    at: place => executed.filter(one => one.place === place),
    indexAt: (place, atMs) =>
      executed.reduce(
        (index, one) =>
          one.place === place && one.atMs <= atMs ? Math.max(index, one.subDag.index) : index,
        0
      ),
    answeredIn: span => answers.filter(({ answeredAtMs }) => within(answeredAtMs, span)).length,
    medianLatencyMs(span) {
      const sorted = answers
        .filter(({ firstSentAtMs }) => within(firstSentAtMs, span))
        .map(({ firstSentAtMs, answeredAtMs }) => answeredAtMs - firstSentAtMs)
        .sort((a, b) => a - b)
      return sorted[sorted.length >> 1] ?? Number.POSITIVE_INFINITY
    }
  }
}

function watch(world: World<Types>, { watch, watchEveryMs = 50 }: CaseChanges): void {
  if (watch === undefined) return
  const look = () => {
    const places = Array.from({ length: world.places }, (_, place) => viewOf(world, place))
    watch(places, world.queue.now - startOfTimeMs)
    world.queue.schedule(world.queue.now + watchEveryMs, look)
  }
  world.queue.schedule(startOfTimeMs + watchEveryMs, look)
}

function viewOf(world: World<Types>, place: number): PlaceView {
  const { machine } = world.node(place)
  const words = machine?.describe() ?? 'down'
  const [round = 0, ordered = 0, run = 0] =
    /round (\d+), ordered (\d+), run (\d+)/.exec(words)?.slice(1).map(Number) ?? []
  const pending = machine?.gauges().find(({ name }) => name === 'pending bytes')
  return { round, ordered, run, pendingBytes: pending?.value ?? 0, words }
}

/** One step of one place: what it was given, and what it wants done. */
export interface Step {
  readonly place: number
  /** Starts of the place before this one. */
  readonly life: number
  readonly event: WorldEvent<Types>
  readonly effects: readonly WorldEffect<Types>[]
  readonly atMs: number
}

export type OnStep = (step: Step, world: World<Types>) => void

/** Tells of every step of every place before its effects are performed. A twin's copies count as one place. */
export function spied(onStep: OnStep): Wrap {
  return (protocol, world) => {
    const lives = new Map<number, number>()
    return {
      ...protocol,
      make(seat) {
        const place = world().placeOf(seat.peer)
        const life = lives.get(place) ?? 0
        lives.set(place, life + 1)
        const replica = protocol.make(seat)
        const step = replica.step.bind(replica)
        const told: typeof step = (event, now) => {
          const effects = step(event, now)
          const atMs = world().queue.now - startOfTimeMs
          onStep({ place, life, event, effects, atMs }, world())
          return effects
        }
        return Object.assign(replica, { step: told })
      }
    }
  }
}

/** What a step sends of the orderer's messages, of one type. */
export function sentIn<Kind extends BullsharkMessage['type']>(
  { effects }: Pick<Step, 'effects'>,
  kind: Kind
): Extract<BullsharkMessage, { type: Kind }>[] {
  return effects.flatMap(effect => {
    if (effect.type !== 'send' && effect.type !== 'broadcast') return []
    const { layer, message } = effect.message
    return layer === 'order' && message.type === kind
      ? [message as Extract<BullsharkMessage, { type: Kind }>]
      : []
  })
}

/** Who leads which round of Bullshark as published, in a world whose schedule does not change. */
export function leadersOf({ committee, domain }: World<Types>): (round: Round) => ReplicaId {
  const orderer = new Bullshark(
    {},
    {
      ...{ committee, domain, self: undefined, hash: sha256, wasSignedLogPresent: true },
      sign: () => new Uint8Array(64),
      hasBatch: () => true,
      sizeOfBatch: () => undefined
    }
  )
  return round => orderer.leaderOf(round)
}

export const fixedDelay = (ms: number): Scenario['network'] => ({
  ...quietScenario.network,
  delay: { type: 'uniform', fromMs: ms, toMs: ms }
})

export const instant = { type: 'uniform', fromMs: 0, toMs: 0 } as const

export const crash = {
  type: 'crash',
  atMs: 1_000,
  downMs: 300,
  staggerMs: 0,
  loss: 'lost',
  disk: { type: 'own' }
} as const
