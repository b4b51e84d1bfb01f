import {
  bullsharkModes,
  inMode,
  planScenario,
  type Scenario,
  type SimulationPlan
} from '@novacron/simulator'

/** What all runs of one command have in common; plain data, so that it can be sent to workers. */
export interface Campaign {
  readonly protocol: string
  readonly source:
    | { readonly type: 'plan'; readonly plan: SimulationPlan }
    /** From a file: its seed is its own. */
    | { readonly type: 'scenario'; readonly scenario: Scenario }
}

export function scenarioOf({ protocol, source }: Campaign, seed: number): Scenario {
  const scenario = source.type === 'plan' ? planScenario(source.plan, seed) : source.scenario
  const mode = bullsharkModes.find(name => name === protocol)
  return mode === undefined ? scenario : inMode(scenario, mode)
}
