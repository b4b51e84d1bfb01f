import { assert, type Digest, type Hash, type PeerId, Prng } from '@novacron/base'
import type { CommittedSubDag } from '@novacron/consensus'
import type { Behaviour } from './byzantine/behaviour.ts'
import { AgreementChecker } from './checkers/agreement.ts'
import { CertificationChecker } from './checkers/certification.ts'
import { DoubleSigningChecker } from './checkers/double-signing.ts'
import { EffectChecker } from './checkers/effects.ts'
import { ExactlyOnceChecker } from './checkers/exactly-once.ts'
import {
  type RunVerdict,
  type VerdictKind,
  type Violation,
  verdictKinds
} from './checkers/violation.ts'
import { planFaults } from './faults/plan.ts'
import { planGone } from './gone.ts'
import type { MakeKeys } from './keys.ts'
import { type Answer, Load } from './load.ts'
import type { ProtocolTypes, SimulatedProtocol } from './machine.ts'
import type { Recorder } from './recorder.ts'
import { checkScenario, healedAtMs, type Scenario } from './scenario.ts'
import { startOfTimeMs, type Witness, World } from './world.ts'

export interface SimulationNeeds<T extends ProtocolTypes> {
  readonly hash: Hash
  readonly protocol: SimulatedProtocol<T>
  /** Keeps the last things that happened, for the account of a run; the run is the same with and without. */
  readonly recorder?: Recorder
  /** Other signatures than the keyed stand-in; see `SimulatedKeys`. */
  readonly makeKeys?: MakeKeys
  /** Told of each commit that an honest place has run. */
  readonly onExecuted?: (place: number, subDag: CommittedSubDag, atMs: number) => void
  /** Told of each request that was answered; times are those of the world's clock. */
  readonly onAnswered?: (answer: Answer) => void
  /** Told of each lie but those of twins: by whom, and in which way. */
  readonly onLie?: (place: number, behaviour: Behaviour) => void
}

/** How a place was left. */
export interface PlaceReport {
  readonly isUp: boolean
  /** Commits that it has run in this life. */
  readonly index: number
  /** The words of its machine. */
  readonly state: string
}

export interface SimulationReport {
  readonly verdict: RunVerdict
  /** The verdict by the five names. */
  readonly kind: VerdictKind
  readonly seed: number
  /** Digest of everything that happened: equal for equal runs. */
  readonly traceHash: Digest
  /** Length of the agreed log, and its transactions. */
  readonly commits: number
  readonly applied: number
  readonly acknowledged: number
  /** From a client's first try to its answer. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Events of the run, messages among them, and how long it took on the virtual clock. */
  readonly steps: number
  readonly messages: number
  readonly virtualMs: number
  /** From healing to progress; undefined when there was none. */
  readonly recoveredMs: number | undefined
  /** Crash points that the run never came to. */
  readonly crashPointsLeft: number
  /** Persists of each place. */
  readonly persists: readonly number[]
  readonly places: readonly PlaceReport[]
  readonly counts: ReadonlyMap<string, number>
  /** Reads of the places' states that were compared with a model of the applications. */
  readonly effectsCompared: number
  /** Honest places that hold evidence against a liar. */
  readonly witnesses: number
  /** Liars of whom an honest place has told all others, with proof; ascending. */
  readonly exposed: readonly number[]
  readonly firstViolation?: Violation & { readonly atMs: number }
  /** The command that shows this run again. */
  readonly replay: string
}

/** How often bounds on queues are looked at. */
const gaugeIntervalMs = 250

