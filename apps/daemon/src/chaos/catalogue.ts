import type { Scenario } from './scenario.ts'
import { partitionScenarios } from './scenarios/partition.ts'
import { processScenarios } from './scenarios/process.ts'

/** Everything that can be done to a network, in the order in which `all` does it. */
export const catalogue: readonly Scenario[] = [...processScenarios, ...partitionScenarios]
