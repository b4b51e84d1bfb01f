import { resolve } from 'node:path'
import { Fault, faultyWeight } from '@novacron/base'
import {
  type CommitteePlan,
  type FaultSpecification,
  faultKinds,
  parseFaultSpecification,
  refuseFaults,
  type Scenario,
  type ScenarioFacts,
  scenarioBounds,
  scenarioOfJson
} from '@novacron/simulator'
import { type CommandFacts, commandFault } from '../command-fault.ts'
import { readWholeFile } from '../read-input.ts'
import { countOf } from '../settings.ts'
import { suggestion } from '../suggestion.ts'
import type { Campaign } from './campaign.ts'
import { readLatencyMatrix } from './latency-matrix.ts'

/** What a run depends on, as it was asked for. */
export interface SimulateOptions {
  readonly protocol: string
  readonly replicas: number
  readonly virtualMs: number
  /** Members that lie. */
  readonly byzantine: number | undefined
  readonly faults: string | undefined
  /** Paths of files. */
  readonly latencyMatrix: string | undefined
  readonly scenario: string | undefined
}

const scenarioBytesMax = 16_000_000

/** Reads what the options name. */
export async function campaignOf(
  options: SimulateOptions,
  protocols: readonly string[]
): Promise<Campaign> {
  const { protocol, replicas, virtualMs, byzantine, faults, latencyMatrix, scenario } = options
  checkProtocol(protocol, protocols)
  if (scenario !== undefined) {
    const read = () => readScenario(resolve(scenario))
    return { protocol, source: { type: 'scenario', scenario: await ofOption('--scenario', read) } }
  }
  checkCommittee(replicas, byzantine ?? 0)
  checkVirtual(virtualMs)
  const specification = faults === undefined ? undefined : specificationOf(faults)
  if (specification !== undefined) checkFaults(specification, { replicas, liars: byzantine ?? 0 })
  const roundTripsMs =
    latencyMatrix === undefined
      ? undefined
      : await ofOption('--latency-matrix', () => readLatencyMatrix(resolve(latencyMatrix)))
  if (roundTripsMs !== undefined && roundTripsMs.length < replicas) {
    throw commandFault(
      'usage',
      `${latencyMatrix} has ${roundTripsMs.length} hosts for --replicas ${replicas}; ` +
        'give fewer replicas or a larger matrix'
    )
  }
  const plan = {
    replicas,
    chaosMs: virtualMs,
    liars: byzantine,
    faults: specification,
    roundTripsMs
  }
  return { protocol, source: { type: 'plan', plan } }
}

function checkProtocol(protocol: string, protocols: readonly string[]): void {
  if (protocols.includes(protocol)) return
  const known = `known: ${protocols.join(', ')}`
  throw commandFault(
    'usage',
    `unknown protocol '${protocol}'${suggestion(protocol, protocols)}; ${known}`
  )
}

function checkCommittee(replicas: number, byzantine: number): void {
  const liarsMax = faultyWeight(replicas)
  if (byzantine <= liarsMax) return
  throw commandFault(
    'usage',
    `option '--byzantine ${byzantine}': of ${countOf(replicas, 'replica')} at most ${liarsMax} may lie; ` +
      `give --replicas ${3 * byzantine + 1} or more`
  )
}

/** Of a longer run no file could be read again. */
function checkVirtual(virtualMs: number): void {
  const { virtualMsMax } = scenarioBounds
  if (virtualMs <= virtualMsMax) return
  const hours = (ms: number) => `${Number((ms / 3_600_000).toFixed(3))}h`
  throw commandFault(
    'usage',
    `option '--virtual ${hours(virtualMs)}': allowed are at most ${hours(virtualMsMax)}`
  )
}

function specificationOf(text: string): FaultSpecification {
  const specification = parseFaultSpecification(text, faultKinds)
  if (!('code' in specification)) return specification
  const names = faultKinds.map(({ name }) => name)
  switch (specification.code) {
    case 'fault-unknown': {
      const { name } = specification
      const allowed = `allowed: all, none, ${names.join(', ')}`
      throw wrongFaults(`'${name}' is no fault${suggestion(name, names)}; ${allowed}`)
    }
    case 'fault-value':
      throw wrongFaults(`'${specification.item}'; allowed: ${specification.allowed}`)
    case 'specification-empty':
      throw wrongFaults(
        `'${text}' has an empty name; give names with commas, such as crash,loss=5%`
      )
  }
}

/** What is asked for is there or refused: a run that leaves it out would pass for the wrong reason. */
function checkFaults(specification: FaultSpecification, committee: CommitteePlan): void {
  const refused = refuseFaults(specification, committee)
  if (refused === undefined) return
  const { replicasMin } = refused
  const remedy = `give --replicas ${replicasMin} or more`
  if (refused.code === 'too-few-members') {
    const members = countOf(committee.replicas, 'replica')
    throw wrongFaults(`'${refused.name}' strikes nobody among ${members}; ${remedy}`)
  }
  const { faultyMax, causes } = refused
  const liars = committee.liars === 0 ? [] : [`--byzantine ${committee.liars}`]
  const named = [...liars, ...causes.map(names => names.join(' and '))].join(', ')
  const bound = `of ${countOf(committee.replicas, 'replica')} ${faultyMax === 0 ? 'none' : faultyMax} may be faulty`
  const asked = `${named} ${asksFor(committee.liars + causes.length)}`
  throw wrongFaults(`${bound}: ${asked}; ${remedy}, or ask for less`)
}

function asksFor(count: number): string {
  return count === 1 ? 'makes one so' : `make ${count} so`
}

function wrongFaults(problem: string): Error {
  return commandFault('usage', `option '--faults <spec>': ${problem}`)
}

/** A file that cannot be used is a wrong command line: exit code 1 is for runs that did not pass. */
async function ofOption<T>(option: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'failed') throw error
    const { message } = error.facts as unknown as CommandFacts
    throw commandFault('usage', `option '${option} <file>': ${message}`, error)
  }
}

/** A file of `--write-failures`, or a scenario alone. */
async function readScenario(path: string): Promise<Scenario> {
  const bytes = await readWholeFile(path, scenarioBytesMax, 'in a scenario')
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw commandFault('failed', `${path} is not JSON (${(error as Error).message})`)
  }
  try {
    return scenarioOfJson(unwrapped(json))
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'scenario-malformed') throw error
    const { at, value, allowed, remedy } = error.facts as unknown as ScenarioFacts
    const problem = `${at} is ${value}; allowed: ${allowed}; ${remedy}`
    throw commandFault('failed', `${path}: ${problem}`, error)
  }
}

function unwrapped(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'scenario' in json ? json.scenario : json
}
