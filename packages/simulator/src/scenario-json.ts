import { Fault } from '@novacron/base'
import {
  defaultBullsharkOptions,
  defaultMempoolOptions,
  defaultTurboOptions
} from '@novacron/consensus'
import { defaultReplicaOptions } from '@novacron/replica'
import { behaviourNames } from './byzantine/behaviour.ts'
import { deviceNames } from './disk/disk.ts'
import { departureNames } from './gone.ts'
import { diskOperations } from './node.ts'
import { quietScenario, type Scenario } from './scenario.ts'
import { faultOfScenario } from './scenario-fault.ts'

/** Why a value is not a scenario; `at` is the way to the part, such as `load.clients`. */
export interface ScenarioFacts {
  readonly code: 'scenario-malformed'
  readonly at: string
  readonly reason: string
}

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
 * throws  Fault<ScenarioFacts> where it has a field that no scenario has, another type, or a value out of its bounds
 */
export function scenarioOfJson(json: unknown): Scenario {
  if (!isRecord(json)) return malformed('scenario', 'is not an object')
  const example: Readonly<Record<string, unknown>> = { ...quietScenario }
  for (const [key, value] of Object.entries(json)) {
    if (!Object.hasOwn(example, key)) malformed(key, 'is no field of a scenario')
    checkLike(key, value, example[key])
    const options = optionsOf[key]
    if (options !== undefined)
      checkOptions(key, value as Readonly<Record<string, unknown>>, options)
  }
  const scenario = { ...quietScenario, ...json } as unknown as Scenario
  const filled: Scenario = {
    ...scenario,
    network: { ...quietScenario.network, ...scenario.network },
    load: { ...quietScenario.load, ...scenario.load },
    law: { ...quietScenario.law, ...scenario.law }
  }
  const fault = faultOfScenario(filled)
  if (fault !== undefined) malformed(fault.at, `does not keep to ${fault.bound}`)
  return filled
}

/** Delays are told apart by their type and options are parts of others: those are checked where they are known. */
function checkLike(at: string, value: unknown, example: unknown): void {
  if (Array.isArray(example)) {
    if (!Array.isArray(value)) return malformed(at, 'is not a list')
    for (const [index, item] of value.entries()) {
      if (at !== 'network.distancesMs') checkItem(`${at}.${index}`, item)
    }
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

/** The parts of a scenario that hold options of the machines, with one of each type. */
const optionsOf: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  bullshark: { ...defaultBullsharkOptions, turbo: defaultTurboOptions },
  mempool: { ...defaultMempoolOptions },
  replica: { ...defaultReplicaOptions }
}

function checkOptions(
  at: string,
  options: Readonly<Record<string, unknown>>,
  examples: Readonly<Record<string, unknown>>
): void {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(examples, key)) malformed(`${at}.${key}`, 'is no option of it')
    checkLike(`${at}.${key}`, value, examples[key])
  }
}

const wordsOf: Readonly<Record<string, readonly string[]>> = {
  device: deviceNames,
  operation: diskOperations
}

/** Faults, crash points, liars: objects with a place or a time, and words from closed lists. */
function checkItem(at: string, item: unknown): void {
  if (!isRecord(item)) return malformed(at, 'is not an object')
  for (const [key, value] of Object.entries(item)) {
    const isTime = key.endsWith('Ms') || key === 'place'
    if (isTime && typeof value !== 'number') malformed(`${at}.${key}`, 'is not a number')
  }
  const { behaviours, how } = item as { readonly behaviours?: unknown; readonly how?: unknown }
  for (const [key, words] of Object.entries(wordsOf)) {
    const value = item[key]
    if (value === undefined || words.some(word => word === value)) continue
    malformed(`${at}.${key}`, `is not one of ${words.join(', ')}`)
  }
  if (how !== undefined && !departureNames.some(name => name === how)) {
    malformed(`${at}.how`, `is not one of ${departureNames.join(', ')}`)
  }
  if (behaviours === undefined) return
  const isKnown = (each: unknown) => behaviourNames.some(name => name === each)
  if (Array.isArray(behaviours) && behaviours.every(isKnown)) return
  malformed(`${at}.behaviours`, `is not a list of ${behaviourNames.join(', ')}`)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(at: string, reason: string): never {
  throw new Fault<ScenarioFacts>({ code: 'scenario-malformed', at, reason })
}
