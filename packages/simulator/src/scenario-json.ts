import { AssertionError, Fault } from '@novacron/base'
import { checkLoadOptions } from './load.ts'
import { checkDelay } from './network/delay.ts'
import { checkNetworkOptions } from './network/network.ts'
import { checkScenario, quietScenario, type Scenario } from './scenario.ts'

/** Why a value is not a scenario; `at` is the way to the part, such as `load.clients`. */
export interface ScenarioFacts {
  readonly code: 'scenario-malformed'
  readonly at: string
  readonly reason: string
}

/**
 * A scenario from parsed JSON, such as `JSON.stringify` makes of one. Fields that are left out are as in the quiet scenario.
 *
 * throws  Fault<ScenarioFacts> where it has a field that no scenario has, another type, or a value out of its bounds
 */
export function scenarioOfJson(json: unknown): Scenario {
  if (!isRecord(json)) return malformed('scenario', 'is not an object')
  const example: Readonly<Record<string, unknown>> = { ...quietScenario }
  for (const [key, value] of Object.entries(json)) {
    if (!Object.hasOwn(example, key)) malformed(key, 'is no field of a scenario')
    checkLike(key, value, example[key])
  }
  const scenario = { ...quietScenario, ...json } as unknown as Scenario
  const filled: Scenario = {
    ...scenario,
    network: { ...quietScenario.network, ...scenario.network },
    load: { ...quietScenario.load, ...scenario.load },
    law: { ...quietScenario.law, ...scenario.law }
  }
  checkValues(filled)
  return filled
}

/** Delays are told apart by their type and options are parts of others: those are checked where they are known. */
function checkLike(at: string, value: unknown, example: unknown): void {
  if (Array.isArray(example)) {
    if (!Array.isArray(value)) malformed(at, 'is not a list')
    return
  }
  if (isRecord(example)) {
    if (!isRecord(value)) return malformed(at, 'is not an object')
    if ('type' in example) return
    for (const [key, part] of Object.entries(value)) {
      if (Object.hasOwn(example, key)) checkLike(`${at}.${key}`, part, example[key])
    }
    return
  }
  if (typeof value !== typeof example) malformed(at, `is not a ${typeof example}`)
}

/** The checks are for our own mistakes; here the numbers come from outside. */
function checkValues(scenario: Scenario): void {
  const { network, load, readDelay, flushDelay } = scenario
  const checks: readonly (readonly [string, () => void])[] = [
    ['scenario', () => checkScenario(scenario)],
    ['network', () => checkNetworkOptions(network)],
    ['load', () => checkLoadOptions(load)],
    ['readDelay', () => checkDelay(readDelay)],
    ['flushDelay', () => checkDelay(flushDelay)]
  ]
  for (const [at, check] of checks) {
    try {
      check()
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error
      malformed(at, `does not keep to ${error.message}`)
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(at: string, reason: string): never {
  throw new Fault<ScenarioFacts>({ code: 'scenario-malformed', at, reason })
}
