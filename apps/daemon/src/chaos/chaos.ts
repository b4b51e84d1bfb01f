import type { Io } from '../io.ts'
import { Cluster } from './cluster.ts'
import { type EngineOptions, runReal } from './engine.ts'
import { randomOf } from './random.ts'
import type { RealScenario, Scenario, ScenarioOutcome, ScenarioResult } from './scenario.ts'

/** Which scenarios, on how many daemons, under what load. */
export interface ChaosOptions {
  readonly nodes: number
  readonly scenarios: readonly Scenario[]
  readonly seed: number
  readonly ratePerSecond: number
  readonly faultMs?: number
}

/** The one JSON object of `chaos --json`. */
export interface ChaosSummary {
  readonly nodes: number
  readonly seed: number
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Not all that was asked for has ended: the user wanted the command to end first. */
  readonly interrupted: boolean
  /** That have ended. */
  readonly scenarios: readonly ScenarioResult[]
}

/** Does one thing after another to local networks of daemons; when the user wants it to end, with what has ended by then. */
export async function runChaos(
  options: ChaosOptions,
  io: Io,
  onResult: (result: ScenarioResult) => void
): Promise<ChaosSummary> {
  const scenarios: ScenarioResult[] = []
  await using networks = new Networks(options, io)
  for (const scenario of options.scenarios) {
    if (io.signal.aborted) break
    io.stderr.write(`novacron: ${scenario.name}: ${scenario.what}\n`)
    const startedAt = performance.now()
    const result = await resultOf(scenario, networks, options, io)
    if (result === undefined) break
    const seconds = Number(((performance.now() - startedAt) / 1_000).toFixed(1))
    const line = { ...namesOf(scenario), ...result, seconds }
    scenarios.push(line)
    onResult(line)
  }
  const count = (verdict: ScenarioResult['verdict']): number =>
    scenarios.filter(result => result.verdict === verdict).length
  const { nodes, seed } = options
  return {
    nodes,
    seed,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    interrupted: scenarios.length < options.scenarios.length,
    scenarios
  }
}

type Names = Pick<ScenarioResult, 'name' | 'also'>

/** What a line of the result is found by. */
export function namesOf(scenario: Scenario): Names {
  const { name } = scenario
  const also = scenario.kind === 'real' ? scenario.also : undefined
  return { name, ...(also === undefined ? {} : { also }) }
}

const nothing = { recoveryMs: null, acknowledged: 0, lost: 0, duplicated: 0 }

/** Undefined when it was interrupted: what broke off says nothing about what was tried. */
async function resultOf(
  scenario: Scenario,
  networks: Networks,
  options: ChaosOptions,
  io: Io
): Promise<ScenarioOutcome | undefined> {
  if (scenario.kind === 'real') return resultOfReal(scenario, networks, options, io)
  try {
    const { isPassed, ...outcome } = await scenario.run(options.seed, io.signal)
    return { ...nothing, verdict: isPassed ? 'passed' : 'failed', ...outcome }
  } catch (error) {
    if (io.signal.aborted) return undefined
    throw error
  }
}

async function resultOfReal(
  scenario: RealScenario,
  networks: Networks,
  options: ChaosOptions,
  io: Io
): Promise<ScenarioOutcome | undefined> {
  const reason =
    options.nodes < scenario.nodesMin
      ? `needs at least ${scenario.nodesMin} nodes`
      : scenario.skip?.()
  if (reason !== undefined) return { ...nothing, verdict: 'skipped', notes: [reason] }
  const engine = engineOptionsOf(scenario, options)
  try {
    const cluster = await networks.for(scenario, engine.random)
    const outcome = await runReal(scenario, cluster, engine, io)
    await networks.release(scenario, outcome.verdict === 'passed')
    return outcome
  } catch (error) {
    await networks.release(scenario, false)
    if (io.signal.aborted) return undefined
    return { ...nothing, verdict: 'failed', notes: [(error as Error).message] }
  }
}

/** Of its own seed, so that a scenario alone does what it did among others. */
function engineOptionsOf({ name }: RealScenario, options: ChaosOptions): EngineOptions {
  const { ratePerSecond, seed, faultMs } = options
  return {
    ratePerSecond,
    random: randomOf(`${seed}/${name}`),
    ...(faultMs === undefined ? {} : { faultMs })
  }
}

/** The network at hand, which scenarios share as long as none spoils it. */
class Networks implements AsyncDisposable {
  readonly #options: ChaosOptions
  readonly #io: Io
  #shared: Cluster | undefined
  #own: Cluster | undefined

  constructor(options: ChaosOptions, io: Io) {
    this.#options = options
    this.#io = io
  }

  async for(scenario: RealScenario, random: () => number): Promise<Cluster> {
    const { nodes } = this.#options
    if (scenario.plan === undefined) {
      this.#shared ??= await Cluster.start({ nodes }, this.#io, this.#linkRandom('shared'))
      await this.#shared.ready(this.#io.signal)
      return this.#shared
    }
    // Two networks at a time would be too much for a small machine.
    await this.#endShared()
    const plan = { nodes, ...scenario.plan(nodes, random) }
    this.#own = await Cluster.start(plan, this.#io, this.#linkRandom(scenario.name))
    return this.#own
  }

  async release({ isSpoiling = false }: RealScenario, isWell: boolean): Promise<void> {
    if (isSpoiling || !isWell) await this.#endShared()
    await this.#own?.[Symbol.asyncDispose]()
    this.#own = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endShared()
    await this.#own?.[Symbol.asyncDispose]()
  }

  /** Draws of links come as bytes do, and must not change those of scenarios. */
  #linkRandom(name: string): () => number {
    return randomOf(`${this.#options.seed}/${name}/links`)
  }

  async #endShared(): Promise<void> {
    await this.#shared?.[Symbol.asyncDispose]()
    this.#shared = undefined
  }
}
