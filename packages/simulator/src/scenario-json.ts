import { defaultBullsharkOptions, defaultMempoolOptions } from '@novacron/consensus'
import { defaultReplicaOptions } from '@novacron/replica'
import type { Fault } from './faults/fault.ts'
import { healedAtMs, quietScenario, type Scenario } from './scenario.ts'
import { faultOfScenario } from './scenario-fault.ts'
import { committeeFields, scenarioBounds, scenarioShape } from './scenario-fields.ts'
import { isRecord, malformed } from './scenario-shape.ts'

/** What sets the scenario apart from the quiet one, which is enough for `scenarioOfJson` to make it again. */
export function essenceOf(scenario: Scenario): Partial<Scenario> {
  const parts = Object.entries<unknown>({ ...scenario }).flatMap(([key, value]) => {
    const quiet: unknown = quietScenario[key as keyof Scenario]
    if (isSame(value, quiet)) return []
    const isFilled = key === 'network' || key === 'load' || key === 'law'
    if (!isFilled || !isRecord(value) || !isRecord(quiet)) return [[key, value]]
    const rest = Object.entries(value).filter(([name, part]) => !isSame(part, quiet[name]))
    return [[key, Object.fromEntries(rest)]]
  })
  return Object.fromEntries(parts) as Partial<Scenario>
}

/** Plain data alone is compared. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** The scenario with every option of the protocol and the replicas in it, given or by default, for whoever reads it. */
export function withAllOptions(scenario: Scenario): Scenario {
  return {
    ...scenario,
    bullshark: { ...defaultBullsharkOptions, ...scenario.bullshark },
    mempool: { ...defaultMempoolOptions, ...scenario.mempool },
    replica: { ...defaultReplicaOptions, ...scenario.replica }
  }
}

/**
 * A scenario from parsed JSON, such as `JSON.stringify` makes of one. Fields that are left out are as in the quiet scenario.
 *
 * throws  Fault<ScenarioFacts> where it has a field that no scenario has, lacks one, or has another type or a value out of
 *         its bounds (`scenarioBounds`); of what it gives back, a run can be made
 */
export function scenarioOfJson(json: unknown): Scenario {
  if (!isRecord(json)) return malformed('scenario', json, 'an object')
  const { replicas = quietScenario.replicas, observers = quietScenario.observers } = json
  // First, since places are counted by them.
  committeeFields.replicas.check('replicas', replicas)
  committeeFields.observers.check('observers', observers)
  scenarioShape(replicas as number, observers as number).check('', json)
  const scenario = { ...quietScenario, ...json } as unknown as Scenario
  const filled: Scenario = {
    ...scenario,
    network: { ...quietScenario.network, ...scenario.network },
    load: { ...quietScenario.load, ...scenario.load },
    law: { ...quietScenario.law, ...scenario.law }
  }
  checkTogether(filled)
  const fault = faultOfScenario(filled)
  if (fault === undefined) return filled
  const part = fault.at === 'scenario' ? json : json[fault.at]
  return malformed(fault.at, part ?? {}, `what keeps to ${fault.bound}`)
}

/** What several fields are only together. */
function checkTogether(scenario: Scenario): void {
  const { clients, intervalMs } = scenario.load
  const { requestsPerSecondMax, virtualMsMax } = scenarioBounds
  if (clients * 1_000 > requestsPerSecondMax * intervalMs) {
    const allowed = `at most ${requestsPerSecondMax} requests a second`
    malformed('load', scenario.load, allowed, 'take fewer clients or a longer intervalMs')
  }
  for (const [index, fault] of scenario.faults.entries()) checkFault(`faults.${index}`, fault)
  if (healedAtMs(scenario) > virtualMsMax) {
    const allowed = `faults that are over by ${virtualMsMax} ms`
    malformed('faults', scenario.faults, allowed, 'let them begin sooner or last shorter')
  }
}

function checkFault(at: string, fault: Fault): void {
  if (fault.type === 'crash') {
    const { disk, atMs } = fault
    if (disk.type === 'copy' && disk.takenAtMs >= atMs) {
      malformed(`${at}.disk.takenAtMs`, disk.takenAtMs, `a number below atMs, ${atMs}`)
    }
  }
  const pairs = 'between' in fault ? [fault.between] : fault.type === 'cut' ? fault.pairs : []
  const loop = pairs.find(([a, b]) => a === b)
  if (loop !== undefined) malformed(at, loop, 'pairs of two places')
}
