import type { Io } from '../io.ts'
import type { Cluster, ClusterPlan } from './cluster.ts'
import type { LoadRecord } from './load-record.ts'

/** What a scenario works with while its fault is on. */
export interface ScenarioRun {
  readonly cluster: Cluster
  readonly record: LoadRecord
  /** 0 included, 1 excluded; from the seed. */
  readonly random: () => number
  /** How long a fault lasts. */
  readonly faultMs: number
  readonly signal: AbortSignal
  /** To start more processes of this program. */
  readonly io: Pick<Io, 'program' | 'env'>
  /** A sentence for the result. */
  note(text: string): void
  /** One more of what the fault is made of; the sum stands in the result under this name. */
  count(name: string): void
  /** Waits; rejects when the command is interrupted. */
  sleep(ms: number): Promise<void>
  /** The fault ends now, although the scenario goes on: what comes back counts as recovery. The last call counts. */
  healed(): void
  /** What went wrong with what the scenario itself expects; the rest of the run goes on, and the verdict is `failed`. */
  expect(isAsExpected: boolean, otherwise: string): void
}

/** Of real daemons. */
export interface RealScenario {
  readonly kind: 'real'
  readonly name: string
  /** Its number in the list that the simulated ones are named after. */
  readonly also?: `dwcp-${number}`
  /** One sentence: what is done, and what must come of it. */
  readonly what: string
  /** Daemons needed at least. */
  readonly nodesMin: number
  /** The bar for commits to be as before after healing; absent when there is none. */
  readonly recoveryMsMax?: number
  /** Default of `ScenarioRun.faultMs`. */
  readonly faultMs: number
  /** A network of its own, made to this; without it the one at hand is used. */
  readonly plan?: (nodes: number, random: () => number) => Omit<ClusterPlan, 'nodes'>
  /** The network must not be used again. */
  readonly isSpoiling?: boolean
  /** A daemon may have lost what lay on its disk for good; its state is right all the same. */
  readonly isDamaging?: boolean
  /** Why it cannot be run here. */
  readonly skip?: () => string | undefined
  /** Evidence that must be found rather than not. */
  readonly isExpectedEvidence?: (line: string, cluster: Cluster) => boolean
  /** Puts the fault on; when it is over, `heal` follows. */
  readonly run: (run: ScenarioRun) => Promise<void>
  /** Before everything that is down is started again and every link is whole. */
  readonly heal?: (run: ScenarioRun) => Promise<void>
}

/** Of the simulator: many members, liars, virtual time; no daemons. */
export interface SimulatedScenario {
  readonly kind: 'simulated'
  readonly name: string
  readonly what: string
  readonly run: (seed: number, signal: AbortSignal) => Promise<SimulatedOutcome>
}

export interface SimulatedOutcome {
  readonly isPassed: boolean
  readonly acknowledged: number
  readonly lost: number
  readonly duplicated: number
  readonly notes: readonly string[]
}

export type Scenario = RealScenario | SimulatedScenario

/** What came of a scenario, whatever it is called. */
export type ScenarioOutcome = Omit<ScenarioResult, 'name' | 'also' | 'seconds'>

/** One line of the result. */
export interface ScenarioResult {
  readonly name: string
  /** Its number in the list, where its name does not begin with it. */
  readonly also?: `dwcp-${number}`
  readonly verdict: 'passed' | 'failed' | 'skipped'
  /** Null when there was nothing to recover, or when it never came. */
  readonly recoveryMs: number | null
  readonly acknowledged: number
  readonly lost: number
  readonly duplicated: number
  readonly seconds: number
  /** How often the scenario did what its fault is made of, such as `kills`; absent where nothing is counted. */
  readonly counts?: Readonly<Record<string, number>>
  readonly notes: readonly string[]
}
