import { AssertionError } from '@novacron/base'
import {
  checkBullsharkOptions,
  checkMempoolOptions,
  defaultBullsharkOptions,
  defaultMempoolOptions
} from '@novacron/consensus'
import { checkReplicaOptions, defaultReplicaOptions } from '@novacron/replica'
import { checkLoadOptions } from './load.ts'
import { checkDelay } from './network/delay.ts'
import { checkNetworkOptions } from './network/network.ts'
import { checkScenario, type Scenario } from './scenario.ts'

/** Which part of a scenario is out of its bounds, and which bound that is. */
export interface ScenarioFault {
  readonly at: string
  readonly bound: string
}

/**
 * Why nothing can be run of this scenario; undefined when something can. The checks are for our own mistakes, and stop a run;
 * here the numbers come from outside, or from trying.
 */
export function faultOfScenario(scenario: Scenario): ScenarioFault | undefined {
  const { network, load, readDelay, flushDelay, bullshark, mempool, replica } = scenario
  const checks: readonly (readonly [string, () => void])[] = [
    ['scenario', () => checkScenario(scenario)],
    ['network', () => checkNetworkOptions(network)],
    ['load', () => checkLoadOptions(load)],
    ['readDelay', () => checkDelay(readDelay)],
    ['flushDelay', () => checkDelay(flushDelay)],
    ['bullshark', () => checkBullsharkOptions({ ...defaultBullsharkOptions, ...bullshark })],
    ['mempool', () => checkMempoolOptions({ ...defaultMempoolOptions, ...mempool })],
    ['replica', () => checkReplicaOptions({ ...defaultReplicaOptions, ...replica })]
  ]
  for (const [at, check] of checks) {
    try {
      check()
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error
      return { at, bound: error.message }
    }
  }
  return undefined
}