/** One run: a world under its scenario, watched by all checkers, ended by the first violation or by progress after healing. */
export class Simulation<T extends ProtocolTypes> implements Witness<T> {
  readonly world: World<T>
  readonly #scenario: Scenario
  readonly #protocol: SimulatedProtocol<T>
  readonly #agreement: AgreementChecker
  readonly #exactlyOnce: ExactlyOnceChecker
  readonly #effects: EffectChecker | undefined
  readonly #doubleSigning: DoubleSigningChecker
  readonly #certification: CertificationChecker
  readonly #exposed = new Set<number>()
  readonly #load: Load<T>
  /** Places that come back with an empty or an older disk. */
  readonly #forgetful: ReadonlySet<number>
  readonly #onExecuted: SimulationNeeds<T>['onExecuted']
  readonly #onLie: SimulationNeeds<T>['onLie']
  /** Places that must make progress after healing: honest, and not gone for good. */
  readonly #core: readonly number[]
  #violation: (Violation & { readonly atMs: number }) | undefined
  #headAtHealing: number | undefined
  #recoveredMs: number | undefined
  #lateAt = 0

  constructor(scenario: Scenario, needs: SimulationNeeds<T>) {
    const { hash, protocol, recorder, makeKeys, onExecuted, onAnswered, onLie } = needs
    this.#onExecuted = onExecuted
    this.#onLie = onLie
    checkScenario(scenario)
    this.#scenario = scenario
    this.#protocol = protocol
    const report = (violation: Violation) => this.#onViolation(violation)
    this.world = new World(scenario, { hash, protocol, witness: this, recorder, makeKeys })
    this.#agreement = new AgreementChecker(this.world.places, report)
    this.#exactlyOnce = new ExactlyOnceChecker(report)
    const { isWrite } = protocol
    this.#effects = isWrite === undefined ? undefined : new EffectChecker(isWrite, report)
    const liars = new Set<number>(scenario.byzantine.map(({ place }) => place))
    this.#doubleSigning = new DoubleSigningChecker(report, liars)
    this.#certification = this.#makeCertification(liars, report)
    this.#forgetful = new Set(
      scenario.faults.flatMap(fault => {
        if (fault.type === 'crash') return fault.disk.type === 'own' ? [] : fault.places
        const isOfRecord = 'device' in fault && fault.device === 'signed'
        return isOfRecord ? [fault.place] : []
      })
    )
    const gone = new Set(scenario.gone.map(({ place }) => place))
    this.#core = Array.from({ length: this.world.places }, (_, place) => place).filter(
      place => this.world.isHonest(place) && !gone.has(place)
    )
    this.#load = new Load(scenario.load, {
      world: this.world,
      protocol,
      prng: new Prng(scenario.seed).fork(),
      members: scenario.replicas,
      checker: this.#exactlyOnce,
      onAnswered
    })
  }

  run(): SimulationReport {
    const { world } = this
    const { faults, crashPoints, loadAfterMs, livenessMs } = this.#scenario
    const healedAt = startOfTimeMs + healedAtMs(this.#scenario)
    planFaults(world, faults)
    for (const point of crashPoints) world.addCrashPoint(point)
    planGone(world, this.#scenario.gone)
    for (let place = 0; place < world.places; place++) world.start(place)
    this.#load.start()
    this.#watchGauges()
    const hasFailed = () => this.#violation !== undefined
    world.run(healedAt, hasFailed)
    this.#heal()
    const stepsMax = world.queue.ran + this.#scenario.livenessSteps
    world.run(healedAt + loadAfterMs, hasFailed)
    this.#load.close()
    world.run(
      healedAt + livenessMs,
      () => hasFailed() || this.#hasRecovered() || world.queue.ran >= stepsMax
    )
    this.#finish(healedAt)
    return this.#reportRun()
  }

  sent(place: number, message: T['message']): void {
    if (!this.world.isHonest(place)) return
    const slots = this.#protocol.signedSlots(message)
    if (!this.#forgetful.has(place)) this.#doubleSigning.sent(slots)
    this.#certification.sent(place, slots)
  }

  published(place: number, message: T['gossip']): void {
    const accused = this.#protocol.accusedBy?.(message)
    if (accused === undefined || !this.world.isHonest(place)) return
    const at = this.world.placeOf(accused)
    if (!this.world.isHonest(at)) this.#exposed.add(at)
    else this.#onConvicted(at, `place ${place} tells of ${accused}`)
  }

  /** Who forgets what it signed can be told by those who have it. */
  arrived(from: number, to: number, message: T['message']): void {
    const isWatched = this.#forgetful.has(from) && this.world.isHonest(from)
    if (!isWatched || to >= this.#scenario.replicas || !this.world.isHonest(to)) return
    const { size, quorumWeight } = this.world.committee
    const slots = this.#protocol.signedSlots(message)
    this.#doubleSigning.arrived(to, slots, size - quorumWeight + 1)
  }

  started(place: number): void {
    this.#agreement.started(place)
    this.#effects?.started(place)
  }

  executed(place: number, subDag: CommittedSubDag, outcome: T['outcome']): void {
    if (!this.world.isHonest(place)) return
    const receipts = this.#protocol.receipts(outcome)
    const isNew = this.#agreement.executed(place, subDag)
    // Of an earlier commit, since a checkpoint is made while the log goes on.
    const state = this.world.node(place).machine?.lastState()
    if (state !== undefined) this.#agreement.hasState(place, state.index, state.root)
    if (isNew) {
      this.#exactlyOnce.appended(subDag.index, receipts)
      this.#effects?.appended(receipts)
      this.#checkCertified(place, subDag)
    } else this.#exactlyOnce.repeated(place, subDag.index, receipts)
    this.#lookAtEffects(place)
    this.#load.executed(place, subDag.index, receipts)
    this.#onExecuted?.(place, subDag, this.world.queue.now - startOfTimeMs)
  }

  rejected(place: number, from: PeerId, code: string): void {
    const { world } = this
    const at = world.placeOf(from)
    if (!world.isHonest(place) || !world.isHonest(at)) return
    const facts = `place ${place} accuses ${from}: ${code}`
    if (code === 'equivocation') this.#onConvicted(at, facts)
    else this.#onViolation({ verdict: 'accused', facts })
  }

  /** Of two signatures for one slot, which are there to be seen if it is right. */
  #onConvicted(at: number, facts: string): void {
    if (!this.#doubleSigning.hasSignedTwice(at)) this.#onViolation({ verdict: 'accused', facts })
  }

  failed(place: number, error: unknown): void {
    if (!this.world.isHonest(place)) return
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#onViolation({ verdict: 'asserted', facts: `place ${place}: ${words}` })
  }

  lied(place: number, behaviour: Behaviour): void {
    this.#onLie?.(place, behaviour)
  }

  #lookAtEffects(place: number): void {
    const probe = this.world.node(place).machine?.effects?.()
    if (probe !== undefined) this.#effects?.look(place, probe)
  }

  #makeCertification(
    liars: ReadonlySet<number>,
    report: (violation: Violation) => void
  ): CertificationChecker {
    const { members, quorumWeight } = this.world.committee
    const honest = new Set(members.keys())
    for (const liar of liars) honest.delete(liar)
    return new CertificationChecker({ honest, signersMin: quorumWeight - liars.size }, report)
  }

  #checkCertified(place: number, subDag: CommittedSubDag): void {
    const { domain } = this.world
    this.#certification.appended(place, subDag, vertex =>
      this.#protocol.backingOf?.(vertex, domain)
    )
  }

  #heal(): void {
    this.#headAtHealing = this.#agreement.head
    this.world.network.calm()
  }

  /** The core is up and has run what was acknowledged, and some commits more than anyone had at healing. */
  #hasRecovered(): boolean {
    const { world } = this
    if (this.#load.outstanding > 0) return false
    const goal = Math.max(
      (this.#headAtHealing as number) + this.#scenario.commitsAfterHealing,
      this.#exactlyOnce.lastAcknowledgedIndex
    )
    // Whoever was late at the last look probably still is, and this is asked after every event.
    for (let tried = 0; tried < this.#core.length; tried++) {
      const at = (this.#lateAt + tried) % this.#core.length
      const place = this.#core[at] as number
      if (world.isUp(place) && this.#agreement.indexOf(place) >= goal) continue
      this.#lateAt = at
      return false
    }
    return true
  }

  #finish(healedAt: number): void {
    if (this.#violation !== undefined) return
    const { world } = this
    const indexes = this.#core.map(place => this.#agreement.indexOf(place))
    if (this.#hasRecovered()) {
      this.#recoveredMs = world.queue.now - healedAt
      this.#exactlyOnce.finish(Math.min(...indexes))
      for (const place of this.#core) this.#lookAtEffects(place)
      return
    }
    const wanted = `${this.#headAtHealing} + ${this.#scenario.commitsAfterHealing}`
    const states = this.#core.map(
      place => `place ${place}: ${world.node(place).machine?.describe() ?? 'down'}`
    )
    const facts = `logs at ${indexes.join(', ')}, wanted ${wanted}; ${this.#load.outstanding} requests open; ${states.join(' | ')}`
    this.#onViolation({ verdict: 'stalled', facts })
  }

  #watchGauges(): void {
    const { queue, network } = this.world
    queue.schedule(queue.now + gaugeIntervalMs, () => {
      if (network.overflows > 0) {
        this.#onViolation({ verdict: 'overflowed', facts: 'too many messages under way' })
      }
      for (const place of this.#core) {
        for (const { name, value, max } of this.world.node(place).machine?.gauges() ?? []) {
          if (value <= max) continue
          const facts = `place ${place}: ${name} is ${value}, at most ${max}`
          this.#onViolation({ verdict: 'overflowed', facts })
        }
      }
      this.#watchGauges()
    })
  }

  #holdsEvidence(place: number): boolean {
    const gauges = this.world.node(place).machine?.gauges() ?? []
    return gauges.some(({ name, value }) => name === 'evidence' && value > 0)
  }

  #onViolation(violation: Violation): void {
    this.#violation ??= { ...violation, atMs: this.world.queue.now - startOfTimeMs }
  }

  #reportRun(): SimulationReport {
    const { world } = this
    const { seed } = this.#scenario
    const violation = this.#violation
    return {
      verdict: violation?.verdict ?? 'pass',
      kind: verdictKinds[violation?.verdict ?? 'pass'],
      seed,
      traceHash: world.traceHash,
      commits: this.#agreement.head,
      applied: this.#exactlyOnce.appliedCount,
      acknowledged: this.#exactlyOnce.acknowledgedCount,
      latencyMs: {
        p50: this.#load.latencyMs(50),
        p99: this.#load.latencyMs(99),
        max: this.#load.latencyMs(100)
      },
      steps: world.queue.ran,
      messages: world.network.messages,
      virtualMs: world.queue.now - startOfTimeMs,
      recoveredMs: this.#recoveredMs,
      crashPointsLeft: world.crashPointsLeft,
      persists: Array.from({ length: world.places }, (_, place) => world.node(place).persists),
      places: Array.from({ length: world.places }, (_, place) => ({
        isUp: world.isUp(place),
        index: this.#agreement.indexOf(place),
        state: world.node(place).machine?.describe() ?? 'down'
      })),
      counts: world.counts,
      effectsCompared: this.#effects?.comparedCount ?? 0,
      witnesses: this.#core.filter(place => this.#holdsEvidence(place)).length,
      exposed: [...this.#exposed].sort((a, b) => a - b),
      ...(violation === undefined ? {} : { firstViolation: violation }),
      replay: `SEEDS=1 FIRST_SEED=${seed} npx vitest run --project sim swarm -t 'seed ${seed}:'`
    }
  }
}

/** Runs a scenario to its end. The same scenario gives the same report, trace hash included. */
export function simulate<T extends ProtocolTypes>(
  scenario: Scenario,
  needs: SimulationNeeds<T>
): SimulationReport {
  assert(scenario.replicas >= 1, 'at least one replica')
  return new Simulation(scenario, needs).run()
}
